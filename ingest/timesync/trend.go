package timesync

import (
	"math"
	"slices"
	"time"
)

const (
	// trendSlots is over how many parts of a span the earliest arrivals are compared,
	// at most, trendUnits how many units each should have.
	trendSlots = 8
	trendUnits = 4
	// trendDoubt is how far off a rate may be, at most, for a clock to be settled
	// without its drift being known: so much is worked off while recording.
	trendDoubt = 0.045
	// trendSure is how many units there must be for a drift to be believed.
	trendSure = 16
)

// sample is a unit or a window: the time its timestamps had come to, and by how much
// later than that it came.
type sample struct{ x, late float64 }

// line draws a line under samples, oldest first: the median of the slopes between
// those that lie so many apart at least, and how far they lie around it.
func line(s []sample, apart int) (slope, scatter float64, ok bool) {
	slopes := make([]float64, 0, len(s)*len(s)/2)
	for i := range s {
		for j := i + apart; j < len(s); j++ {
			if d := s[j].x - s[i].x; d > 0 {
				slopes = append(slopes, (s[j].late-s[i].late)/d)
			}
		}
	}
	if len(slopes) == 0 {
		return 0, 0, false
	}
	slices.Sort(slopes)
	slope = slopes[len(slopes)/2]
	return slope, scatterOf(s, slope), true
}

// scatterOf is how far samples lie apart around a line of this slope.
func scatterOf(s []sample, slope float64) float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range s {
		r := p.late - slope*p.x
		lo, hi = min(lo, r), max(hi, r)
	}
	return max(hi-lo, 0)
}

// trend is a line under what came first: its slope, how much of that the scatter of
// the earliest could feign, and how much as much as nine of ten units were late by.
type trend struct {
	slope, doubt, uneven float64
	units                int // that it is drawn under
}

// trendOf draws a line under arrivals, as Clock does later with longer windows. It is
// not known from few.
func trendOf(seen []arrival, rate int64) (t trend, known bool) {
	all := make([]sample, 0, len(seen))
	for _, a := range seen {
		if a.raw == a.most { // B-frames come later than they are shown
			x := float64(a.raw-seen[0].raw) / float64(rate)
			all = append(all, sample{x, (a.at - seen[0].at).Seconds() - x})
		}
	}
	slots := max(min(len(all)/trendUnits, trendSlots), 4)
	if len(all) < slots {
		return t, false
	}
	long := all[len(all)-1].x - all[0].x
	if long <= 0 { // the timestamps stand still
		return t, false
	}
	low := make([]sample, 0, slots) // the earliest of each slot
	slot := -1
	for _, s := range all {
		switch k := min(int(float64(slots)*(s.x-all[0].x)/long), slots-1); {
		case k > slot:
			low, slot = append(low, s), k
		case s.late < low[len(low)-1].late:
			low[len(low)-1] = s
		}
	}
	slope, scatter, ok := line(low, max(len(low)/3, 1))
	span := low[len(low)-1].x - low[0].x
	if !ok || len(low) < 4 {
		return t, false
	}
	// A few may lie on a line by chance: what the earliest of so many units is late
	// by, as a rule, when all of them are as late as these.
	lowest := math.Inf(1)
	for _, s := range low {
		lowest = min(lowest, s.late-slope*s.x)
	}
	above, mean := make([]float64, len(all)), 0.0
	for i, s := range all {
		above[i] = s.late - slope*s.x - lowest
		mean += above[i] / float64(len(all))
	}
	slices.Sort(above)
	chance := 2 * mean * float64(len(low)) / float64(len(all))
	return trend{slope, max(scatter, chance) / span, above[len(above)*9/10] / span, len(all)}, true
}

// drift is how much faster real time ran than the timestamps, in parts per 10⁹,
// over the longest span that was even; 0 where that is so little that it is learnt
// while recording. It is not sure while the arrivals are too uneven to tell a drift
// from none, or a burst opens the session.
func (o *opening) drift(rate int64) (ppb int64, sure bool) {
	if o.asked != len(o.seen) {
		o.asked = len(o.seen)
		o.ppb, o.sure = o.fitDrift(rate)
	}
	return o.ppb, o.sure
}

func (o *opening) fitDrift(rate int64) (ppb int64, sure bool) {
	for _, span := range []time.Duration{4 * scaleSpan, 2 * scaleSpan, scaleSpan, scaleHint} {
		t, known := trendOf(o.last(span), rate)
		switch {
		case !known || t.slope < 1/scaleLimit-1 || t.slope > scaleLimit-1: // the opening burst is in it
		case math.Abs(t.slope)+2*t.doubt < trendDoubt:
			return 0, true
		case math.Abs(t.slope) > max(3*t.doubt, 2*t.uneven) && span > scaleHint && t.units >= trendSure:
			return int64(t.slope * 1e9), true
		}
	}
	return 0, false
}
