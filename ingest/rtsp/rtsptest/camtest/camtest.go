// Package camtest runs simulated cameras for the length of a test.
package camtest

import (
	"context"
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
)

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
