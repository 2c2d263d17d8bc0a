package timesync_test

import (
	"fmt"
	"slices"
	"testing"
)

// Clocks far off, through networks of all sorts: of a hundred sessions of a minute,
// 99 % of the frames lie within 250 ms, from the first on, and in all but a few
// sessions 99 % of its own.
func TestClocksOff(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many sessions of one goroutine each")
	}
	const sessions = 100
	for kind, change := range map[string]func(*scene){
		"25 fps":        func(*scene) {},
		"12 fps":        func(s *scene) { s.fps = 12 },
		"5 fps":         func(s *scene) { s.fps = 5 },
		"B-frames":      func(s *scene) { s.fps, s.bframes = 15, 2 },
		"a GOP of 4 s":  func(s *scene) { s.gop = 4 },
		"a burst":       func(s *scene) { s.gopCache, s.burst = 2, 0.05 },
		"a stall":       func(s *scene) { s.stalls = []hole{{10, 12}} },
		"a stall early": func(s *scene) { s.stalls = []hole{{0.2, 1.2}} },
	} {
		for _, jitter := range []float64{0.008, 0.02, 0.04} {
			for _, drift := range []float64{0.01, -0.01, 0.02, -0.02, 0.03, -0.03, 0.05, -0.05} {
				t.Run(fmt.Sprintf("%s, jitter %.0f ms, %+.0f %%", kind, jitter*1e3, drift*1e2), func(t *testing.T) {
					t.Parallel()
					var all []float64
					far, worst := 0, 0.0
					for seed := range sessions {
						s := plain()
						s.drift, s.jitter, s.seconds, s.seed = drift, jitter, 60, uint64(seed)
						change(&s)
						r := s.play()
						if len(r.off) != len(r.units) {
							t.Fatalf("seed %d: %d of %d frames placed", seed, len(r.off), len(r.units))
						}
						own := make([]float64, len(r.off))
						for i, v := range r.off {
							own[i] = max(v, -v)
						}
						slices.Sort(own)
						p99 := own[len(own)*99/100]
						if worst = max(worst, p99); p99 > 0.25 {
							far++
						}
						all = append(all, own...)
					}
					slices.Sort(all)
					p99 := all[len(all)*99/100]
					t.Logf("99 %% within %.0f ms, of the worst session within %.0f ms", p99*1e3, worst*1e3)
					if p99 > 0.25 || far > sessions/20 {
						t.Errorf("99 %% within %.0f ms, of the worst session within %.0f ms; %d sessions further off than 250 ms", p99*1e3, worst*1e3, far)
					}
				})
			}
		}
	}
}
