package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/memblob"
)

// refusing is a store that takes no snapshots.
type refusing struct{ blob.Store }

var errAway = errors.New("no route to host")

func (refusing) Put(context.Context, string, blob.Content) error { return errAway }

// After a rotation everything opens with the new key, and nothing that is left
// with the old one: not the database with its free pages, and not the store.
func TestRotateKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	store := memblob.New(nil)
	openHere := func() *Registry {
		t.Helper()
		r, err := Open(t.Context(), Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := openHere()
	const cameras = 40
	var drafts []Draft
	for n := range cameras {
		drafts = append(drafts, Draft{
			DeviceID: fmt.Sprint("C", n), URL: Set(fmt.Sprintf("rtsp://u:pass-%d@192.0.2.1/%d", n, n)),
		})
	}
	made, err := r.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.IssuePushKey(t.Context(), made[0].Camera, false); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := r.ShipSnapshot(t.Context(), store); err != nil {
			t.Fatal(err)
		}
	}
	passwords := func(r *Registry) (open, locked int) {
		t.Helper()
		for n, m := range made {
			cam, err := r.Get(t.Context(), m.Camera)
			if err != nil {
				t.Fatal(err)
			}
			s := cam.Streams[0]
			switch {
			case s.Locked:
				locked++
			case s.Password.Reveal() == fmt.Sprint("pass-", n) || n == 0 && !s.Push.IsZero():
				open++
			}
		}
		return open, locked
	}
	key := func() []byte {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	old := key()

	// The store is away: both keys stay, also over a start, and nothing is lost.
	if _, err := r.RotateKey(t.Context(), refusing{store}); !errors.Is(err, errAway) {
		t.Fatalf("the store is away: %v", err)
	}
	both := key()
	if n := bytes.Count(both, []byte("\n")); n != 2 || !bytes.HasSuffix(both, old) {
		t.Fatalf("%d keys are kept", n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = openHere()
	if n, locked := passwords(r); n != cameras || locked != 0 {
		t.Errorf("%d open, %d locked", n, locked)
	}

	// It is back: the same rotation is ended, with the same new key.
	out, err := r.RotateKey(t.Context(), store)
	if err != nil || out.Sealed != cameras || out.Locked != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := key(); !bytes.HasPrefix(both, got) || bytes.Count(got, []byte("\n")) != 1 || bytes.Equal(got, old) {
		t.Error("the key is not the new one alone")
	}
	if n, locked := passwords(r); n != cameras || locked != 0 {
		t.Errorf("%d open, %d locked", n, locked)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = openHere()
	if n, locked := passwords(r); n != cameras || locked != 0 {
		t.Errorf("after a start: %d open, %d locked", n, locked)
	}
	kept := 0
	for _, err := range store.List(t.Context(), snapshotPrefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		kept++
	}
	if kept != 1 {
		t.Errorf("%d snapshots are left", kept)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.RestoreNewest(t.Context(), store); err == nil {
		t.Error("a snapshot opened with another key")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	// Whoever has the old key alone opens nothing.
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	r = openHere()
	if n, locked := passwords(r); n != 0 || locked != cameras {
		t.Errorf("the old key opens %d, %d are locked", n, locked)
	}
	// Rotating with a key that opens nothing says so, and keeps the boxes.
	if out, err := r.RotateKey(t.Context(), store); err != nil || out.Sealed != 0 || out.Locked != cameras {
		t.Errorf("%+v, %v", out, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, both[:len(both)-len(old)], 0o600); err != nil {
		t.Fatal(err)
	}
	r = openHere()
	if n, locked := passwords(r); n != cameras || locked != 0 {
		t.Errorf("the right key is back: %d open, %d locked", n, locked)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// No box that the old key has sealed is left in the files.
func TestRotateLeavesNoOldBoxes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 { // overwritten again and again, removed, moved
		_, err := r.Upsert(t.Context(), []Draft{{DeviceID: fmt.Sprint("C", n%7), URL: Set(fmt.Sprintf("rtsp://u:pass-%d@192.0.2.1/", n))}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var box []byte
	if err := r.db.R().QueryRowContext(t.Context(), `SELECT password FROM streams LIMIT 1`).Scan(&box); err != nil {
		t.Fatal(err)
	}
	head := box[:5] // version and key id
	if n := inFiles(t, dir, head); n == 0 {
		t.Fatal("no box of the key is found before: the test looks for the wrong bytes")
	}
	if _, err := r.RotateKey(t.Context(), memblob.New(t)); err != nil {
		t.Fatal(err)
	}
	if n := inFiles(t, dir, head); n != 0 {
		t.Errorf("%d boxes of the old key are left", n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := inFiles(t, dir, head); n != 0 {
		t.Errorf("%d boxes of the old key are left after closing", n)
	}
}

// inFiles counts where bytes stand in the files of a folder.
func inFiles(t *testing.T, dir string, what []byte) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(b, what)
	}
	return n
}
