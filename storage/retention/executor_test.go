package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/retention"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
)

// house is an archive of two cameras with four segments each, and the
// means to stop it at any step.
type house struct {
	t     *testing.T
	path  string // of the index
	disk  vfs.FS // holds acts
	store *stepStore
	rows  []index.Row

	db  *index.DB
	log *acts.Log
	ex  *retention.Executor
}

// stepStore calls step before and after every change: a test stops there.
type stepStore struct {
	*memblob.Store
	mu   sync.Mutex
	step func(what string)
}

func (s *stepStore) stepped(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.step != nil {
		s.step(what)
	}
}

func (s *stepStore) Put(ctx context.Context, key string, c blob.Content) error {
	s.stepped("before put")
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.Store.Put(ctx, key, c)
	s.stepped("after put")
	return err
}

func (s *stepStore) Delete(ctx context.Context, key string) error {
	s.stepped("before delete")
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.Store.Delete(ctx, key)
	s.stepped("after delete")
	return err
}

const hourStart = 1_764_000_000 * timeline.Second

var houseWindow = timeline.Span{From: hourStart - timeline.Hour, To: hourStart + 2*timeline.Hour}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, path: filepath.Join(t.TempDir(), "index.db"), disk: crashfs.New(), store: &stepStore{Store: memblob.New(t)}}
	h.open()
	c := &planCase{}
	for _, letter := range []string{"a", "b"} {
		for _, r := range c.makeRows(streamOf(letter), hourStart, 4, 300, 5, index.Stored) {
			body := bytes.Repeat([]byte{byte(r.Seq)}, int(r.Bytes))
			content := blob.Bytes(body)
			r.SHA256 = content.SHA256
			if err := h.store.Store.Put(t.Context(), r.Key().String(), content); err != nil {
				t.Fatal(err)
			}
			h.rows = append(h.rows, r)
		}
	}
	if _, err := h.db.Add(t.Context(), h.rows...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.db, err = index.Open(h.t.Context(), index.Config{Path: h.path}); err != nil {
		h.t.Fatal(err)
	}
	if h.log, err = acts.Open(h.t.Context(), acts.Config{FS: h.disk, Store: h.store}); err != nil {
		h.t.Fatal(err)
	}
	h.ex = retention.New(retention.Config{Index: h.db, Acts: h.log, Delete: func(ctx context.Context, r index.Row) error {
		return h.store.Delete(ctx, r.Key().String())
	}})
}

func (h *house) close() {
	h.t.Helper()
	if err := errors.Join(h.db.Close(), h.log.Close()); err != nil {
		h.t.Error(err)
	}
}

func (h *house) restart() {
	h.t.Helper()
	h.close()
	h.open()
}

