package recorder

import (
	"slices"

	"qianshao/storage/media"
)

// probeFrames is how many frames are looked at to learn how deep B-frames reach
// when the parameter sets do not rule them out. A pyramid of depth four shows
// itself well within it; at 25 fps it delays the first fragment by 0.64 s.
const probeFrames = 16

// maxDepth bounds how many pictures are held back: ISO/IEC 14496-10 and 23008-2
// allow no more than 16 in the decoded picture buffer.
const maxDepth = 16

// picture is a video unit on its way through order.
type picture struct {
	unit media.Unit
	tick int64 // presentation, since the start of the run
}

// placed is a picture with its place in decode order.
type placed struct {
	picture
	dts  int64 // rank: the i-th smallest presentation tick; minus the delay it is the decode time
	dur  int64 // ticks to the next one
	cut  bool  // everything before it in decode order is presented before it
	last bool  // nothing follows in this run
}

// order gives pictures their decode times: the i-th picture in decode order
// gets the i-th smallest presentation time (minus the delay). It holds back
// depth+1 pictures, the least that makes the answer final.
type order struct {
	depth int   // pictures that may precede one in decode order and follow it in presentation
	delay int64 // ticks: the most by which rank and presentation differ
	limit int64 // of the delay: it must stay below the tick that segments begin with
	probe bool  // still learning depth and delay

	queue    []picture // decode order, not yet given out
	ticks    []int64   // their presentation ticks, ascending
	interval int64     // median-like interval of those given out
	maxTick  int64     // highest presentation tick given out
	rank     int64     // last rank given out
	given    bool

	grew      bool    // depth or delay was too small: a new segment should begin
	needDepth int     // what would have done
	needDelay int64   // what would have done
	ranks     []int64 // the last maxDepth ranks given out
}

// newOrder starts a run on a clock of rate ticks a second. mayReorder is false
// when the parameter sets rule B-frames out.
func newOrder(mayReorder bool, rate uint32) *order {
	return &order{probe: mayReorder, limit: int64(rate) - 1}
}

// push adds a picture in decode order and calls out for each that is final.
func (o *order) push(p picture, out func(placed)) {
	// The rank behind the last one given out is promised too: it is what that
	// one's duration says.
	if o.given && (p.tick <= o.rank || len(o.ticks) > 0 && p.tick < o.ticks[0]) {
		missed := 0
		if len(o.ticks) > 0 {
			missed = 1
		}
		for _, r := range o.ranks {
			if r >= p.tick {
				missed++
			}
		}
		o.needDepth = max(o.needDepth, o.depth+missed)
		o.needDelay = max(o.needDelay, o.rank-p.tick+o.interval)
		o.grew = true
		p.tick = o.rank + 1
		if len(o.ticks) > 0 {
			p.tick = o.ticks[0] + 1
		}
	}
	at, dup := slices.BinarySearch(o.ticks, p.tick)
	for dup { // two pictures cannot share a moment
		p.tick++
		at, dup = slices.BinarySearch(o.ticks, p.tick)
	}
	o.ticks = slices.Insert(o.ticks, at, p.tick)
	o.queue = append(o.queue, p)
	if o.probe {
		if len(o.queue) < probeFrames {
			return
		}
		o.learn()
	}
	for len(o.queue) > o.depth+1 {
		out(o.pop())
	}
}

// bytes is how much is held back.
func (o *order) bytes() (n int) {
	for i := range o.queue {
		n += o.queue[i].unit.Len
	}
	return n
}

// learn measures depth and delay over the queue and ends probing.
func (o *order) learn() {
	o.probe = false
	for i, p := range o.queue {
		depth := 0
		for _, q := range o.queue[i+1:] {
			if q.tick < p.tick {
				depth++
			}
		}
		o.depth = max(o.depth, depth)
	}
	// Delay: no picture may be presented before it is decoded.
	for i, p := range o.queue {
		o.delay = max(o.delay, o.ticks[i]-p.tick)
	}
	o.depth, o.delay = min(o.depth, maxDepth), min(o.delay, o.limit)
}

// pop gives out the head of the queue; at least two pictures are queued, or the
// run ends here.
func (o *order) pop() placed {
	p := placed{picture: o.queue[0], dts: o.ticks[0]}
	if len(o.ticks) > 1 {
		p.dur = o.ticks[1] - o.ticks[0]
		if o.interval == 0 {
			o.interval = p.dur
		}
		o.interval += (min(p.dur, 4*o.interval) - o.interval) / 8
	} else {
		p.dur, p.last = max(o.interval, 1), true
	}
	if p.tick < p.dts-o.delay { // deeper than promised: present it as early as can be
		o.needDelay = max(o.needDelay, p.dts-p.tick)
		o.grew = true
		p.tick = p.dts - o.delay
	}
	p.cut = !o.given || o.maxTick < p.dts
	o.maxTick = max(o.maxTick, p.tick)
	o.given, o.rank = true, p.dts
	if len(o.ranks) == maxDepth {
		o.ranks = append(o.ranks[:0], o.ranks[1:]...)
	}
	o.ranks = append(o.ranks, p.dts)
	o.queue = append(o.queue[:0], o.queue[1:]...)
	o.ticks = append(o.ticks[:0], o.ticks[1:]...)
	return p
}

// flush ends the run: everything queued is final.
func (o *order) flush(out func(placed)) {
	if o.probe {
		o.learn()
	}
	for len(o.queue) > 0 {
		out(o.pop())
	}
}

// clean reports whether all that was given out is presented before anything
// still to come.
func (o *order) clean() bool {
	return !o.probe && (len(o.ticks) == 0 || !o.given || o.maxTick < o.ticks[0])
}

// deepen allows for the reordering that was seen when grew was noticed. It is
// called between segments, and before the first picture of the new one is
// measured against the new delay.
func (o *order) deepen() {
	o.grew = false
	o.depth = min(max(o.depth, o.needDepth), maxDepth)
	o.delay = min(max(o.delay, o.needDelay), o.limit)
	o.needDepth, o.needDelay = 0, 0
}
