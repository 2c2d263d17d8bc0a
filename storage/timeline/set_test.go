package timeline_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qianshao/storage/timeline"
)

// The oracle keeps time as a row of seconds: it shares no idea with the sweeps.
const oracleSeconds = 60

type seconds [oracleSeconds]bool

func secondsOf(spans []timeline.Span) (s seconds) {
	for _, sp := range spans {
		for i := sp.From; i < sp.To; i++ {
			s[i] = true
		}
	}
	return s
}

func (s seconds) spans() (out []timeline.Span) {
	for i := 0; i < len(s); i++ {
		if !s[i] {
			continue
		}
		from := i
		for i < len(s) && s[i] {
			i++
		}
		out = append(out, timeline.Span{From: timeline.Micros(from), To: timeline.Micros(i)})
	}
	return out
}

// spans draws spans in any order, some empty, some reversed.
func spans() *rapid.Generator[[]timeline.Span] {
	return rapid.SliceOfN(rapid.Custom(span), 0, 8)
}

func span(t *rapid.T) timeline.Span {
	end := rapid.IntRange(0, oracleSeconds)
	return timeline.Span{From: timeline.Micros(end.Draw(t, "from")), To: timeline.Micros(end.Draw(t, "to"))}
}

func TestSetsAgainstSeconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := spans().Draw(t, "a"), spans().Draw(t, "b")
		keepA, keepB := slices.Clone(a), slices.Clone(b)
		sa, sb := secondsOf(a), secondsOf(b)
		within := span(t)
		var union, both, minus, rest seconds
		for i := range sa {
			union[i] = sa[i] || sb[i]
			both[i] = sa[i] && sb[i]
			minus[i] = sa[i] && !sb[i]
			rest[i] = within.Contains(timeline.Micros(i)) && !sa[i]
		}
		check := func(name string, got []timeline.Span, want seconds) {
			if diff := cmp.Diff(want.spans(), got); diff != "" {
				t.Fatalf("%s (-want +got)\n%s", name, diff)
			}
		}
		check("Normalize", timeline.Normalize(a), sa)
		check("Union", timeline.Union(a, b), union)
		check("Intersect", timeline.Intersect(a, b), both)
		check("Subtract", timeline.Subtract(a, b), minus)
		check("Complement", timeline.Complement(within, a), rest)
		if got, want := timeline.Total(a), timeline.Total(sa.spans()); got != want {
			t.Fatalf("Total = %d, want %d", got, want)
		}
		if !slices.Equal(a, keepA) || !slices.Equal(b, keepB) {
			t.Fatal("an argument was changed")
		}
	})
}

func TestCloseAgainstSeconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := spans().Draw(t, "a")
		slack := timeline.Micros(rapid.IntRange(0, 10).Draw(t, "slack"))
		want := secondsOf(a)
		for _, hole := range timeline.Complement(timeline.Span{To: oracleSeconds}, want.spans()) {
			if hole.From == 0 || hole.To == oracleSeconds || hole.Len() > slack {
				continue // not a hole between two spans, or too long
			}
			for i := hole.From; i < hole.To; i++ {
				want[i] = true
			}
		}
		if diff := cmp.Diff(want.spans(), timeline.Close(a, slack), cmp.Transformer("nil", func(s []timeline.Span) []timeline.Span {
			return append([]timeline.Span{}, s...)
		})); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestBucketsAgainstSeconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, within := spans().Draw(t, "a"), span(t)
		width := timeline.Micros(rapid.IntRange(1, 70).Draw(t, "width"))
		in := secondsOf(a)
		var want []timeline.Micros
		for i := within.From; i < within.To; i++ {
			if (i-within.From)%width == 0 {
				want = append(want, 0)
			}
			if in[i] {
				want[len(want)-1]++
			}
		}
		if diff := cmp.Diff(want, timeline.Buckets(within, width, a)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}
