// Package camtest runs simulated cameras for the length of a test.
package camtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"qianshao/ingest/rtsp/rtsptest"
)

// Main runs a package's tests, more of them at once than there are processors:
// they wait for cameras. It fails when goroutines are left.
func Main(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	goleak.VerifyTestMain(m)
}

// Start runs cameras until the test, and what it cleans up, has ended.
func Start(t testing.TB, cfg rtsptest.Config) *rtsptest.Server {
	t.Helper()
	if err := rtsptest.Prepare(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	srv, err := rtsptest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return srv
}
