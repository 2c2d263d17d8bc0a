package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"qianshao/api"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// A client that stops reading is cut off, and holds nothing any longer; one that
// reads slowly but surely gets it all, however long that takes.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	const patience = 500 * time.Millisecond
	s := newSite(t, func(cfg *api.Config) { cfg.Slowest = patience })
	id := s.camera("local", "GATE", 104.9, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.record(id, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 300)}}})
	server, serving := s.smallBuffers()
	window := span(begin, begin+300*timeline.Second)
	for name, path := range map[string]string{
		"files":  "/api/v1/cameras/GATE/clip.mp4?" + window,
		"memory": "/openapi.json",
	} {
		// It reads the head, and no more.
		conn, resp := readHead(t, server, path, "")
		err := waitFor(t.Context(), func() bool { return serving.Load() == 0 })
		if err != nil {
			t.Errorf("%s: still served", name)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err == nil && n == resp.ContentLength {
			t.Fatalf("%s: all %d bytes fit into the buffers: the test shows nothing", name, n)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}

	// Half a megabyte may take its time, again and again.
	answer, whole := s.get("/api/v1/cameras/GATE/clip.mp4?" + window)
	if answer.StatusCode != http.StatusOK || len(whole) < 2<<20 {
		t.Fatalf("%s, %d bytes", answer.Status, len(whole))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/cameras/GATE/clip.mp4?"+window, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	began, got := time.Now(), 0
	for buf := make([]byte, 128<<10); ; time.Sleep(patience / 8) {
		n, err := io.ReadFull(resp.Body, buf)
		if got += n; err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			break
		}
	}
	if got != len(whole) || time.Since(began) < patience {
		t.Errorf("%d of %d bytes in %s", got, len(whole), time.Since(began))
	}
}

// smallBuffers serves the site over connections that take little at once, and
// counts the requests under way.
func (s *site) smallBuffers() (*httptest.Server, *atomic.Int64) {
	serving := &atomic.Int64{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Add(-1)
		s.handler.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
			if err := tcp.SetWriteBuffer(4 << 10); err != nil {
				s.t.Error(err)
			}
		}
	}
	server.Start()
	s.t.Cleanup(server.Close)
	return server, serving
}

// readHead asks for something, with further header lines, and reads no more than
// the head of the answer.
func readHead(t *testing.T, server *httptest.Server, path, lines string) (net.Conn, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", path, lines); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", path, resp, err)
	}
	return conn, resp
}

// waitFor waits until something is so, 10 s at most.
func waitFor(ctx context.Context, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
