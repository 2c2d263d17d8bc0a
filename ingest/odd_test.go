package ingest

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// An oddCase is one misbehaviour and what comes of it. Unless it says otherwise
// every frame that the camera sent is recorded once, byte by byte, decodes, and
// lies within 250 ms of when it was taken; frames that the camera damaged are
// left out whole.
type oddCase struct {
	name string
	cam  odd.Camera
	with func(d *registry.Draft, cam *odd.Running) // how it is enrolled

	film  time.Duration // how much is filmed; default 2 s
	after int           // sessions that are needed, default 1
	// mends is a repair that must be counted in the camera's record.
	mends string
	// fails with this cause and words in place of recording.
	cause timeline.Cause
	says  string
	// rough: decoders complain of what the camera sends.
	rough bool
	// arrival: the camera's timestamps say nothing. A frame lies right anywhere
	// between when it was taken and 250 ms after it left the camera.
	arrival bool
	// audio is the codec of a sound track that is recorded, too.
	audio string
	// check looks at more.
	check func(t *testing.T, o *oddOutcome)
}

// oddOutcome is what came of a case.
type oddOutcome struct {
	cam     *odd.Running
	state   registry.State // before the end
	repairs map[string]int64
	frames  []audit.Frame
	gaps    []timeline.Gap
	partial int      // pictures without a stamp: parts of one
	paths   []string // of the segments
	// video and sound are how much of them is recorded.
	video, sound time.Duration
	off          []time.Duration // of every frame: recorded time minus true time
}

func testOdd(t *testing.T, cases []oddCase) {
	t.Helper()
	t.Parallel()
	every := 1
	if testing.Short() {
		every = 4 // the race detector finds nothing more in the others
	}
	for i := 0; i < len(cases); i += every {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func (c *oddCase) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cam, err := odd.Start(ctx, c.cam)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cam.Wait()
		if t.Failed() {
			lines := cam.Dialogue()
			t.Logf("dialogue:\n%s", strings.Join(lines[:min(len(lines), 30)], "\n"))
		}
	})
	s := newStation(t, t.TempDir(), 1)
	d := draft("A", cam.URL())
	if c.with != nil {
		c.with(&d, cam)
	}
	id := s.add(d).Stream(0)
	if c.cause != "" {
		s.until("the error", func() bool { return s.reg.State(id).LastError != "" })
		if st := s.reg.State(id); st.Cause != c.cause || !strings.Contains(st.LastError, c.says) {
			t.Errorf("%+v, want cause %s and %q", st, c.cause, c.says)
		}
		return
	}
	long := c.film
	if long == 0 {
		long = 2 * time.Second
	}
	s.until("the film", func() bool {
		shots := cam.Shots()
		n := len(shots)
		if n == 0 || shots[n-1].Session < c.after {
			return false
		}
		first := slices.IndexFunc(shots, func(x odd.Shot) bool { return x.Session >= c.after })
		return time.Duration(shots[n-1].TimeUS-shots[first].TimeUS)*time.Microsecond >= long
	})
	cam.Stop()
	s.settle(cam, id)
	o := &oddOutcome{cam: cam, state: s.reg.State(id), repairs: s.slot(id).mended()}
	_, o.gaps = s.timeline(id)
	s.stop()
	o.read(t, s, id)
	c.judge(t, o)
}

// settle waits until nothing more comes of a stream whose camera was stopped.
func (s *station) settle(cam *odd.Running, id media.StreamID) {
	s.until("the end of the film", cam.Finished)
	last, since := uint64(0), time.Now()
	s.until("the last frame", func() bool {
		if now := s.slot(id).rec.Stats().Frames; now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 700*time.Millisecond
	})
}

// slot is who records a stream; a camera that was just added gets it in a moment.
func (s *station) slot(id media.StreamID) (sl *slot) {
	s.t.Helper()
	s.until("a recorder", func() bool {
		s.sup.mu.Lock()
		defer s.sup.mu.Unlock()
		sl = s.sup.slots[id]
		return sl != nil
	})
	return sl
}

