package retention_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage/acts"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/retention"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// The database is lost after a pass that a crash cut short: rebuilt from the
// store alone, the index does not bring back what expired, still holds what was
// held, and names the same gaps.
func TestLostDatabaseForgetsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := &acts.Act{
		ID: "h1", Kind: acts.Hold, Stream: streamOf("b"), Source: "operator",
		Span: timeline.Span{From: hourStart, To: hourStart + 1},
	}
	if err := h.log.AppendWait(t.Context(), hold); err != nil {
		t.Fatal(err)
	}
	if err := acts.Apply(t.Context(), h.db, *hold); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.store.step = func(what string) {
		if what == "after delete" { // the act is in the store, the rows are hidden, some objects are left
			cancel()
		}
	}
	if _, err := h.ex.Pass(ctx, keep3, retention.Facts{Free: -1}); err == nil {
		t.Fatal("the pass was not cut short")
	}
	h.store.step = nil
	kept := append(h.visible(streamOf("a")), h.visible(streamOf("b"))...)
	gaps := h.gaps()

	h.close()
	h.path = filepath.Join(t.TempDir(), "new.db")
	h.open()
	h.reindex()
	if diff := cmp.Diff(places(kept), places(append(h.visible(streamOf("a")), h.visible(streamOf("b"))...))); diff != "" {
		t.Errorf("visible rows (-before +after)\n%s", diff)
	}
	if diff := cmp.Diff(gaps, h.gaps()); diff != "" {
		t.Errorf("gaps (-before +after)\n%s", diff)
	}
	// Deletes are off until an operator ends that; then the pass is finished.
	if err := h.db.EndSafeMode(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ex.Pass(t.Context(), retention.Policy{}, retention.Facts{Free: -1}); err != nil {
		t.Fatal(err)
	}
	objects := 0
	for _, r := range h.rows {
		if h.has(r) {
			objects++
		}
	}
	if objects != len(kept) || !h.has(h.rows[4]) {
		t.Errorf("%d objects for %d rows; the held one is there: %v", objects, len(kept), h.has(h.rows[4]))
	}
}

// reindex is the storage side of a reindex: acts first, then objects.
func (h *house) reindex() {
	h.t.Helper()
	ctx := h.t.Context()
	if err := h.db.Meet(ctx, "store", false); err != nil {
		h.t.Fatal(err)
	}
	var gone acts.Removals
	err := acts.Replay(ctx, h.store, func(a acts.Act) error {
		gone.Add(&a)
		return acts.Apply(ctx, h.db, a)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for info, err := range h.store.List(ctx, segment.Root, "") {
		if err != nil {
			h.t.Fatal(err)
		}
		if strings.HasPrefix(info.Key, acts.Prefix) {
			continue
		}
		key, err := segment.ParseKey(info.Key)
		if err != nil {
			h.t.Fatal(err)
		}
		r := index.Row{ID: key.ID, Span: key.Span, State: index.Stored, Bytes: info.Size}
		copy(r.SHA256[:], key.SHA[:])
		if _, err := h.db.Add(ctx, r); err != nil {
			h.t.Fatal(err)
		}
		if gone.Has(key.Stream, key.Span.From) {
			// Hide leaves what is held.
			if _, err := h.db.Hide(ctx, nil, key.ID); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

func (h *house) gaps() (out []timeline.Gap) {
	h.t.Helper()
	all := timeline.Span{From: hourStart, To: hourStart + 4*300*timeline.Second}
	for _, s := range []media.StreamID{streamOf("a"), streamOf("b")} {
		_, gaps, err := h.db.Gaps(h.t.Context(), s, []timeline.Span{all}, all)
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, gaps...)
	}
	return out
}

func places(rows []index.Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.Key().String())
	}
	return out
}
