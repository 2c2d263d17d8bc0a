package rtsptest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// camera is one simulated camera: its name, its faults and what it has sent.
type camera struct {
	n       int // 1-based
	name    string
	phaseUS int64 // how much later than its time a frame leaves

	// mu guards what follows. No other lock is taken under it.
	mu       sync.Mutex
	windows  []*window // faults that are not over, or linger
	perPlay  []Fault   // faults that come with every session
	dealt    uint64    // sessions that got a source of chance
	conns    map[*conn]struct{}
	sessions []*Session
	sent     ranges        // main stream
	moved    chan struct{} // closed when sent grows; nil when nobody waits
}

func cameraName(n int) string { return fmt.Sprintf("cam%04d", n) }

// Session is what one session of a camera has sent, a copy.
type Session struct {
	Sub       bool   // of the sub-stream
	Transport string // tcp, udp, tls
	FromUS    int64  // unix µs of the first PLAY
	ToUS      int64  // of the end; 0 while it lasts
	Sent      []Range
	Packets   uint64 // RTP, both tracks
	Bytes     uint64 // of RTP payload

	sent ranges
}

// resolve finds the camera and stream of a request's path; track is the number
// behind trackID=, or -1.
func (s *Server) resolve(path string) (c *camera, sub bool, track int, ok bool) {
	track = -1
	rest, found := strings.CutPrefix(path, "/cam")
	if !found {
		return nil, false, 0, false
	}
	digits, rest, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > len(s.cameras) || "cam"+digits != cameraName(n) {
		return nil, false, 0, false
	}
	if rest == "sub" || strings.HasPrefix(rest, "sub/") {
		sub, rest = true, strings.TrimPrefix(strings.TrimPrefix(rest, "sub"), "/")
	}
	if id, found := strings.CutPrefix(rest, "trackID="); found {
		if track, err = strconv.Atoi(id); err != nil || track < 0 {
			return nil, false, 0, false
		}
		rest = ""
	}
	if rest != "" || (sub && s.cfg.NoSub) {
		return nil, false, 0, false
	}
	return s.cameras[n-1], sub, track, true
}

// effects returns what the camera's faults do to the session (nil: to a
// connection without one) at the time us.
func (c *camera) effects(sess *session, us int64) effects {
	var e effects
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.windows {
		if us >= w.from && us < w.to && (w.only == nil || w.only == sess) {
			e.add(w)
		}
	}
	return e
}

// wrote notes frames that were written whole.
func (c *camera) wrote(log *Session, numbers []uint64, packets, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	log.Packets += uint64(packets)
	log.Bytes += uint64(bytes)
	for _, n := range numbers {
		log.sent.add(n)
		if !log.Sub {
			c.sent.add(n)
		}
	}
	if c.moved != nil && len(numbers) > 0 {
		close(c.moved)
		c.moved = nil
	}
}

// lose notes a frame that lacks packets.
func (c *camera) lose(w *window, number uint64, packets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.dropped += packets
	if n := len(w.lost); n == 0 || w.lost[n-1] != number {
		w.lost = append(w.lost, number)
	}
}

func (c *camera) sentAll() []Range {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent.clone()
}

// Sent returns the numbers of the main stream's frames that the camera (1-based)
// wrote whole to any session. Written is not received: what a TCP connection
// held when it was reset, and UDP packets, may be lost on the way.
func (s *Server) Sent(cam int) []Range { return s.cameras[cam-1].sentAll() }

// Sessions returns what each session of the camera (1-based) has sent, oldest
// first.
func (s *Server) Sessions(cam int) []Session {
	c := s.cameras[cam-1]
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Session, len(c.sessions))
	for i, l := range c.sessions {
		out[i] = *l
		out[i].Sent, out[i].sent = l.sent.clone(), nil
	}
	return out
}

// WaitSent blocks until the camera (1-based) has sent a main-stream frame whose
// number is at least n.
func (s *Server) WaitSent(ctx context.Context, cam int, n uint64) error {
	c := s.cameras[cam-1]
	for {
		c.mu.Lock()
		if k := len(c.sent); k > 0 && c.sent[k-1].Last >= n {
			c.mu.Unlock()
			return nil
		}
		if c.moved == nil {
			c.moved = make(chan struct{})
		}
		moved := c.moved
		c.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