// read takes the frames out of the sealed files: what ffprobe says they hold,
// and where the feet place them.
func (o *oddOutcome) read(t *testing.T, s *station, id media.StreamID) {
	t.Helper()
	for _, v := range s.archive.Spool.List() {
		if v.Key.Stream != id {
			continue
		}
		path := filepath.Join(s.dir, "spool", v.Key.File())
		got, err := audit.Stored(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		o.paths = append(o.paths, path)
		head, foot := s.foot(v)
		for i, samples := range foot.Samples {
			sum := uint64(0)
			for _, d := range samples.Durs {
				sum += uint64(d)
			}
			long := time.Duration(sum*1_000_000/uint64(head.Tracks[i].Timescale)) * time.Microsecond
			if i == 0 {
				o.video += long
			} else {
				o.sound += long
			}
		}
		for _, f := range got {
			if !f.Stamped {
				o.partial++
				continue
			}
			wall := head.Maps[0].Wall(f.Ticks, head.Tracks[0].Timescale)
			o.off = append(o.off, time.Duration(int64(wall)-f.TimeUS)*time.Microsecond)
			o.frames = append(o.frames, f)
		}
	}
}

// foot reads the head and the foot of a sealed segment.
func (s *station) foot(v spool.Sealed) (*segment.Head, *segment.Foot) {
	s.t.Helper()
	f, err := s.archive.Spool.OpenSealed(v.Key)
	s.check(err)
	h, _, err := segment.ReadHead(f, v.Bytes)
	s.check(err)
	foot := &segment.Foot{}
	s.check(segment.ReadFoot(f, v.Bytes, v.FootBytes, foot))
	s.check(f.Close())
	return h, foot
}

// forgive takes from the error of a frame that lies late what the camera took to
// send it.
func (o *oddOutcome) forgive(shots []odd.Shot) {
	after := map[int64]time.Duration{}
	for _, s := range shots {
		after[s.TimeUS] = s.After
	}
	for i := range o.off {
		o.off[i] -= max(min(after[o.frames[i].TimeUS], o.off[i]), 0)
	}
}

// judge compares what was recorded with what was sent.
func (c *oddCase) judge(t *testing.T, o *oddOutcome) {
	t.Helper()
	have := map[int64]audit.Frame{}
	for _, f := range o.frames {
		if _, twice := have[f.TimeUS]; twice {
			t.Errorf("the frame of %d is recorded twice", f.TimeUS)
		}
		have[f.TimeUS] = f
	}
	sent, missing, partial := 0, 0, 0
	shots := o.cam.Shots()
	if c.arrival {
		o.forgive(shots)
	}
	for i, shot := range shots {
		f, ok := have[shot.TimeUS]
		delete(have, shot.TimeUS)
		switch {
		case shot.Maybe:
		case shot.Lost && ok:
			partial++
		case !shot.Lost && !ok:
			missing++
			if missing < 4 {
				t.Logf("missing number %d of %d: %+v", i, len(shots), shot)
			}
		case ok && f.Slices != shot.Slices:
			t.Errorf("the frame of %d is not what was sent", shot.TimeUS)
		}
		if !shot.Lost && !shot.Maybe {
			sent++
		}
	}
	partial += o.partial
	if missing > 0 || partial > 0 || len(have) > 0 {
		t.Errorf("of %d frames %d are missing; %d damaged ones and %d nobody sent are recorded", sent, missing, partial, len(have))
	}
	if sent < 20 {
		t.Errorf("only %d frames were sent", sent)
	}
	var abs []time.Duration
	for _, d := range o.off {
		abs = append(abs, d.Abs())
	}
	slices.Sort(abs)
	if n := len(abs); n > 0 && abs[min(n-1, n*99/100)] > clocktest.Slow*250*time.Millisecond {
		t.Errorf("frames lie wrong by up to %s, p99 %s, median %s", abs[n-1], abs[min(n-1, n*99/100)], abs[n/2])
	}
	if !c.rough && !slices.ContainsFunc(shots, func(s odd.Shot) bool { return s.Lost || s.Maybe }) {
		for _, path := range o.paths { // nothing is missing: nothing to complain about
			if out, err := audit.Decode(t.Context(), path); err != nil || out != "" {
				t.Errorf("ffmpeg says %q, %v", out, err)
			}
		}
	}
	for _, g := range o.gaps {
		if g.Cause == timeline.Unknown {
			t.Errorf("a gap nobody explains: %+v", g)
		}
	}
	if c.audio != "" && !strings.Contains(o.state.Codec, c.audio) {
		t.Errorf("recorded %q, want %s, too", o.state.Codec, c.audio)
	}
	if c.mends != "" && o.repairs[c.mends] == 0 {
		t.Errorf("repairs %v, want %s", o.repairs, c.mends)
	}
	if c.check != nil {
		c.check(t, o)
	}
}
