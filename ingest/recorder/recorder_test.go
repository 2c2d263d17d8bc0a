package recorder_test

import (
	"testing"
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// since is a moment of the studio's clock.
func since(d time.Duration) timeline.Micros { return timeline.FromTime(epoch.Add(d)) }

func reasons(segments []spool.Sealed) (out []segment.EndReason) {
	for _, v := range segments {
		out = append(out, v.Foot.Reason)
	}
	return out
}

func TestSegmentsOfTheLengthAskedFor(t *testing.T) {
	t.Parallel()
	s := newStudio(t, 10*time.Second, nil)
	s.begin(false)
	s.film(0, 25*60, 50, false)
	segments := s.wrap()
	s.whole(segments, 25*60)
	for i, v := range segments[1 : len(segments)-1] {
		if d := v.Key.Span.Len(); d != 10*timeline.Second {
			t.Errorf("segment %d lasts %d µs", i+1, d)
		}
	}
	first, last := segments[0], segments[len(segments)-1]
	if !first.Foot.NewRun || first.Key.Span.From != since(0) || last.Key.Span.To != since(time.Minute) {
		t.Errorf("from %s to %s", first.Key.Span.From, last.Key.Span.To)
	}
	for i := 1; i < len(segments); i++ {
		if segments[i].Foot.Prev != segments[i-1].SHA256 {
			t.Errorf("segment %d is not chained to the one before", i)
		}
	}
}

func TestHardLimitWithoutKeyFrames(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	s.film(0, 25*620, 25*1000, false)
	segments := s.wrap()
	s.whole(segments, 25*620)
	if len(segments) != 3 || segments[0].Foot.Reason != segment.EndForced || segments[0].Key.Span.Len() != 300*timeline.Second {
		t.Fatalf("%d segments, %v, the first lasts %d µs", len(segments), reasons(segments), segments[0].Key.Span.Len())
	}
	if k := segments[1].Foot.Samples[0].Syncs; len(k) != 0 || segments[1].Foot.NewRun {
		t.Errorf("the second begins anew: %v", k)
	}
}

func TestLargeFragmentsAreSplit(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	for i := range 7 { // less than the writer's queue holds
		sync, track := media.NoSync, (*media.Track)(nil)
		if i == 0 {
			sync, track = media.KeyFrame, plainTrack()
		}
		at := time.Duration(i) * 40 * time.Millisecond
		s.pictureAs(at, at, sync, track, 1<<20)
	}
	segments := s.wrap()
	s.whole(segments, 7)
	if len(segments[0].Foot.Fragments) < 2 {
		t.Error("they are one fragment")
	}
	for i := range segments[0].Foot.Fragments {
		if n := segments[0].Foot.Fragments[i].Runs[0].Samples; n > 5 {
			t.Errorf("fragment %d holds %d MiB", i, n)
		}
	}
}

func TestChangeOfParametersBeginsASegment(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	now := s.film(0, 100, 50, false)
	other := plainTrack()
	other.PPS = [][]byte{{0x68, 0xce, 0x38, 0x80}}
	s.picture(now, media.KeyFrame, other)
	now = s.film(now+40*time.Millisecond, 49, 1000, false)
	// A change that comes in mid-GOP takes effect at the next key frame.
	s.picture(now, media.NoSync, plainTrack())
	s.film(now+40*time.Millisecond, 50, 50, false)
	segments := s.wrap()
	s.whole(segments, 100+50+51)
	if len(segments) != 3 || segments[0].Foot.Reason != segment.EndChange || segments[1].Foot.Reason != segment.EndChange {
		t.Fatalf("segments end by %v", reasons(segments))
	}
	if !segments[1].Foot.Tracks[0].SameCoding(other) || segments[2].Foot.Tracks[0].SameCoding(other) {
		t.Error("parameter sets are not those of the pictures")
	}
	if segments[1].Foot.NewRun || segments[2].Foot.NewRun {
		t.Error("a change of parameters is no new run")
	}
}

func TestHoleEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lost uint64
		want timeline.Cause
	}{"silent": {0, timeline.Stalled}, "lost": {40, timeline.PacketLoss}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStudio(t, time.Minute, nil)
			s.begin(false)
			now := s.film(0, 50, 25, false)
			resume := now + 3*time.Second
			s.picture(resume, media.NoSync, nil) // of no use without what came before
			s.rec.SetLoss(lossN(c.lost))
			s.n--
			s.film(resume+40*time.Millisecond, 75, 25, false)
			segments := s.wrap()
			s.whole(segments, 125)
			if len(segments) != 2 || !segments[1].Foot.NewRun {
				t.Fatalf("%d segments", len(segments))
			}
			want := lossOf{timeline.Span{From: since(now), To: since(resume + 40*time.Millisecond)}, c.want}
			if len(s.lost) != 1 || s.lost[0] != want {
				t.Errorf("lost %v, want %v", s.lost, want)
			}
			if len(s.placed) != 2 || s.placed[1] != want.To {
				t.Errorf("placed %v", s.placed)
			}
			if got := s.rec.Stats().Skipped; got != 1 {
				t.Errorf("%d pictures skipped", got)
			}
		})
	}
}

