package ingest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/ingest/recorder"
	"qianshao/ingest/rtsp"
	"qianshao/registry"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// slot serves one stream: its recorder lives as long as the slot, its worker as
// long as a spec.
type slot struct {
	sup    *Supervisor
	stream media.StreamID
	rec    *recorder.Recorder
	topic  *live.Topic
	causes *causes
	log    *slog.Logger
	born   timeline.Micros // enrolled, in this run: nothing before is its business

	reconnects atomic.Int64
	lost       atomic.Int64
	repairs    repairs

	// Of the goroutine that reads: how many timestamps were not believed a second
	// ago.
	jumps uint64
	blind atomic.Int64 // until when (monotonic) arrival is all that tells the time

	mu     sync.Mutex
	want   *spec              // nil: stop; guarded by mu
	stop   context.CancelFunc // of the worker under the spec before; nil before the first; guarded by mu
	state  registry.State
	tracks []*media.Track // announced in this session; guarded by mu
	last   recorder.Stats // at the figures before; guarded by mu
	lastAt time.Time      // guarded by mu
}

// set changes what is wanted. The worker under another spec is told to end.
func (s *slot) set(want *spec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.want != nil && want != nil && s.want.same(*want)
	s.want = want
	if !same && s.stop != nil {
		s.stop()
	}
}

// next is what the next worker is to do, until its context is done; nil when the
// stream is no longer wanted.
func (s *slot) next(ctx context.Context) (working context.Context, want *spec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.want != nil {
		working, s.stop = context.WithCancel(ctx)
	}
	return working, s.want
}

// run runs workers, one after the other, until ctx is done or the stream is no
// longer wanted. What was recorded is sealed when it returns.
func (s *slot) run(ctx context.Context) {
	writing, stopWriting := context.WithCancel(context.Background())
	var written sync.WaitGroup
	written.Go(func() { _ = s.rec.Run(writing) }) // never fails: what cannot be kept is reported
	defer func() {
		stopWriting()
		written.Wait()
	}()
	for {
		working, want := s.next(ctx)
		if want == nil {
			s.phaseGone()
			return
		}
		if (&worker{slot: s, spec: *want}).run(working); ctx.Err() != nil {
			return
		}
	}
}

// lastEnd is where a hole that is noticed now began.
func (s *slot) lastEnd() timeline.Micros { return max(s.rec.LastEnd(), s.born) }

// placed is called by the recorder: footage is there from start on.
func (s *slot) placed(start timeline.Micros) {
	s.causes.footage(start)
	s.phase(registry.Streaming, "", nil)
}

// announce keeps what a track is, for the stream's state.
func (s *slot) announce(i int, t *media.Track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.tracks) <= i {
		s.tracks = append(s.tracks, nil)
	}
	s.tracks[i] = t
}

// phase publishes a change of state.
func (s *slot) phase(p registry.Phase, cause timeline.Cause, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == registry.Connecting && cause == "" && s.state.Cause != "" {
		return // the next attempt of a stream in trouble: it stays in trouble until footage comes
	}
	s.state.Phase, s.state.Cause = p, cause
	s.state.LastError, s.state.Why = "", ""
	if err != nil {
		s.state.LastError = err.Error()
	}
	if hidden := (*unreachable)(nil); errors.As(err, &hidden) {
		s.state.Why = hidden.why.Error()
	}
	if p != registry.Streaming {
		s.state.FPS, s.state.Bitrate = 0, 0
		if p != registry.Connecting || cause != "" {
			s.tracks = nil
		}
		// A silence begins at the last picture, not where it was noticed.
		s.state.Since = s.rec.LastEnd()
	} else {
		s.state.Since = 0
	}
	s.publish()
}

// repairs counts what was mended of a stream, by kind.
type repairs struct {
	mu    sync.Mutex
	count map[string]int64 // guarded by mu
}

func (r *repairs) add(kind rtsp.Repair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[string]int64{}
	}
	r.count[string(kind)]++
}

func (r *repairs) set(kind rtsp.Repair, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[string]int64{}
	}
	r.count[string(kind)] = n
}

// blindFor is how long a camera whose timestamps are not believed is read at
// once, whatever that costs: when its pictures arrive is all that is known.
const blindFor = time.Minute

// watchClock notices such a camera; called about once a second.
func (s *slot) watchClock(at time.Duration) {
	n := s.rec.Stats().Jumps
	if n > s.jumps+2 {
		s.blind.Store(int64(at + blindFor))
	}
	s.jumps = n
}

// urgent reports whether packets are to be read as they come.
func (s *slot) urgent() bool {
	if s.topic.Wanted() {
		return true
	}
	until := s.blind.Load()
	if until == 0 {
		return false
	}
	_, mono := s.sup.cfg.Wall.Source()
	return int64(mono) < until
}

// mended is what was mended so far, by kind; nil when nothing was.
func (s *slot) mended() map[string]int64 {
	if n := s.rec.Stats().Jumps; n > 0 {
		s.repairs.set(rtsp.RepairTimestamps, int64(n))
	}
	s.repairs.mu.Lock()
	defer s.repairs.mu.Unlock()
	return maps.Clone(s.repairs.count)
}

// phaseGone says that nobody works on the stream any more.
func (s *slot) phaseGone() { s.sup.cfg.Registry.ForgetState(s.stream) }

// publish hands the state to the registry. mu is held.
func (s *slot) publish() {
	s.state.Stream = s.stream
	s.sup.cfg.Registry.SetState(s.state)
}

// figures refreshes what changes all the time; called every few seconds.
func (s *slot) figures(now time.Time) {
	st := s.rec.Stats()
	reading := s.sup.cfg.Wall.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.want == nil {
		return
	}
	span := now.Sub(s.lastAt).Seconds()
	if !s.lastAt.IsZero() && span > 0 && s.state.Phase == registry.Streaming {
		s.state.FPS = float64(st.Frames-s.last.Frames) / span
		s.state.Bitrate = int64(float64(st.Bytes-s.last.Bytes) * 8 / span)
	}
	s.last, s.lastAt = st, now
	if st.LastAt > 0 {
		s.state.LastFrame = reading.Wall + timeline.Micros((st.LastAt - reading.Mono).Microseconds())
	}
	s.state.DurableUntil = st.DurableUntil
	s.state.LostPackets, s.state.Reconnects, s.state.Repairs = s.lost.Load(), s.reconnects.Load(), s.mended()
	if st.HasOffset {
		s.state.ClockKnown = true
		s.state.ClockOffset, s.state.ClockUncertainty = st.Offset.Micros, st.Offset.Uncertainty
	}
	var names []string
	for i, t := range s.tracks {
		if t == nil {
			continue
		}
		names = append(names, t.Codec.String())
		if i == 0 {
			s.state.Width, s.state.Height = t.Width, t.Height
		}
	}
	if len(names) > 0 {
		s.state.Codec = strings.Join(names, "+")
	}
	s.publish()
}
