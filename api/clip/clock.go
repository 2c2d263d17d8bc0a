package clip

import (
	"math/bits"

	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// slack is how far a position may stray from the wall before it is corrected,
// in parts of a second: 1 ms. Below it samples keep their natural durations,
// which keeps the tables small.
const slack = 1000

// scale is a·b/c rounded half away from zero; b and c are positive. The product
// may exceed 64 bits, the result may not.
func scale(a, b, c int64) int64 {
	neg := a < 0
	if neg {
		a = -a
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(c))
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// ticks converts a length of wall time.
func ticks(d timeline.Micros, timescale uint32) int64 {
	return scale(int64(d), int64(timescale), 1_000_000)
}

// micros converts a number of ticks.
func micros(t int64, timescale uint32) timeline.Micros {
	return timeline.Micros(scale(t, 1_000_000, int64(timescale)))
}

// tickAt is the smallest tick whose wall time is not before w.
func tickAt(m segment.TimeMap, timescale uint32, w timeline.Micros) int64 {
	d := int64(w - m.US0)
	d -= scale(d, int64(abs32(m.PPB)), 1_000_000_000+int64(m.PPB)) * sign(m.PPB)
	t := m.Tick0 + scale(d, int64(timescale), 1_000_000)
	for m.Wall(t, timescale) >= w {
		t--
	}
	for m.Wall(t, timescale) < w {
		t++
	}
	return t
}

func abs32(v int32) int32 {
	if v < 0 {
		return -v
	}
	return v
}

func sign(v int32) int64 {
	if v < 0 {
		return -1
	}
	return 1
}
