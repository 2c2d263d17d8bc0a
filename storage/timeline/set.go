package timeline

import (
	"cmp"
	"slices"
)

// A set of moments is a []Span in normal form: ascending, no empty span, and
// neither overlapping nor touching. Functions here take spans in any form and
// order, return normal form, and never change or keep their arguments. A nil
// slice is the empty set.

// Normalize returns the set of all moments in spans.
func Normalize(spans []Span) []Span {
	if len(spans) == 0 {
		return nil
	}
	if isNormal(spans) {
		return slices.Clone(spans)
	}
	in := make([]Span, 0, len(spans))
	for _, s := range spans {
		if !s.Empty() {
			in = append(in, s)
		}
	}
	slices.SortFunc(in, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	out := in[:0]
	for _, s := range in {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func isNormal(spans []Span) bool {
	for i, s := range spans {
		if s.Empty() || i > 0 && s.From <= spans[i-1].To {
			return false
		}
	}
	return true
}

// normal is Normalize without the copy; its result is only to be read.
func normal(spans []Span) []Span {
	if isNormal(spans) {
		return spans
	}
	return Normalize(spans)
}

// Union returns the moments that lie in any of the sets.
func Union(sets ...[]Span) []Span {
	return Normalize(slices.Concat(sets...))
}

// Intersect returns the moments that lie in both sets.
func Intersect(a, b []Span) []Span {
	a, b = normal(a), normal(b)
	var out []Span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if s := a[i].Intersect(b[j]); !s.Empty() {
			out = append(out, s)
		}
		if a[i].To < b[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Subtract returns the moments of a that do not lie in b.
func Subtract(a, b []Span) []Span {
	a, b = normal(a), normal(b)
	var out []Span
	j := 0
	for _, s := range a {
		for j < len(b) && b[j].To <= s.From {
			j++
		}
		// b[j] may reach into the next span of a, so it is not passed here.
		for k := j; k < len(b) && b[k].From < s.To; k++ {
			if s.From < b[k].From {
				out = append(out, Span{From: s.From, To: b[k].From})
			}
			s.From = b[k].To
			j = k
		}
		if !s.Empty() {
			out = append(out, s)
		}
	}
	return out
}

// Complement returns the moments of within that do not lie in set.
func Complement(within Span, set []Span) []Span {
	return Subtract([]Span{within}, set)
}

// Close returns the set with its holes of at most slack filled.
func Close(set []Span, slack Micros) []Span {
	out := Normalize(set)
	n := 0
	for i, s := range out {
		if i > 0 && s.From-out[n-1].To <= slack {
			out[n-1].To = s.To
			continue
		}
		out[n] = s
		n++
	}
	return out[:n]
}

// Total is the length of the set: overlaps count once.
func Total(set []Span) Micros {
	var sum Micros
	for _, s := range normal(set) {
		sum += s.Len()
	}
	return sum
}

// Buckets divides within into parts of width (the last may be shorter) and
// returns how much of each part lies in set. It returns nil for an empty
// within or a width that is not positive.
func Buckets(within Span, width Micros, set []Span) []Micros {
	if within.Empty() || width <= 0 {
		return nil
	}
	out := make([]Micros, (within.Len()+width-1)/width)
	for _, s := range Intersect([]Span{within}, set) {
		for s.From < s.To {
			i := (s.From - within.From) / width
			end := min(s.To, within.From+(i+1)*width)
			out[i] += end - s.From
			s.From = end
		}
	}
	return out
}
