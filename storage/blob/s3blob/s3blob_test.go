package s3blob_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/blobtest/s3server"
	"qianshao/storage/blob/s3blob"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// config is that of a server, with waits short enough for tests.
func config(s *s3server.Server) s3blob.Config {
	return s3blob.Config{
		Endpoint: s.Endpoint, Bucket: s.Bucket, AccessKey: s.AccessKey, SecretKey: s3blob.Secret(s.SecretKey),
		PathStyle: true, Backoff: time.Millisecond, BackoffMax: 20 * time.Millisecond,
	}
}

func open(t testing.TB, cfg s3blob.Config) *s3blob.Store {
	t.Helper()
	s, err := s3blob.New(cfg)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

// Every test has a folder of one bucket to itself, so prefixes are tested too.
func TestContract(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var n atomic.Int32
	blobtest.Run(t, func(t *testing.T) blob.Store {
		cfg := config(server)
		cfg.Prefix = fmt.Sprintf("site/%d", n.Add(1))
		return open(t, cfg)
	})
}

// A whole bucket is a store as well.
func TestWithoutPrefix(t *testing.T) {
	t.Parallel()
	s := open(t, config(s3server.Start(t)))
	blobtest.Put(t, s, "v1/a", []byte("1"))
	blobtest.Put(t, s, "v1/b", []byte("2"))
	if got := blobtest.Keys(t, s, "", ""); len(got) != 2 || got[0] != "v1/a" {
		t.Errorf("listed %q", got)
	}
	i, err := s.Head(t.Context(), "v1/a")
	check(t, err)
	if i.SHA256 != blob.Bytes([]byte("1")).SHA256 {
		t.Error("the checksum does not come back")
	}
}
