package timesync_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"qianshao/ingest/timesync"
)

// TestWallSlews drives the carried clock with readings at any distance: it
// never runs faster or slower than 500 ppm, and gets there.
func TestWallSlews(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sys, mono := time.UnixMicro(1_700_000_000_000_000), time.Duration(0)
		w := timesync.NewWall(func() (time.Time, time.Duration) { return sys, mono })
		off := time.Duration(rapid.Int64Range(-499_000_000, 499_000_000).Draw(t, "off"))
		sys = sys.Add(off)
		step := rapid.SampledFrom([]time.Duration{
			900 * time.Nanosecond, 33 * time.Microsecond, 1999 * time.Microsecond, time.Second, 17 * time.Minute,
		}).Draw(t, "step")
		begin := w.Now()
		for range 2000 {
			sys, mono = sys.Add(step), mono+step
			w.Now()
		}
		end := w.Now()
		elapsed := end.Mono - begin.Mono
		gone := time.Duration(end.Wall-begin.Wall)*time.Microsecond - elapsed
		allowed := elapsed * timesync.SlewPPM / 1_000_000
		want := max(-allowed, min(allowed, off))
		if d := gone - want; d > 2*time.Microsecond || d < -2*time.Microsecond {
			t.Errorf("slewed %s in %s, want %s", gone, elapsed, want)
		}
		if end.Steps != 0 || w.LastStep() != 0 {
			t.Errorf("%d steps", end.Steps)
		}
	})
}

func TestWallStep(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{time.Hour, -time.Hour, 501 * time.Millisecond, -501 * time.Millisecond} {
		sys, mono := time.UnixMicro(1_700_000_000_000_000), time.Duration(0)
		w := timesync.NewWall(func() (time.Time, time.Duration) { return sys, mono })
		before := w.Now()
		sys = sys.Add(by)
		after := w.Now()
		if got := time.Duration(after.Wall-before.Wall) * time.Microsecond; got != by || after.Steps != 1 || w.LastStep() != by {
			t.Errorf("step by %s: moved %s, %d steps, last %s", by, got, after.Steps, w.LastStep())
		}
		if w.Now().Steps != 1 {
			t.Error("one step counted twice")
		}
	}
}
