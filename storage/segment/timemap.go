package segment

import "qianshao/storage/timeline"

// TimeMap turns a track's presentation ticks into wall time for the whole
// segment. It is affine:
//
//	d    = (tick − Tick0) · 1e6 / timescale      rounded to the nearest µs
//	wall = US0 + d + d · PPB / 1e9               rounded toward zero
//
// PPB is how much faster the wall runs than the track's clock, in parts per
// 10⁹; the recorder keeps it within ±500,000.
type TimeMap struct {
	Tick0 int64
	US0   timeline.Micros
	PPB   int32
}

// Wall converts a presentation tick.
func (m TimeMap) Wall(tick int64, timescale uint32) timeline.Micros {
	d := mulDivRound(tick-m.Tick0, 1_000_000, int64(timescale))
	return m.US0 + timeline.Micros(d+d*int64(m.PPB)/1_000_000_000)
}

// mulDivRound is a·b/c rounded half away from zero. |a·b| must stay below 2⁶³:
// a segment has at most 2³² ticks and b is 10⁶.
func mulDivRound(a, b, c int64) int64 {
	p := a * b
	if p < 0 {
		return -((-p + c/2) / c)
	}
	return (p + c/2) / c
}
