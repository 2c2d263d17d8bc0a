package clip

import (
	"math"

	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// pictures is the video of one segment laid out for choosing: presentation
// ticks in decode order. Its memory is reused.
type pictures struct {
	foot *segment.Foot
	pts  []int64
}

func (v *pictures) load(f *segment.Foot) {
	v.foot = f
	v.pts = v.pts[:0]
	s := &f.Samples[0]
	i := 0
	for k := range f.Fragments {
		run := &f.Fragments[k].Runs[0]
		tick := run.FirstTick
		for range run.Samples {
			v.pts = append(v.pts, tick+int64(s.Offset(i)))
			tick += int64(s.Durs[i])
			i++
		}
	}
}

func (v *pictures) wall(tick int64) timeline.Micros {
	return v.foot.Maps[0].Wall(tick, v.foot.Tracks[0].Timescale)
}

func (v *pictures) tickAt(w timeline.Micros) int64 {
	return tickAt(v.foot.Maps[0], v.foot.Tracks[0].Timescale, w)
}

// first is the earliest presentation tick at or after from, or ok = false.
func (v *pictures) first(from int64) (tick int64, ok bool) {
	tick = math.MaxInt64
	for _, p := range v.pts {
		if p >= from && p < tick {
			tick, ok = p, true
		}
	}
	return tick, ok
}

// key is the first place to begin that is presented at or after tick, or -1.
func (v *pictures) key(tick int64) int {
	for _, s := range v.foot.Samples[0].Syncs {
		if v.pts[s.Index] >= tick {
			return int(s.Index)
		}
	}
	return -1
}

// leading counts the pictures right behind place lo, where decoding begins,
// that are presented before it: they need pictures from before and are left
// out. Those of a KeyFrame need nothing else and stay.
func (v *pictures) leading(lo int) int {
	syncs := &v.foot.Samples[0]
	k := syncs.SyncAt(lo)
	if k < 0 || int(syncs.Syncs[k].Index) != lo || syncs.Syncs[k].Kind == segment.KeyFrame {
		return 0
	}
	n := 0
	for lo+1+n < len(v.pts) && v.pts[lo+1+n] < v.pts[lo] {
		n++
	}
	return n
}

// until finds the end hi in decode order of what must be kept so that all
// pictures before tick to are decoded, from sample lo on; hi == lo: there is
// none. With inner nothing that is presented at or after to is kept, at the
// price of pictures that would need it.
func (v *pictures) until(lo int, to int64, inner bool) (hi int) {
	hi = lo
	for i := lo; i < len(v.pts); i++ {
		switch {
		case v.pts[i] < to:
			hi = i + 1
		case inner:
			return hi
		}
	}
	return hi
}

// end is the tick at which the last picture before to, among [lo,hi), gives way
// to the next.
func (v *pictures) end(lo, hi int, to int64) int64 {
	last, at := int64(math.MinInt64), lo
	for i := lo; i < hi; i++ {
		if v.pts[i] < to && v.pts[i] > last {
			last, at = v.pts[i], i
		}
	}
	next, ok := v.first(last + 1)
	if ok {
		return next
	}
	return last + int64(v.foot.Samples[0].Durs[max(at, len(v.pts)-1)])
}
