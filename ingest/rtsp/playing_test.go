package rtsp

import (
	"bytes"
	"context"
	"runtime/pprof"
	"sync"
	"testing"
	"time"
)

// Once pictures come, one goroutine is left of a session, and none of the
// library's. Not parallel to other tests: it looks at all goroutines.
func TestLibraryLeaves(t *testing.T) {
	srv := start(t, small())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var pulling sync.WaitGroup
	s := &seen{stop: func() {}}
	first := make(chan struct{})
	began := time.Now()
	pulling.Go(func() {
		_ = Pull(ctx, Config{ // ended by us
			URL: srv.URL(1), Playing: func() { close(first) },
			Clock: func() time.Duration { return time.Since(began) },
		}, s)
	})
	<-first
	var all bytes.Buffer
	for range 100 {
		all.Reset()
		if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(all.Bytes(), []byte("gortsplib")) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if bytes.Contains(all.Bytes(), []byte("gortsplib")) {
		t.Errorf("the library is still there:\n%s", all.Bytes())
	}
	if n := bytes.Count(all.Bytes(), []byte("rtsp.(*attempt)")); n == 0 {
		t.Errorf("nobody reads:\n%s", all.Bytes())
	}
	time.Sleep(300 * time.Millisecond)
	cancel()
	pulling.Wait()
	if len(s.units) == 0 || s.units[0] == 0 {
		t.Error("no pictures without it")
	}
}

// said is a connection that only takes what is written.
type said struct {
	chunks
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

// The camera hears of us before its session ends, whatever it says of that, and
// in its session.
func TestKeepAliveInTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		session, public string
		longest         time.Duration // between two requests
		fewest          time.Duration
		method          string
	}{
		{"7;timeout=60", "OPTIONS, GET_PARAMETER", 48 * time.Second, 46 * time.Second, "GET_PARAMETER"},
		{"7", "PLAY", 48 * time.Second, 46 * time.Second, "OPTIONS"},
		{"7;timeout=10", "Get_Parameter", 8 * time.Second, 6 * time.Second, "GET_PARAMETER"},
		{"7;timeout=2", "", 1600 * time.Millisecond, 0, "OPTIONS"},
		{"7;timeout=1", "", 1600 * time.Millisecond, 0, "OPTIONS"},
		{"7;timeout=86400", "", 48 * time.Second, 46 * time.Second, "OPTIONS"},
	} {
		h := newHooks("", "", "rtsp://camera/live")
		for i, m := range []*message{
			{start: "OPTIONS * RTSP/1.0", header: []field{{"CSeq", "1"}}},
			{start: "PLAY * RTSP/1.0", header: []field{{"CSeq", "2"}}},
		} {
			if err := h.outgoing(m); err != nil {
				t.Fatal(err)
			}
			answer := &message{start: "RTSP/1.0 200 OK", header: []field{{"CSeq", m.get("CSeq")}, {"Public", c.public}}}
			if i == 1 {
				answer.set("Session", c.session)
			}
			if _, _, err := h.in(answer); err != nil {
				t.Fatal(err)
			}
		}
		conn := &said{}
		a := &attempt{hooks: h}
		a.taps = []*tap{newTap(conn, nil, a, h, stopped)}
		last := time.Second
		for at := last; at < 300*time.Second; at += drainEvery {
			conn.b.Reset()
			a.keepAlive(at)
			a.asking.Wait()
			if conn.b.Len() == 0 {
				continue
			}
			m, _, _ := parseMessage(conn.b.Bytes())
			if m == nil || m.get("Session") != "7" || !bytes.HasPrefix(conn.b.Bytes(), []byte(c.method+" ")) {
				t.Fatalf("%s, %s: asked %q", c.session, c.public, conn.b.Bytes())
			}
			if d := at - last; d > c.longest || d < c.fewest {
				t.Errorf("%s: asked after %s, want %s to %s", c.session, d, c.fewest, c.longest)
			}
			last = at
		}
		if 300*time.Second-last > c.longest+drainEvery {
			t.Errorf("%s: asked %s ago", c.session, 300*time.Second-last)
		}
	}
}
