package ingest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/ingest/recorder"
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

	mu     sync.Mutex
	want   *spec         // nil: stop; guarded by mu
	change chan struct{} // one pending change
	state  registry.State
	tracks []*media.Track // announced in this session; guarded by mu
	last   recorder.Stats // at the figures before; guarded by mu
	lastAt time.Time      // guarded by mu
}

func (s *slot) set(want *spec) {
	s.mu.Lock()
	same := s.want != nil && want != nil && s.want.same(*want)
	s.want = want
	s.mu.Unlock()
	if !same {
		select {
		case s.change <- struct{}{}:
		default:
		}
	}
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
		select {
		case <-s.change: // set before the loop, or since
		default:
		}
		s.mu.Lock()
		want := s.want
		s.mu.Unlock()
		if want == nil {
			s.phaseGone()
			return
		}
		working, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { (&worker{slot: s, spec: *want}).run(working) })
		select {
		case <-s.change:
		case <-ctx.Done():
		}
		stop()
		wg.Wait()
		if ctx.Err() != nil {
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
	s.state.LastError = ""
	if err != nil {
		s.state.LastError = err.Error()
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
	s.state.LostPackets, s.state.Reconnects = s.lost.Load(), s.reconnects.Load()
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
