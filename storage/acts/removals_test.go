package acts_test

import (
	"testing"

	"pgregory.net/rapid"

	"qianshao/storage/acts"
	"qianshao/storage/timeline"
)

// Removals says what asking every act says.
func TestRemovalsAgainstActs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []acts.Act
		var r acts.Removals
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			from := timeline.Micros(rapid.IntRange(1, 40).Draw(t, "from"))
			a := acts.Act{
				Kind: rapid.SampledFrom([]acts.Kind{acts.Expire, acts.Erase, acts.Hold}).Draw(t, "kind"),
				Span: timeline.Span{From: from, To: from + timeline.Micros(rapid.IntRange(0, 20).Draw(t, "length"))},
			}
			if a.Kind == acts.Erase {
				a.Camera = camera
			} else {
				a.Stream = camera.Stream(rapid.IntRange(0, 1).Draw(t, "stream"))
			}
			if rapid.Bool().Draw(t, "last") {
				a.LastStart = timeline.Micros(rapid.IntRange(int(from), int(a.Span.To)).Draw(t, "last start"))
			}
			list = append(list, a)
			r.Add(&a)
		}
		for at := range timeline.Micros(62) {
			for n := range 2 {
				want := false
				for _, a := range list {
					want = want || a.Removes(camera.Stream(n), at)
				}
				if got := r.Has(camera.Stream(n), at); got != want {
					t.Fatalf("stream %d at %d: %v, want %v", n, at, got, want)
				}
			}
		}
	})
}
