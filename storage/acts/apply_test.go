package acts_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage/acts"
	"qianshao/storage/index"
	"qianshao/storage/timeline"
)

// The effect of acts is the same in whatever order and however often they come.
func TestApplyInAnyOrder(t *testing.T) {
	t.Parallel()
	opened := reason("r1", 10)
	opened.Span.To = timeline.Forever
	closed := *opened
	closed.ID, closed.Of, closed.Span.To = "r2", "r1", 99
	release := acts.Act{ID: "rel", Kind: acts.Release, Of: "h1", Camera: camera, At: 5}
	expire := acts.Act{ID: "e1", Kind: acts.Expire, Stream: camera.Stream(0), Span: timeline.Span{From: 1, To: 9}, At: 6}
	erase := acts.Act{
		ID: "w1", Kind: acts.Erase, Camera: camera, Cause: timeline.ConsentWithdrawn,
		Span: timeline.Span{From: 200, To: 300}, At: 7,
	}
	h1, h2 := *hold("h1"), *hold("h2")
	h1.At, h2.At = 3, 4
	all := []acts.Act{*opened, closed, h1, release, h2, expire, erase}
	reversed := []acts.Act{erase, expire, h2, release, h1, closed, *opened}

	for name, order := range map[string][]acts.Act{
		"as written": all, "reversed": reversed, "twice": append(append([]acts.Act{}, all...), reversed...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := index.Open(t.Context(), index.Config{Path: filepath.Join(t.TempDir(), "index.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			for _, a := range order {
				if err := acts.Apply(t.Context(), db, a); err != nil {
					t.Fatal(err)
				}
			}
			causes, err := db.Causes(t.Context(), camera.Stream(0), timeline.Span{To: timeline.Forever})
			if err != nil {
				t.Fatal(err)
			}
			want := []index.CauseInterval{
				{ID: "e1", Stream: camera.Stream(0), Span: timeline.Span{From: 1, To: 9}, Cause: timeline.Expired},
				{ID: "r1", Stream: camera.Stream(0), Span: timeline.Span{From: 10, To: 99}, Cause: timeline.Stalled, Source: "ingest"},
				{ID: "w1.0", Stream: camera.Stream(0), Span: timeline.Span{From: 200, To: 300}, Cause: timeline.ConsentWithdrawn},
			}
			if diff := cmp.Diff(want, causes); diff != "" {
				t.Errorf("causes (-want +got)\n%s", diff)
			}
			holds, err := db.Holds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]index.Hold{{ID: "h2", Camera: camera, Span: h2.Span}}, holds); diff != "" {
				t.Errorf("holds (-want +got)\n%s", diff)
			}
			if seen, err := db.Seen(t.Context(), "w1"); err != nil || !seen {
				t.Errorf("w1 is not noted as seen: %v", err)
			}
		})
	}
}
