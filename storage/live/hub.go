// Package live is a hub of access units: the recorder publishes what it has
// just received, the API subscribes. Nothing is copied while nobody listens.
//
// While somebody listens, and a little longer, a topic keeps the samples since
// the last key frame, so that everyone who joins begins there and at once; only
// the first listener waits for a key frame.
package live

import (
	"sync"
	"sync/atomic"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Sample is one access unit on a stream's live axis. All tracks of a Session
// share the axis: tick / timescale is the same moment on each.
type Sample struct {
	Session *Session
	Track   int             // index in Session.Tracks
	Tick    int64           // decode time, ticks of the track
	CTS     uint32          // presentation minus decode time, ticks
	Dur     uint32          // ticks
	Sync    media.Sync      // video only
	Wall    timeline.Micros // presentation, by the arrival clock
	Data    []byte          // shared between subscribers: not to be changed
}

// Session is a stretch of samples with one coding.
type Session struct {
	Tracks []media.Track // Tracks[0] is the video
}

// Hub holds a topic per stream. The zero value is ready.
type Hub struct {
	mu     sync.Mutex
	topics map[media.StreamID]*Topic // guarded by mu
}

// Topic returns the stream's topic, the same one at every call.
func (h *Hub) Topic(s media.StreamID) *Topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics == nil {
		h.topics = map[media.StreamID]*Topic{}
	}
	t := h.topics[s]
	if t == nil {
		t = &Topic{}
		h.topics[s] = t
	}
	return t
}

const (
	// linger is how long a topic goes on after its last listener left: whoever
	// reloads a page need not wait for a key frame.
	linger = 10 * time.Second
	// fresh is how old the last sample may be for the kept samples to count as
	// live.
	fresh = 3 * time.Second
	// The kept samples of one topic; a longer group of pictures is not kept.
	maxKept      = 2000
	maxKeptBytes = 16 << 20
)

// Topic is one stream's feed.
type Topic struct {
	wanted atomic.Bool

	mu     sync.Mutex
	subs   map[*Subscription]struct{} // guarded by mu
	kept   []Sample                   // since the last key frame; guarded by mu
	bytes  int                        // of kept; guarded by mu
	lastAt time.Time                  // of the last Publish; guarded by mu
	idleAt time.Time                  // when the last listener left; guarded by mu
}

// Wanted reports whether anybody listens. It costs one atomic load, so the
// recorder asks for every unit.
func (t *Topic) Wanted() bool { return t.wanted.Load() }

// Publish hands a sample to every subscriber. It never blocks: a subscriber
// whose buffer is full is cut off, for a viewer that far behind is better
// served by starting anew.
func (t *Topic) Publish(s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastAt = time.Now()
	if len(t.subs) == 0 && t.lastAt.Sub(t.idleAt) > linger {
		t.wanted.Store(false)
		t.kept, t.bytes = nil, 0
		return
	}
	t.keep(s)
	for sub := range t.subs {
		select {
		case sub.c <- s:
		default:
			t.remove(sub)
		}
	}
}

// keep holds on to the samples of the present group of pictures. mu is held.
func (t *Topic) keep(s Sample) {
	if s.Track == 0 && s.Sync != media.NoSync {
		clear(t.kept)
		t.kept, t.bytes = t.kept[:0], 0
	} else if len(t.kept) == 0 {
		return // the group's key frame was not seen, or the group is too long
	}
	if len(t.kept) > 0 && t.kept[0].Session != s.Session || len(t.kept) == maxKept || t.bytes+len(s.Data) > maxKeptBytes {
		clear(t.kept)
		t.kept, t.bytes = t.kept[:0], 0
		return
	}
	t.kept = append(t.kept, s)
	t.bytes += len(s.Data)
}

// Forget drops the samples that are kept for who joins.
func (t *Topic) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept, t.bytes = nil, 0
}

// remove ends a subscription. mu is held.
func (t *Topic) remove(sub *Subscription) {
	if _, ok := t.subs[sub]; ok {
		delete(t.subs, sub)
		if len(t.subs) == 0 {
			t.idleAt = time.Now()
		}
		close(sub.c)
	}
}

// Subscription is one listener. C is closed when it was cut off or closed.
type Subscription struct {
	// Kept are the samples since the last key frame that came before those of C;
	// empty for the first listener, who waits for a key frame on C.
	Kept []Sample
	C    <-chan Sample
	c    chan Sample
	t    *Topic
}

// Subscribe starts listening with room for buffer samples.
func (t *Topic) Subscribe(buffer int) *Subscription {
	c := make(chan Sample, buffer)
	sub := &Subscription{C: c, c: c, t: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs == nil {
		t.subs = map[*Subscription]struct{}{}
	}
	t.subs[sub] = struct{}{}
	t.wanted.Store(true)
	if time.Since(t.lastAt) < fresh {
		sub.Kept = append(sub.Kept, t.kept...)
	}
	return sub
}

// Close stops listening. It may be called twice.
func (s *Subscription) Close() {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.t.remove(s)
}
