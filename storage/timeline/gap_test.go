package timeline_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qianshao/storage/internal/textcase"
	"qianshao/storage/timeline"
)

func TestGapsAgainstSeconds(t *testing.T) {
	t.Parallel()
	all := timeline.Causes()
	rapid.Check(t, func(t *rapid.T) {
		enrolled, covered := spans().Draw(t, "enrolled"), spans().Draw(t, "covered")
		causes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) timeline.Interval {
			return timeline.Interval{Span: span(t), Cause: rapid.SampledFrom(all).Draw(t, "cause")}
		}), 0, 8).Draw(t, "causes")

		in, has := secondsOf(enrolled), secondsOf(covered)
		var want []timeline.Gap
		for i := range timeline.Micros(oracleSeconds) {
			if !in[i] || has[i] {
				continue
			}
			cause := timeline.Unknown
			for _, c := range causes {
				if c.Contains(i) && c.Cause.Priority() < cause.Priority() {
					cause = c.Cause
				}
			}
			if n := len(want); n > 0 && want[n-1].To == i && want[n-1].Cause == cause {
				want[n-1].To++
			} else {
				want = append(want, timeline.Gap{Span: timeline.Span{From: i, To: i + 1}, Cause: cause})
			}
		}
		if diff := cmp.Diff(want, timeline.Gaps(enrolled, covered, causes)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// TestCases runs the text cases of testdata: spans are written as from-to in
// plain numbers.
func TestCases(t *testing.T) {
	t.Parallel()
	textcase.Run(t, "testdata/*.txt", func(*testing.T) func(*testing.T, textcase.Case) string {
		return runCase
	})
}

func runCase(t *testing.T, c textcase.Case) string {
	t.Helper()
	sets := map[string][]timeline.Span{}
	var causes []timeline.Interval
	for _, line := range c.Input {
		words := strings.Fields(line)
		if words[0] == "cause" {
			cause, err := timeline.ParseCause(words[1])
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range words[2:] {
				causes = append(causes, timeline.Interval{Span: readSpan(t, w), Cause: cause})
			}
			continue
		}
		for _, w := range words[1:] {
			sets[words[0]] = append(sets[words[0]], readSpan(t, w))
		}
	}
	switch c.Cmd {
	case "union":
		return writeSpans(timeline.Union(sets["a"], sets["b"]))
	case "intersect":
		return writeSpans(timeline.Intersect(sets["a"], sets["b"]))
	case "subtract":
		return writeSpans(timeline.Subtract(sets["a"], sets["b"]))
	case "gaps", "absorb":
		gaps := timeline.Gaps(sets["enrolled"], sets["covered"], causes)
		if c.Cmd == "absorb" {
			slack, err := strconv.ParseInt(c.Args[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			gaps = timeline.Absorb(gaps, timeline.Cause(c.Args[0]), timeline.Micros(slack))
		}
		var b strings.Builder
		for _, g := range gaps {
			fmt.Fprintf(&b, "%d-%d %s\n", g.From, g.To, g.Cause)
		}
		return b.String()
	}
	t.Fatalf("line %d: no command %q", c.Line, c.Cmd)
	return ""
}

func readSpan(t *testing.T, s string) timeline.Span {
	t.Helper()
	from, to, ok := strings.Cut(s, "-")
	a, err1 := strconv.ParseInt(from, 10, 64)
	b, err2 := strconv.ParseInt(to, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		t.Fatalf("span %q is not from-to", s)
	}
	return timeline.Span{From: timeline.Micros(a), To: timeline.Micros(b)}
}

func writeSpans(spans []timeline.Span) string {
	var words []string
	for _, s := range spans {
		words = append(words, fmt.Sprintf("%d-%d", s.From, s.To))
	}
	return strings.Join(words, " ")
}

func TestCausePriority(t *testing.T) {
	t.Parallel()
	for i, c := range timeline.Causes() {
		if c.Priority() != i {
			t.Errorf("%s has priority %d, want %d", c, c.Priority(), i)
		}
		if _, err := timeline.ParseCause(string(c)); err != nil {
			t.Error(err)
		}
	}
	if got, want := timeline.Cause("from a later version").Priority(), timeline.Unknown.Priority(); got != want {
		t.Errorf("an unlisted cause has priority %d, want %d", got, want)
	}
	if _, err := timeline.ParseCause(""); err == nil {
		t.Error("the empty text is no cause")
	}
}
