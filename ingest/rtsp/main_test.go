package rtsp

import (
	"testing"

	"qianshao/ingest/rtsp/rtsptest/camtest"
)

func TestMain(m *testing.M) { camtest.Main(m) }
