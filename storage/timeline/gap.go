package timeline

import (
	"cmp"
	"slices"
)

// Interval says that a cause held during a span.
type Interval struct {
	Span
	Cause Cause
}

// Gap is a part of enrolled time without footage, and why. Neighbouring gaps
// may touch; then their causes differ.
type Gap struct {
	Span
	Cause Cause `json:"cause"`
}

// edge is where an interval begins (delta +1) or ends (delta -1).
type edge struct {
	at       Micros
	priority int
	delta    int
}

// Gaps returns the moments that lie in enrolled but not in covered, ascending,
// split where the cause changes. The cause of a moment is the one of highest
// priority among the intervals over it, or Unknown where there is none. The
// arguments may come in any order and overlap; they are not changed.
//
// Time: a sort of the intervals' edges, then one sweep.
func Gaps(enrolled, covered []Span, causes []Interval) []Gap {
	holes := Subtract(enrolled, covered)
	if len(holes) == 0 {
		return nil
	}
	reach := Span{From: holes[0].From, To: holes[len(holes)-1].To}
	edges := make([]edge, 0, 2*len(causes))
	for _, c := range causes {
		if !c.Overlaps(reach) {
			continue
		}
		p := c.Cause.Priority()
		edges = append(edges, edge{c.From, p, +1}, edge{c.To, p, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })

	var (
		gaps   []Gap
		active [len(priorities)]int // open intervals a priority
		next   int                  // first edge not yet applied
	)
	add := func(s Span) {
		if s.Empty() {
			return
		}
		cause := Unknown
		if i := slices.IndexFunc(active[:], func(n int) bool { return n > 0 }); i >= 0 {
			cause = priorities[i]
		}
		if n := len(gaps); n > 0 && gaps[n-1].To == s.From && gaps[n-1].Cause == cause {
			gaps[n-1].To = s.To
			return
		}
		gaps = append(gaps, Gap{Span: s, Cause: cause})
	}
	for _, hole := range holes {
		at := hole.From
		for ; next < len(edges) && edges[next].at < hole.To; next++ {
			if e := edges[next]; e.at > at {
				add(Span{From: at, To: e.at})
				at = e.at
			}
			active[edges[next].priority] += edges[next].delta
		}
		add(Span{From: at, To: hole.To})
	}
	return gaps
}

// Absorb gives the cause to Unknown gaps of at most slack that touch a gap with
// that cause, and joins them with it. gaps must be in the form Gaps returns;
// the result is a new slice in that form.
func Absorb(gaps []Gap, cause Cause, slack Micros) []Gap {
	var out []Gap
	for i, g := range gaps {
		touches := i > 0 && gaps[i-1].Cause == cause && gaps[i-1].To == g.From ||
			i+1 < len(gaps) && gaps[i+1].Cause == cause && gaps[i+1].From == g.To
		if g.Cause == Unknown && g.Len() <= slack && touches {
			g.Cause = cause
		}
		if n := len(out); n > 0 && out[n-1].To == g.From && out[n-1].Cause == g.Cause {
			out[n-1].To = g.To
			continue
		}
		out = append(out, g)
	}
	return out
}
