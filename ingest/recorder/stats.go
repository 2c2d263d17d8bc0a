package recorder

import (
	"sync"
	"sync/atomic"
	"time"

	"qianshao/ingest/timesync"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// stats are the figures of a stream, written on the hot path.
type stats struct {
	frames  atomic.Uint64
	bytes   atomic.Uint64
	skipped atomic.Uint64
	jumps   atomic.Uint64
	lastAt  atomic.Int64 // arrival of the last picture, monotonic ns
	until   atomic.Int64 // durable until, µs

	mu     sync.Mutex
	offset timesync.Offset // guarded by mu
	hasOff bool            // guarded by mu
}

func (s *stats) frame(u media.Unit) {
	s.frames.Add(1)
	s.bytes.Add(uint64(u.Len))
	s.lastAt.Store(int64(u.At))
}

func (s *stats) durable(t timeline.Micros) { s.until.Store(int64(t)) }

func (s *stats) setOffset(o timesync.Offset) {
	s.mu.Lock()
	s.offset, s.hasOff = o, true
	s.mu.Unlock()
}

// Stats is a look at a recorder's counters.
type Stats struct {
	Frames       uint64 // pictures taken
	Bytes        uint64 // of pictures
	Skipped      uint64 // pictures before the first key frame
	Jumps        uint64 // timestamps that were not believed
	LastAt       time.Duration
	DurableUntil timeline.Micros // end of the last durable fragment, 0 if none
	Offset       timesync.Offset
	HasOffset    bool
}

// Stats may be called at any time by any goroutine.
func (r *Recorder) Stats() Stats {
	s := &r.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Frames: s.frames.Load(), Bytes: s.bytes.Load(), Skipped: s.skipped.Load(), Jumps: s.jumps.Load(),
		LastAt: time.Duration(s.lastAt.Load()), DurableUntil: timeline.Micros(s.until.Load()),
		Offset: s.offset, HasOffset: s.hasOff,
	}
}