func TestShortHoleIsBridged(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	now := s.film(0, 50, 25, false)
	s.film(now+1900*time.Millisecond, 50, 25, false)
	segments := s.wrap()
	s.whole(segments, 100)
	if len(segments) != 1 || len(s.lost) != 0 {
		t.Errorf("%d segments, lost %v", len(segments), s.lost)
	}
}

func TestClockStepCutsTheSegment(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]time.Duration{"on": time.Hour, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStudio(t, time.Minute, nil)
			s.begin(false)
			now := s.film(0, 110, 50, false)
			s.mu.Lock()
			s.step = step
			s.mu.Unlock()
			for i := range 150 {
				sync := media.NoSync
				if (110+i)%50 == 0 {
					sync = media.KeyFrame
				}
				s.picture(now, sync, nil)
				now += 40 * time.Millisecond
			}
			segments := s.wrap()
			s.whole(segments, 260)
			if len(segments) != 2 || segments[0].Foot.Reason != segment.EndClock {
				t.Fatalf("segments end by %v", reasons(segments))
			}
			second := segments[1]
			if second.Foot.Clock&segment.ClockStepped == 0 || !second.Foot.NewRun {
				t.Error("the second does not tell of the step")
			}
			if want := since(6*time.Second + step); second.Key.Span.From != want {
				t.Errorf("the second begins at %s, want %s", second.Key.Span.From, want)
			}
			if step > 0 && (len(s.lost) != 1 || s.lost[0].Cause != timeline.ClockUncertain || s.lost[0].To != second.Key.Span.From) {
				t.Errorf("lost %v", s.lost)
			}
			if step < 0 && len(s.lost) != 0 {
				t.Errorf("lost %v", s.lost)
			}
		})
	}
}

// TestClockStepBetweenSessions: footage after a step back is not put behind
// that of the time before it.
func TestClockStepBetweenSessions(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	now := s.film(0, 50, 25, false)
	s.rec.End()
	s.mu.Lock()
	s.step = -time.Hour
	s.mu.Unlock()
	s.begin(false)
	n := s.n
	s.n = 0
	s.film(now+time.Second, 50, 25, false)
	segments := s.wrap()
	if len(segments) != 2 || n != 50 {
		t.Fatalf("%d segments", len(segments))
	}
	if want := since(now + time.Second - time.Hour); segments[1].Key.Span.From != want {
		t.Errorf("begins at %s, want %s", segments[1].Key.Span.From, want)
	}
}

// TestOpeningBurst: two seconds of older pictures in 10 ms are placed where
// they were taken.
func TestOpeningBurst(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.at(2 * time.Second)
	s.begin(false)
	for i := range 50 {
		sync, track := media.NoSync, (*media.Track)(nil)
		if i == 0 {
			sync, track = media.KeyFrame, plainTrack()
		}
		s.pictureAs(time.Duration(i)*40*time.Millisecond, 2*time.Second+time.Duration(i)*200*time.Microsecond, sync, track, 100)
	}
	s.film(2*time.Second, 100, 50, false)
	segments := s.wrap()
	s.whole(segments, 150)
	if d := segments[0].Key.Span.From - since(0); d > 50_000 || d < -50_000 {
		t.Errorf("placed %d µs off", d)
	}
}

func TestSessionsFollowEachOther(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.rec.End() // without a session
	s.begin(false)
	now := s.film(0, 50, 25, false)
	s.begin(false) // the one before was not ended
	s.picture(now, media.KeyFrame, plainTrack())
	s.n = 51
	s.film(now+40*time.Millisecond, 24, 1000, false)
	s.rec.End()
	s.rec.End()
	s.rec.Unit(0, media.Unit{Sync: media.KeyFrame, Track: plainTrack()}) // after the end: nobody's
	s.rec.Idle(now)
	s.rec.Report(0, 1, 1, now)
	segments := s.wrap()
	s.whole(segments, 75)
	if len(segments) != 2 {
		t.Errorf("%d segments", len(segments))
	}
}

