package storage_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/index"
)

// keeper is a store without Adopt, so that every segment is put, and says when.
type keeper struct {
	blob.Store
	put func(key string) error // before the object is stored; may be nil
}

func (s *keeper) Put(ctx context.Context, key string, c blob.Content) error {
	if err := s.put(key); err != nil {
		return err
	}
	return s.Store.Put(ctx, key, c)
}

// stands fails unless each row is in the state wanted of it, 0 for a row that is
// not there, and lies in the spool just as long as it is not stored.
func (h *house) stands(t *testing.T, rows []index.Row, want ...index.State) {
	t.Helper()
	for i, r := range rows {
		got, err := h.Index.Get(t.Context(), r.ID)
		if want[i] == 0 {
			if !errors.Is(err, index.ErrNotExist) {
				t.Errorf("row %d: %v, %v; want none", i, got.State, err)
			}
			continue
		}
		if err != nil || got.State != want[i] {
			t.Errorf("row %d: %v, %v; want %v", i, got.State, err, want[i])
		}
		if _, err := h.Spool.Stat(r.Key()); errors.Is(err, fs.ErrNotExist) != (want[i] == index.Stored) {
			t.Errorf("row %d, %v, in the spool: %v", i, want[i], err)
		}
	}
}

// A store that fails at one segment has those before it, and they are noted.
func TestStoredBeforeAFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rows := h.record(t, camera.Stream(0), 4)
	down, away := errors.New("the store is down"), true
	h.Archive.Uploads = 1
	h.Archive.Store = &keeper{h.Store, func(key string) error {
		if away && key == rows[2].Key().String() {
			return down
		}
		return nil
	}}
	if err := h.Drain(t.Context()); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	h.stands(t, rows, index.Stored, index.Stored, index.Spooled, index.Spooled)
	away = false
	if err := h.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	h.stands(t, rows, index.Stored, index.Stored, index.Stored, index.Stored)
}

// A segment that is erased while it is being stored holds up no other.
func TestErasedWhileStored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rows := h.record(t, camera.Stream(0), 3)
	h.Archive.Uploads = 1
	h.Archive.Store = &keeper{h.Store, func(key string) error {
		if key != rows[1].Key().String() {
			return nil
		}
		_, err := h.Index.Hide(t.Context(), nil, rows[1].ID)
		return errors.Join(err, h.Index.Drop(t.Context(), rows[1].ID))
	}}
	if err := h.Drain(t.Context()); !errors.Is(err, index.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	h.stands(t, rows, index.Stored, 0, index.Stored)
}

// A household withdraws while its footage is on its way to the store: the deletion
// waits for what it has stopped, and in the end nothing is there.
func TestDeletedWhileStored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rows := h.record(t, camera.Stream(0), 8)
	h.Archive.Uploads = 2
	base := h.Store
	deleted := make(chan error, len(rows))
	h.Archive.Store = &keeper{base, func(key string) error {
		for i := range rows {
			if key == rows[i].Key().String() && i%2 == 0 {
				_, err := h.Index.Hide(t.Context(), nil, rows[i].ID)
				go func() { deleted <- errors.Join(err, h.Archive.Delete(t.Context(), rows[i])) }()
			}
		}
		return nil
	}}
	if err := h.Drain(t.Context()); err != nil {
		t.Errorf("drain: %v", err)
	}
	for range len(rows) / 2 {
		if err := <-deleted; err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	for i, r := range rows {
		want := i%2 != 0
		if _, err := base.Head(t.Context(), r.Key().String()); (err == nil) != want || err != nil && !errors.Is(err, blob.ErrNotExist) {
			t.Errorf("object %d: %v, want it there: %v", i, err, want)
		}
		if _, err := h.Spool.Stat(r.Key()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("row %d in the spool: %v", i, err)
		}
	}
}
