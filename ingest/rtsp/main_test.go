package rtsp

import (
	"testing"

	"qianshao/ingest/rtsp/rtsptest/clocktest"
)

func TestMain(m *testing.M) { clocktest.Main(m) }
