package timesync

import (
	"math"
	"time"
)

const (
	// scaleSpan is over how much time, at least, timestamps and arrivals are
	// compared, scaleUnits how many there must be, scaleClear by how much the
	// difference must exceed the unevenness of the arrivals, and scaleEven how
	// small a part of the span that must be.
	scaleSpan  = 1500 * time.Millisecond
	scaleUnits = 4
	scaleClear = 3
	scaleEven  = 6
	// scaleFar is how slow timestamps are that no line is thin enough for.
	scaleFar = 10
	// scaleMost is how many units are looked at, at most.
	scaleMost = 4096
	// scaleHint is over how much time the rate is looked at before the clock is
	// settled without further doubt.
	scaleHint = 800 * time.Millisecond
	// scaleLimit is how far off a rate must be to count: less is drift, which is
	// learnt while recording.
	scaleLimit = 1.33
)

// opening is what came first, while it is found out whether the timestamps run
// at the announced rate at all: some cameras count milliseconds, microseconds,
// or frames.
type opening struct {
	raw  int64     // timestamp of the last unit, unwrapped
	most int64     // B-frames step back
	step int64     // the last one
	seen []arrival // oldest first

	asked int   // how many were seen when drift was asked last
	ppb   int64 // what it was then
	sure  bool
}

// arrival is how far the timestamps had come by then.
type arrival struct {
	at        time.Duration
	raw, most int64
}

// add notes a unit that came delta ticks after the one before, by its timestamp.
// A jump says nothing of the rate: it counts as a step like the one before.
func (o *opening) add(at time.Duration, delta, rate int64) {
	elapsed := time.Duration(0)
	if n := len(o.seen); n > 0 {
		elapsed = at - o.seen[n-1].at
	}
	if delta > int64((settleMost+elapsed).Seconds()*float64(rate)) || delta < -int64(maxReorder.Seconds()*float64(rate)) {
		delta = o.step
	}
	o.step = delta
	o.raw += delta
	o.most = max(o.most, o.raw)
	o.seen = append(o.seen, arrival{at, o.raw, o.most})
}

// factor is what timestamps must be multiplied by, 1 unless it is clear that
// they run at another rate, and at which: a burst that opens a session, or a
// network that is slow to start, look alike for a while. It is not sure while
// they seem to, but arrivals are too uneven to say so.
func (o *opening) factor(rate int64) (f float64, sure bool) {
	f = 1
	for _, span := range []time.Duration{scaleSpan, 2 * scaleSpan, 4 * scaleSpan} {
		w := o.last(span)
		if len(w) <= scaleUnits {
			continue
		}
		p, spread := fitPace(w, rate)
		if p > 1/scaleLimit && p < scaleLimit {
			return 1, true
		}
		long := (w[len(w)-1].at - w[0].at).Seconds()
		switch {
		case p <= 0 || spread*scaleClear > math.Abs(p-1)*long || spread > long/scaleEven:
			continue
		case p > 1.0/scaleFar && span < 2*scaleSpan:
			continue // so do a burst and a thin line
		}
		if known := usual(1/p, rate); known != 1 {
			f, sure = known, true // the longest span tells best
		}
	}
	return f, sure
}

// last is what came in the last span; nil when that is not known yet.
func (o *opening) last(span time.Duration) []arrival {
	at, from := o.seen[len(o.seen)-1].at, len(o.seen)-1
	for from > 0 && at-o.seen[from].at < span {
		from--
	}
	if at-o.seen[from].at < span {
		return nil
	}
	return o.seen[from:]
}

// fitPace draws a line through arrivals: how many seconds of timestamps came in
// a second, and how far, in seconds, units came from where the line has them.
func fitPace(w []arrival, rate int64) (p, spread float64) {
	n := float64(len(w))
	var mt, mr float64
	x := func(a arrival) float64 { return (a.at - w[0].at).Seconds() }
	y := func(a arrival) float64 { return float64(a.most-w[0].most) / float64(rate) }
	for _, a := range w {
		mt += x(a) / n
		mr += y(a) / n
	}
	var tt, tr float64
	for _, a := range w {
		tt += (x(a) - mt) * (x(a) - mt)
		tr += (x(a) - mt) * (y(a) - mr)
	}
	if tt <= 0 || tr <= 0 {
		return 0, 0
	}
	p = tr / tt
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, a := range w {
		r := x(a) - y(a)/p
		lo, hi = min(lo, r), max(hi, r)
	}
	return p, hi - lo
}

// usual takes a measured factor for the one that it is close to, if cameras are
// known to count so: in milliseconds, microseconds, frames, at the rates of
// audio, or twice as fast or slow. It is 1 for all others.
func usual(f float64, rate int64) float64 {
	for _, hz := range []float64{1e3, 1e6, 1e9, 8e3, 16e3, 48e3, 45e3, 180e3, 5, 8, 10, 12, 12.5, 15, 20, 25, 30, 50, 60} {
		if known := float64(rate) / hz; math.Abs(f/known-1) < 0.04 {
			return known
		}
	}
	return 1
}
