package rtsptest

import "sort"

// Range is a run of frame numbers, both ends included.
type Range struct{ First, Last uint64 }

// Len returns how many frames the range holds.
func (r Range) Len() uint64 { return r.Last - r.First + 1 }

// ranges is a set of frame numbers as sorted runs that do not touch.
type ranges []Range

func (s *ranges) add(n uint64) {
	rs := *s
	// The run that begins last at or before n; almost always the last one.
	i := len(rs) - 1
	if i >= 0 && rs[i].First > n {
		i = sort.Search(len(rs), func(k int) bool { return rs[k].First > n }) - 1
	}
	switch {
	case i >= 0 && n <= rs[i].Last:
		return
	case i >= 0 && n == rs[i].Last+1:
		rs[i].Last = n
	case i+1 < len(rs) && rs[i+1].First == n+1:
		rs[i+1].First = n
		return
	default:
		rs = append(rs, Range{})
		copy(rs[i+2:], rs[i+1:])
		rs[i+1] = Range{n, n}
		*s = rs
		return
	}
	if i+1 < len(rs) && rs[i+1].First == n+1 {
		rs[i].Last = rs[i+1].Last
		*s = append(rs[:i+1], rs[i+2:]...)
	}
}

func (s ranges) clone() []Range { return append([]Range(nil), s...) }
