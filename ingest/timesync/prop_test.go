package timesync_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestPlacementHolds draws cameras and networks of all kinds.
func TestPlacementHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := scene{
			fps: rapid.SampledFrom([]int{4, 5, 8, 10, 12, 15, 20, 25, 30, 50}).Draw(t, "fps"), rate: 90000, seconds: 240,
			base:     rapid.Uint32().Draw(t, "base"),
			drift:    rapid.SampledFrom([]float64{0, 20e-6, -20e-6, 100e-6, -100e-6, 0.001, -0.001, 0.01, -0.01, 0.02, -0.02, 0.05, -0.05}).Draw(t, "drift"),
			bframes:  rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3}).Draw(t, "bframes"),
			gopCache: rapid.SampledFrom([]float64{0, 1, 2, 4}).Draw(t, "gopCache"),
			delay:    rapid.SampledFrom([]float64{0, 0.002, 0.03}).Draw(t, "delay"),
			jitter:   rapid.SampledFrom([]float64{0, 0.002, 0.01, 0.04}).Draw(t, "jitter"),
			batch:    rapid.SampledFrom([]float64{0, 0, 0.1}).Draw(t, "batch"),
			slew:     rapid.SampledFrom([]float64{0, 100e-6, -500e-6}).Draw(t, "slew"),
			seed:     rapid.Uint64().Draw(t, "seed"),
		}
		if s.fps < 12 {
			s.bframes = 0 // nobody codes so; their reach would hide jumps of half a second
		}
		// A burst no faster than life cannot be told from life.
		s.burst = s.gopCache * rapid.SampledFrom([]float64{0.005, 0.1, 0.3}).Draw(t, "burst")
		switch rapid.SampledFrom([]string{"", "", "jump", "stall", "silence", "freeze", "back"}).Draw(t, "fault") {
		case "jump":
			s.jumps = []jump{{100, rapid.Float64Range(-7200, 7200).Draw(t, "by")}}
		case "back":
			s.jumps = []jump{{100, -rapid.Float64Range(0.05, 2).Draw(t, "back")}}
		case "stall":
			s.stalls = []hole{{100, 100 + rapid.Float64Range(0.5, 5).Draw(t, "stall")}}
		case "silence":
			s.silences = []hole{{100, 100 + rapid.Float64Range(0.5, 9).Draw(t, "silence")}}
		case "freeze":
			s.freezes = []hole{{100, 100 + rapid.Float64Range(0.5, 9).Draw(t, "freeze")}}
		}
		if len(s.jumps)+len(s.freezes) > 0 && math.Abs(s.drift) > 0.001 {
			s.drift = math.Copysign(0.001, s.drift) // one per cent off is fault enough
		}
		r := s.play()
		limit := 0.25
		if len(s.jumps)+len(s.freezes) > 0 {
			// Where a camera's clock says nothing, a frame lies between its
			// neighbours as they arrived, and B-frames come after what they are shown
			// before.
			limit += float64(s.bframes+1)/float64(s.fps) + 3*s.jitter
		}
		if math.Abs(s.drift) > 0.005 {
			limit += 0.1 // TestClocksOff asks for 250 ms of a hundred sessions; this one may be the worst
		}
		r.check(t, limit, 1.5)
		if t.Failed() {
			t.Logf("%+v", s)
		}
	})
}