// A segment tells the camera's clock by the last report that came while it was
// recorded; one without a report does not take it from the one before.
func TestClockOffsetIsOfItsSegment(t *testing.T) {
	t.Parallel()
	s := newStudio(t, 10*time.Second, nil)
	s.begin(false)
	report := func(now, off time.Duration) {
		ntp := uint64(epoch.Add(now+off).Unix()+2_208_988_800) << 32
		s.rec.Report(0, ntp, uint32(int64(now)*9/100_000), s.at(now))
	}
	now := s.film(0, 25*12, 50, false)
	report(now, time.Minute)
	now = s.film(now, 25*3, 50, false)
	report(now, -time.Hour)
	at := since(now)
	now = s.film(now, 25*14, 50, false)
	s.rec.Report(0, 0, uint32(int64(now)*9/100_000), s.at(now)) // a sender without a clock
	s.film(now, 25*12, 50, false)
	segments := s.wrap()
	s.whole(segments, 25*41)
	seen := false
	for i, v := range segments {
		f := v.Foot
		if !v.Key.Span.Contains(at) {
			if f.ClockOff != 0 || f.ClockUnc != -1 || f.Report.NTP != 0 {
				t.Errorf("segment %d had no report, and says %d ± %d µs", i, f.ClockOff, f.ClockUnc)
			}
			continue
		}
		seen = true
		if d := f.ClockOff + time.Hour.Microseconds(); d < -f.ClockUnc || d > f.ClockUnc || f.ClockUnc < 0 {
			t.Errorf("segment %d: the camera is an hour slow, by the record %d ± %d µs", i, f.ClockOff, f.ClockUnc)
		}
	}
	if !seen || len(segments) < 4 {
		t.Errorf("%d segments, none with the reports", len(segments))
	}
}

func TestIdleLeavesNothingInMemory(t *testing.T) {
	t.Parallel()
	s := newStudio(t, time.Minute, nil)
	s.begin(false)
	now := s.film(0, 60, 50, false)
	s.rec.Idle(s.at(now + 1200*time.Millisecond))
	s.rec.Idle(s.at(now + 2200*time.Millisecond))
	// The last picture waits for the next one to know how long it lasts.
	want := since(now - 40*time.Millisecond)
	for deadline := time.Now().Add(10 * time.Second); s.rec.Stats().DurableUntil < want; {
		if time.Now().After(deadline) {
			t.Fatalf("durable until %s, want %s", s.rec.Stats().DurableUntil, want)
		}
		<-time.After(time.Millisecond)
	}
	s.whole(s.wrap(), 60)
}

// A session that opens with more old pictures than anybody waits for: they get
// the place that is likely, and once it is known better what follows gets its
// own, though that time was recorded already.
func TestEndlessBurst(t *testing.T) {
	t.Parallel()
	s := newStudio(t, 10*time.Second, nil)
	s.begin(false)
	const n = 25 * 180
	for i := range n {
		pts := time.Duration(i) * 40 * time.Millisecond
		at := max(pts, time.Minute+pts/5) // a minute old, and five times as fast as life
		sync, track := media.NoSync, (*media.Track)(nil)
		if i%50 == 0 {
			sync = media.KeyFrame
		}
		if i == 0 {
			track = plainTrack()
		}
		s.pictureAs(pts, at, sync, track, 100)
	}
	segments := s.wrap()
	s.whole(segments, n)
	last := segments[len(segments)-1].Key.Span
	if off := last.To - since(n*40*time.Millisecond); off > 150_000 || off < -150_000 {
		t.Errorf("the last picture ends %d µs from where it should", off)
	}
	back := 0
	for i := 1; i < len(segments); i++ {
		if segments[i].Key.Span.From < segments[i-1].Key.Span.To {
			back++
			if !segments[i].Foot.NewRun {
				t.Errorf("segment %d lies over the one before and is of its run", i)
			}
		}
	}
	if back != 1 {
		t.Errorf("the place was corrected %d times", back)
	}
}

// stuck is a file system whose writes wait.
type stuck struct {
	vfs.FS
	gate chan struct{}
}

type stuckFile struct {
	vfs.File
	gate chan struct{}
}

func (s stuck) Create(name string) (vfs.File, error) {
	f, err := s.FS.Create(name)
	return stuckFile{f, s.gate}, err
}

func (f stuckFile) Writev(bufs [][]byte) (int64, error) {
	<-f.gate
	return f.File.Writev(bufs)
}

// While the disk does not answer a stream holds what it may; what is more is
// given up, and said to be lost.
func TestStalledDiskHoldsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	dir, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	s := newStudio(t, time.Minute, stuck{dir, gate})
	var budget media.Budget
	s.video.Budget = &budget
	s.begin(false)
	most := int64(0)
	const pictures = 200
	for i := range pictures {
		sync, track := media.NoSync, (*media.Track)(nil)
		if i%25 == 0 {
			sync, track = media.KeyFrame, plainTrack()
		}
		at := time.Duration(i) * 40 * time.Millisecond
		s.pictureAs(at, at, sync, track, 200<<10)
		most = max(most, budget.Held())
	}
	if most < limit.Queue/2 || most > limit.Media {
		t.Errorf("%d bytes were held", most)
	}
	close(gate)
	kept := 0
	for _, v := range s.wrap() {
		for i := range v.Foot.Samples {
			kept += len(v.Foot.Samples[i].Durs)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept == 0 || kept >= pictures || len(s.lost) == 0 || s.lost[0].Cause != timeline.SpoolLost {
		t.Errorf("%d of %d pictures are kept, lost %v", kept, pictures, s.lost)
	}
	if budget.Held() > 0 {
		t.Errorf("%d bytes are held at the end", budget.Held())
	}
}
