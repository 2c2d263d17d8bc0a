package recorder

import "math"

// rescale brings everything that waits for its place on the timeline to another
// rate: the camera's timestamps were found not to run as announced. Ticks count
// from the session's first unit. What has its place keeps it.
func (r *Recorder) rescale(factor float64) {
	if r.run == nil || r.run.has {
		return
	}
	scale := func(tick int64) int64 { return int64(math.Round(float64(tick) * factor)) }
	r.run.lastTick = scale(r.run.lastTick)
	r.order.rescale(scale)
	s, t := r.seg, r.tracks[0]
	if s == nil {
		return
	}
	base := s.base
	s.start, s.end = scale(s.start), scale(s.end)
	s.base = int64(t.src.Rate) - s.start
	delay := r.order.delay
	// Decode times lie the delay, in old ticks, before the ranks.
	old := int64(math.Round(float64(delay) / factor))
	move := func(first *int64, durs, cts []uint32) {
		at := *first - base + old
		*first = scale(at) - delay + s.base
		for i, d := range durs {
			next := at + int64(d)
			durs[i] = uint32(scale(next) - scale(at))
			at = next
		}
		for i, c := range cts {
			cts[i] = uint32(scale(int64(c)))
		}
	}
	for _, j := range s.ready {
		run := &j.fragment.Runs[0]
		move(&run.FirstTick, run.Durs, run.CTS)
	}
	move(&t.run.FirstTick, t.run.Durs, t.run.CTS)
}

// rescale brings the pictures that are held back to another rate.
func (o *order) rescale(scale func(int64) int64) {
	for i := range o.queue {
		o.queue[i].tick = scale(o.queue[i].tick)
	}
	for i := range o.ticks {
		o.ticks[i] = scale(o.ticks[i])
	}
	for i := range o.ranks {
		o.ranks[i] = scale(o.ranks[i])
	}
	o.interval, o.maxTick, o.rank = max(scale(o.interval), 1), scale(o.maxTick), scale(o.rank)
	o.delay, o.needDelay = min(scale(o.delay), o.limit), scale(o.needDelay)
}
