package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/timeline"
)

// withdraw is an erasure of all of camera a, of which the second segment is held.
func (h *house) withdraw() *acts.Act {
	h.t.Helper()
	second := h.rows[1].Span
	err := h.db.Hold(h.t.Context(), index.Hold{ID: "a_case", Camera: streamOf("a").Camera(), Span: timeline.Span{From: second.From + 1, To: second.From + 2}})
	if err != nil {
		h.t.Fatal(err)
	}
	return &acts.Act{
		ID: "a_withdrawn", Kind: acts.Erase, Camera: streamOf("a").Camera(), Span: timeline.Span{From: 0, To: hourStart + timeline.Hour},
		Cause: timeline.ConsentWithdrawn, Source: "household", At: hourStart + timeline.Hour,
	}
}

// An erasure is stopped before and after every change of the store, and taken up again:
// in the end all that is not held is gone, the rest is untouched, and the gap says why.
func TestEraseStopsAtEveryStep(t *testing.T) {
	t.Parallel()
	for stop := 1; ; stop++ {
		h := newHouse(t)
		act := h.withdraw()
		ctx, cancel := context.WithCancel(t.Context())
		n, at := 0, ""
		h.store.step = func(what string) {
			if n++; n == stop {
				at = fmt.Sprintf("step %d, %s", n, what)
				cancel()
			}
		}
		_, err := h.ex.Erase(ctx, act)
		h.store.step = nil
		cancel()
		if at == "" {
			if err != nil {
				t.Error(err)
			}
			if stop < 6 {
				t.Errorf("only %d steps", stop)
			}
			h.checkErased("unstopped")
			return
		}
		h.audit()
		h.restart()
		h.audit()
		for range 2 { // the second finds nothing to do
			if _, err := h.ex.Erase(t.Context(), act); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
		h.checkErased(at)
		if t.Failed() {
			return
		}
	}
}

// checkErased expects of camera a the held segment alone, and camera b as it was.
func (h *house) checkErased(at string) {
	h.t.Helper()
	h.audit()
	for i, r := range h.rows {
		want := r.Stream != streamOf("a") || i == 1
		if got := h.has(r); got != want {
			h.t.Errorf("%s: object of %s: %v, want %v", at, r.Key(), got, want)
		}
		if _, err := h.db.Get(h.t.Context(), r.ID); (err == nil) != want {
			h.t.Errorf("%s: row of %s: %v, want %v", at, r.Key(), err, want)
		}
	}
	var want, got []index.Erased
	for i, r := range h.rows {
		if r.Stream == streamOf("a") && i != 1 {
			want = append(want, index.Erased{ID: r.ID, Span: r.Span, Bytes: r.Bytes, SHA256: r.SHA256})
		}
	}
	got, err := h.db.ErasedBy(h.t.Context(), "a_withdrawn")
	if d := cmp.Diff(want, got); err != nil || d != "" {
		h.t.Errorf("%s: erased %s, %v", at, d, err)
	}
	if hidden, held, err := h.db.ErasureLeft(h.t.Context(), "a_withdrawn"); hidden != 0 || held != 1 || err != nil {
		h.t.Errorf("%s: left: %d hidden, %d held, %v", at, hidden, held, err)
	}
	all := timeline.Span{From: hourStart, To: hourStart + 4*300*timeline.Second}
	_, gaps, err := h.db.Gaps(h.t.Context(), streamOf("a"), []timeline.Span{all}, all)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, g := range gaps {
		if g.Cause != timeline.ConsentWithdrawn {
			h.t.Errorf("%s: gap %v", at, g)
		}
	}
	if len(gaps) != 2 {
		h.t.Errorf("%s: gaps %v", at, gaps)
	}
}

// The store is away: everything is hidden at once, and deleted when it is back. In safe
// mode, too.
func TestEraseStoreAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.db.EnterSafeMode(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	act := h.withdraw()
	ctx, cancel := context.WithCancel(t.Context())
	h.store.step = func(string) { cancel() }
	if _, err := h.ex.Erase(ctx, act); err == nil {
		t.Error("erased without a store")
	}
	h.store.step = nil
	for _, r := range h.rows {
		if !h.has(r) {
			t.Errorf("%s was deleted before its act was in the store", r.Key())
		}
	}
	rep, err := h.ex.Erase(t.Context(), act)
	if err != nil || rep.Deleted != 3 {
		t.Errorf("deleted %d, %v", rep.Deleted, err)
	}
	h.checkErased("store away")
}

// What comes after the erasure, an upload that was under way or a rebuilt index, is
// hidden as it comes, and deleted; what is recorded after its end stays.
func TestEraseWhatComesLater(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	act := h.withdraw()
	if _, err := h.ex.Erase(t.Context(), act); err != nil {
		t.Fatal(err)
	}
	late, after := h.rows[0], h.rows[0]
	late.Seq, late.Boot = 90, 2
	after.Seq, after.Boot = 91, 2
	after.Span = timeline.Span{From: act.Span.To, To: act.Span.To + timeline.Minute}
	for _, r := range []*index.Row{&late, &after} {
		content := blob.Bytes(bytes.Repeat([]byte{byte(r.Seq)}, int(r.Bytes)))
		r.SHA256 = content.SHA256
		if err := h.store.Store.Put(t.Context(), r.Key().String(), content); err != nil {
			t.Fatal(err)
		}
	}
	h.restart()
	if _, err := h.db.Add(t.Context(), late, after); err != nil {
		t.Fatal(err)
	}
	if rows := h.visible(streamOf("a")); len(rows) != 2 || rows[1].ID != after.ID {
		t.Errorf("visible: %v", rows)
	}
	rep, err := h.ex.FinishErased(t.Context())
	if err != nil || rep.Deleted != 1 || h.has(late) || !h.has(after) {
		t.Errorf("deleted %d, late there %v, after there %v, %v", rep.Deleted, h.has(late), h.has(after), err)
	}
	if got, err := h.db.ErasedBy(t.Context(), act.ID); err != nil || len(got) != 4 {
		t.Errorf("erased %d, %v", len(got), err)
	}
}

// When the hold ends, what it kept follows.
func TestEraseWhatAHoldKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	act := h.withdraw()
	if _, err := h.ex.Erase(t.Context(), act); err != nil {
		t.Fatal(err)
	}
	if held, err := h.db.ErasureHeld(t.Context(), act.ID); err != nil || len(held) != 1 || held[0].ID != h.rows[1].ID {
		t.Errorf("held %v, %v", held, err)
	}
	if err := h.db.Release(t.Context(), "a_case"); err != nil {
		t.Fatal(err)
	}
	rep, err := h.ex.FinishErased(t.Context())
	if err != nil || rep.Deleted != 1 || h.has(h.rows[1]) || len(h.visible(streamOf("a"))) != 0 {
		t.Errorf("deleted %d, there %v, %v", rep.Deleted, h.has(h.rows[1]), err)
	}
	if hidden, held, err := h.db.ErasureLeft(t.Context(), act.ID); hidden != 0 || held != 0 || err != nil {
		t.Errorf("left: %d hidden, %d held, %v", hidden, held, err)
	}
}

// One object that cannot be deleted is named and tried again; the call ends.
func TestEraseThatFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	act := h.withdraw()
	broken := true
	refused := errors.New("access denied")
	h.store.step = nil
	ex := h.failing(func(r index.Row) error {
		if broken && r.ID == h.rows[2].ID {
			return refused
		}
		return nil
	})
	if rep, err := ex.Erase(t.Context(), act); !errors.Is(err, refused) || rep.Deleted != 2 {
		t.Errorf("deleted %d, %v", rep.Deleted, err)
	}
	broken = false
	if rep, err := ex.FinishErased(t.Context()); err != nil || rep.Deleted != 1 {
		t.Errorf("deleted %d, %v", rep.Deleted, err)
	}
	h.checkErased("failed once")
}
