package timesync_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"qianshao/ingest/timesync"
	"qianshao/storage/timeline"
)

func TestNTPMicros(t *testing.T) {
	t.Parallel()
	for ntp, want := range map[uint64]string{
		2_208_988_800 << 32:                "1970-01-01T00:00:00.000000Z",
		0xE8FC_0000_8000_0000:              "2023-11-13T01:53:04.500000Z",
		1 << 32:                            "2036-02-07T06:28:17.000000Z",
		uint64(0xffff_ffff_ffff_ffff):      "2036-02-07T06:28:15.999999Z",
		(2_208_988_800 - 86_400*365) << 32: "1969-01-01T00:00:00.000000Z",
	} {
		if got := timesync.NTPMicros(ntp).String(); got != want {
			t.Errorf("%x: %s, want %s", ntp, got, want)
		}
	}
}

// TestOffset: the camera's clock offset lies within its uncertainty of the
// truth, whatever the jitter, for network delays below 10 ms.
func TestOffset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := plain()
		s.seconds = 90
		s.seed = rapid.Uint64().Draw(t, "seed")
		s.jitter = rapid.SampledFrom([]float64{0, 0.005, 0.03}).Draw(t, "jitter")
		s.drift = rapid.SampledFrom([]float64{0, 100e-6, -100e-6, 0.01}).Draw(t, "drift")
		offset := rapid.Float64Range(-7200, 7200).Draw(t, "offset")
		r := s.play()
		last := r.units[len(r.units)-1]
		now := timesync.Reading{Wall: timeline.FromTime(s.wall(last.at)), Mono: time.Duration(last.at * 1e9)}
		camera := s.wall(last.captured).Add(time.Duration(offset * 1e9))
		ntp := uint64(camera.Unix()+2_208_988_800)<<32 | uint64(camera.Nanosecond())<<32/1_000_000_000
		o := r.clock.Offset(ntp, last.rtp, now)
		wrong := o.Micros - int64(offset*1e6)
		if wrong > o.Uncertainty || wrong < -o.Uncertainty {
			t.Errorf("offset %d µs off, said to be within %d", wrong, o.Uncertainty)
		}
		if o.Uncertainty > 150_000 {
			t.Errorf("uncertainty %d µs", o.Uncertainty)
		}
	})
}
