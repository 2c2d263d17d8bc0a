package ingest

import (
	"sync"

	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// causes keeps the cause intervals of one stream: at most one is open, from the
// end of the last footage until footage is placed again.
type causes struct {
	stream media.StreamID
	note   func(*acts.Act)
	now    func() timeline.Micros

	mu    sync.Mutex
	open  *acts.Act // guarded by mu
	guess bool      // open was begun before anything was tried; guarded by mu
}

// hole begins a hole at a moment, or goes on with the open one under another
// cause. The cause found first replaces the guess made before anything was
// tried; later ones hold from now on.
func (c *causes) hole(from timeline.Micros, cause timeline.Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := from
	if c.open != nil {
		if c.open.Cause == cause {
			c.guess = false
			return
		}
		start = c.now()
		if c.guess {
			start = c.open.Span.From
		}
		c.close(c.now())
	}
	c.guess = false
	c.begin(start, cause)
}

// waiting begins a hole of which nothing is known yet: the camera has not been
// reached.
func (c *causes) waiting(from timeline.Micros) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.guess = true
		c.begin(from, timeline.CameraOffline)
	}
}

// resume ends a pause: what there is not from now on is the camera's business again.
func (c *causes) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil && c.open.Cause == timeline.Paused {
		now := c.now()
		c.close(now)
		c.guess = true
		c.begin(now, timeline.CameraOffline)
	}
}

// begin opens an interval. mu is held.
func (c *causes) begin(from timeline.Micros, cause timeline.Cause) {
	c.open = &acts.Act{
		ID: acts.NewID(), Kind: acts.Reason, Stream: c.stream, Cause: cause, Source: "ingest",
		Span: timeline.Span{From: from, To: timeline.Forever}, At: c.now(),
	}
	c.note(c.open)
}

// footage ends the hole: footage is there from start on.
func (c *causes) footage(start timeline.Micros) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.close(start)
		c.open = nil
	}
}

// close writes the end of the open interval. mu is held.
func (c *causes) close(at timeline.Micros) {
	from := c.open.Span.From
	c.note(&acts.Act{
		ID: acts.NewID(), Kind: acts.Reason, Of: c.open.ID, Stream: c.stream, Cause: c.open.Cause, Source: "ingest",
		Span: timeline.Span{From: from, To: max(at, from+1)}, At: c.now(),
	})
}

// lost records a hole whose both ends are known.
func (c *causes) lost(span timeline.Span, cause timeline.Cause) {
	c.note(&acts.Act{
		ID: acts.NewID(), Kind: acts.Reason, Stream: c.stream, Cause: cause, Source: "ingest", Span: span, At: c.now(),
	})
}