func (h *house) visible(s media.StreamID) []index.Row {
	h.t.Helper()
	rows, err := h.db.Rows(h.t.Context(), s, houseWindow, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return rows
}

func (h *house) has(r index.Row) bool {
	h.t.Helper()
	_, err := h.store.Head(h.t.Context(), r.Key().String())
	if err != nil && !errors.Is(err, blob.ErrNotExist) {
		h.t.Fatal(err)
	}
	return err == nil
}

// audit checks what must hold at every moment: what can be found has its bytes,
// and what has lost them was expired by an act in the store, and by none else.
func (h *house) audit() {
	h.t.Helper()
	for _, s := range []media.StreamID{streamOf("a"), streamOf("b")} {
		for _, r := range h.visible(s) {
			if !h.has(r) {
				h.t.Errorf("%s is visible without its object", r.Key())
			}
		}
	}
	var list []acts.Act
	err := acts.Replay(h.t.Context(), h.store, func(a acts.Act) error {
		list = append(list, a)
		return nil
	})
	if err != nil {
		h.t.Error(err)
	}
	for _, r := range h.rows {
		removed := slices.ContainsFunc(list, func(a acts.Act) bool { return a.Removes(r.Stream, r.Span.From) })
		if !h.has(r) && !removed {
			h.t.Errorf("%s was deleted without an act", r.Key())
		}
	}
}

// keep3 deletes the 5 oldest of the 8 segments.
var keep3 = retention.Policy{MaxBytes: 3 * 5}

// TestStopAtEveryStep stops a pass before and after every change of the store
// and of the index behind it, starts again, and expects the same end.
func TestStopAtEveryStep(t *testing.T) {
	t.Parallel()
	for stop := 1; ; stop++ {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		n, at := 0, ""
		h.store.step = func(what string) {
			if n++; n == stop {
				at = fmt.Sprintf("step %d, %s", n, what)
				cancel()
			}
		}
		_, err := h.ex.Pass(ctx, keep3, retention.Facts{Free: -1})
		h.store.step = nil
		cancel()
		if at == "" { // the pass had no step left to stop at
			if err != nil {
				t.Error(err)
			}
			if stop < 12 {
				t.Errorf("only %d steps", stop)
			}
			return
		}
		h.audit()
		h.restart()
		h.audit()
		for range 2 { // the second finds nothing to do
			if _, err := h.ex.Pass(t.Context(), keep3, retention.Facts{Free: -1}); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
		h.checkKept(at, 3)
		if t.Failed() {
			return
		}
	}
}

// checkKept expects the newest rows visible with their objects, all others
// gone, and the gap explained.
func (h *house) checkKept(at string, kept int) {
	h.t.Helper()
	h.audit()
	byAge := slices.Clone(h.rows)
	slices.SortStableFunc(byAge, func(a, b index.Row) int { return int(a.Span.From - b.Span.From) })
	for i, r := range byAge {
		want := i >= len(byAge)-kept
		if got := h.has(r); got != want {
			h.t.Errorf("%s: object of %s: %v, want %v", at, r.Key(), got, want)
		}
		if _, err := h.db.Get(h.t.Context(), r.ID); (err == nil) != want {
			h.t.Errorf("%s: row of %s: %v, want %v", at, r.Key(), err, want)
		}
	}
	all := timeline.Span{From: hourStart, To: hourStart + 4*300*timeline.Second}
	_, gaps, err := h.db.Gaps(h.t.Context(), streamOf("a"), []timeline.Span{all}, all)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(gaps) != 1 || gaps[0].Cause != timeline.Expired {
		h.t.Errorf("%s: gaps are %v", at, gaps)
	}
}

func TestStoreAwayDeletesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.store.step = func(string) { cancel() }
	if _, err := h.ex.Pass(ctx, keep3, retention.Facts{Free: -1}); err == nil {
		t.Error("a pass without store succeeded")
	}
	h.store.step = nil
	for _, r := range h.rows {
		if !h.has(r) {
			t.Errorf("%s was deleted", r.Key())
		}
	}
}

func TestSafeModeStopsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := h.db.Hide(t.Context(), nil, h.rows[0].ID); err != nil { // left by an earlier pass
		t.Fatal(err)
	}
	if err := h.db.EnterSafeMode(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ex.Pass(t.Context(), keep3, retention.Facts{Free: -1}); !errors.Is(err, retention.ErrSafeMode) {
		t.Errorf("pass: %v", err)
	}
	for _, r := range h.rows {
		if !h.has(r) {
			t.Errorf("%s was deleted in safe mode", r.Key())
		}
	}
	if err := h.db.EndSafeMode(t.Context()); err != nil {
		t.Fatal(err)
	}
	rep, err := h.ex.Pass(t.Context(), keep3, retention.Facts{Free: -1})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Deleted != 5 {
		t.Errorf("%d deleted, want 5", rep.Deleted)
	}
}

// A hold that comes between plan and deletion still counts.
func TestLateHoldKeeps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.store.step = func(what string) {
		if what == "before put" { // the act is on its way, nothing is hidden yet
			h.store.step = nil
			err := h.db.Hold(t.Context(), index.Hold{
				ID: "h", Camera: streamOf("a").Camera(),
				Span: timeline.Span{From: hourStart, To: hourStart + 1},
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	rep, err := h.ex.Pass(t.Context(), keep3, retention.Facts{Free: -1})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Held != 1 || rep.Deleted != 4 || !h.has(h.rows[0]) {
		t.Errorf("held %d, deleted %d, first object there: %v", rep.Held, rep.Deleted, h.has(h.rows[0]))
	}
}

// failing is an Executor that deletes what before has nothing against.
func (h *house) failing(before func(index.Row) error) *retention.Executor {
	return retention.New(retention.Config{Index: h.db, Acts: h.log, Delete: func(ctx context.Context, r index.Row) error {
		if err := before(r); err != nil {
			return err
		}
		return h.store.Delete(ctx, r.Key().String())
	}})
}

// One object that cannot be deleted does not keep the others.
func TestFailedDeletionIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stuck, broken := h.rows[2], true
	ex := h.failing(func(r index.Row) error {
		if r.ID == stuck.ID && broken {
			return errors.New("access denied")
		}
		return nil
	})
	rep, err := ex.Pass(t.Context(), keep3, retention.Facts{Free: -1})
	if err == nil || rep.Deleted != 4 {
		t.Errorf("deleted %d, %v", rep.Deleted, err)
	}
	broken = false
	if rep, err = ex.Pass(t.Context(), keep3, retention.Facts{Free: -1}); err != nil || rep.Deleted != 1 {
		t.Errorf("deleted %d, %v", rep.Deleted, err)
	}
	h.checkKept("after", 3)
}
