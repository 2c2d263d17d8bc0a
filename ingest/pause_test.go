package ingest

import (
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// A household's pause ends the connection when it begins, is the cause of its hole and of
// nothing else, and ends by itself; another camera is not touched. So does suspending.
func TestPause(t *testing.T) {
	t.Parallel()
	srv := cameras(t, rtsptest.Config{Cameras: 2, NoSub: true})
	s := newStation(t, t.TempDir(), 1)
	paused, other := s.add(draft("A", srv.URL(1))), s.add(draft("B", srv.URL(2)))
	main := paused.Stream(0)
	for _, id := range []media.CameraID{paused, other} {
		s.until("recording", func() bool { return s.recorded(id.Stream(0)) > timeline.Second })
	}
	const long = 4 * timeline.Second
	from := s.wall.Now().Wall + timeline.Second // it begins by itself
	p, err := s.reg.AddPause(t.Context(), registry.Pause{Camera: paused, Span: timeline.Span{From: from, To: from + long}, By: registry.By{Actor: "household"}})
	s.check(err)
	s.until("the pull to stop", func() bool { return srv.Sessions(1)[0].ToUS > 0 })
	s.until("the state", func() bool {
		st := s.reg.State(main)
		return st.Phase == registry.PausedNow && st.Cause == timeline.Paused
	})
	s.until("recording after it", func() bool {
		covered, _ := s.timeline(main)
		return len(covered) > 0 && covered[len(covered)-1].To > p.Span.To+2*timeline.Second
	})
	_, gaps := s.timeline(main)
	const off = clocktest.Slow * timeline.Second
	var hole timeline.Micros
	for _, g := range gaps {
		switch {
		case g.Cause == timeline.Paused:
			hole += g.Len()
			if g.From < from-off || g.To > p.Span.To+off {
				t.Errorf("paused from %s to %s, wanted %s to %s", g.From, g.To, from, p.Span.To)
			}
		case g.Cause != timeline.CameraOffline:
			t.Errorf("a gap of %s: %s to %s; all: %+v", g.Cause, g.From, g.To, gaps)
		case g.From < p.Span.To-off && g.To > from+off:
			t.Errorf("in the pause the camera is said to be offline: %s to %s", g.From, g.To)
		}
	}
	if hole < long-off {
		t.Errorf("paused for %d µs, gaps %+v", hole, gaps)
	}

	// Until it is ended; then suspended and back.
	p, err = s.reg.AddPause(t.Context(), registry.Pause{Camera: paused, Span: timeline.Span{To: timeline.Forever}})
	s.check(err)
	s.until("the second pause", func() bool { return s.reg.State(main).Phase == registry.PausedNow })
	s.check(s.reg.EndPause(t.Context(), paused, p.ID))
	s.until("its end", func() bool { return s.reg.State(main).Phase == registry.Streaming })
	sessions := len(srv.Sessions(1))
	for _, to := range []registry.Lifecycle{registry.Suspended, registry.Active} {
		_, err := s.reg.Move(t.Context(), to, registry.By{Actor: "clerk"}, paused)
		s.check(err)
		if to == registry.Suspended {
			s.until("the suspended camera to be let go", func() bool { return srv.Sessions(1)[sessions-1].ToUS > 0 })
		}
	}
	s.until("recording again", func() bool { return s.reg.State(main).Phase == registry.Streaming })
	s.stop()
	if n := len(srv.Sessions(2)); n != 1 {
		t.Errorf("%d sessions with the camera that nobody touched", n)
	}
	s.wantAll(main, srv, 1)
	s.wantAll(other.Stream(0), srv, 2)
}
