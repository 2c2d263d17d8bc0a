package timesync_test

import (
	"encoding/binary"
	"testing"
	"time"

	"qianshao/ingest/timesync"
	"qianshao/storage/timeline"
)

// Whatever a camera's clock does, and whenever its packets come, a clock gives ticks
// and places without an end of the world; a frame that is not earlier than all lies
// after those before it.
func FuzzClock(f *testing.F) {
	unit := func(rtp int32, after uint16) []byte {
		return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(nil, uint32(rtp)), after)
	}
	var even, still, back, burst []byte
	for i := range 80 {
		even = append(even, unit(3600, 400)...)
		still = append(still, unit(0, 400)...)
		back = append(back, unit([]int32{10800, -7200, 3600}[i%3], 400)...)
		burst = append(burst, unit(3600, uint16(10*max(i-40, 0)))...)
	}
	for _, b := range [][]byte{even, still, back, burst, append(even[:240:240], still...), append(even[:240:240], unit(-1<<31, 65535)...)} {
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, exact bool) {
		c := timesync.NewClock(90000)
		if exact {
			c.Exact()
		}
		var rtp uint32
		var at time.Duration
		prev := timeline.Micros(0)
		for ; len(b) >= 6; b = b[6:] {
			rtp += binary.LittleEndian.Uint32(b)
			at += time.Duration(binary.LittleEndian.Uint16(b[4:])) * 100 * time.Microsecond
			tick := c.Tick(rtp, at)
			c.Rescaled()
			if !c.Settled(at) {
				continue
			}
			p := c.Place(tick, timesync.Reading{Wall: 1_700_000_000_000_000, Mono: at}, prev, time.Minute)
			if p.PPB > 200_000_000 || p.PPB < -200_000_000 {
				t.Fatalf("rate %d", p.PPB)
			}
			if prev != 0 && p.Start != prev {
				t.Fatalf("a segment of a run starts at %d, not at %d", p.Start, prev)
			}
			p.Straying(p)
			if p.Overrun() {
				c.Reopen()
			}
			prev = p.Start + 40_000
		}
	})
}
