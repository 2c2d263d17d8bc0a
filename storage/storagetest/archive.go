package storagetest

import (
	"bytes"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"

	"qianshao/storage"
	"qianshao/storage/blob"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/vfs"
)

// Archive is a real archive in a temporary folder: spool, file store, SQLite.
type Archive struct {
	*storage.Archive
	t   testing.TB
	dir string
	seq map[media.StreamID]uint32
}

// New makes an empty archive that is closed with the test.
func New(t testing.TB) *Archive {
	t.Helper()
	a := &Archive{t: t, dir: t.TempDir(), seq: map[media.StreamID]uint32{}}
	a.open()
	t.Cleanup(func() {
		if err := a.Index.Close(); err != nil {
			t.Errorf("close index: %v", err)
		}
	})
	return a
}

func (a *Archive) open() {
	a.t.Helper()
	fsys, err := vfs.Dir(a.dir)
	if err != nil {
		a.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff, Log: log})
	if err != nil {
		a.t.Fatal(err)
	}
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: a.dir})
	if err != nil {
		a.t.Fatal(err)
	}
	db, err := index.Open(a.t.Context(), index.Config{Path: filepath.Join(a.dir, "index.db"), Log: log})
	if err != nil {
		a.t.Fatal(err)
	}
	a.Archive = &storage.Archive{Spool: sp, Store: store, Index: db, Log: log}
}

// Dir is the data folder.
func (a *Archive) Dir() string { return a.dir }

// Reopen closes everything and opens it again, as a restart does: open
// segments are recovered, sealed and indexed.
func (a *Archive) Reopen() {
	a.t.Helper()
	if err := a.Index.Close(); err != nil {
		a.t.Fatal(err)
	}
	a.open()
	err := a.Spool.Recover(a.t.Context(), func(v *spool.Sealed) error {
		_, err := a.Index.Add(a.t.Context(), storage.SealedRow(v))
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// index adds a sealed segment and, if asked, moves it to the store.
func (a *Archive) index(v *spool.Sealed, toStore bool) {
	a.t.Helper()
	ctx := a.t.Context()
	if _, err := a.Index.Add(ctx, storage.SealedRow(v)); err != nil {
		a.t.Fatal(err)
	}
	if toStore {
		a.Upload(v.Key, v.Bytes, v.SHA256)
	}
}

// Upload moves a sealed segment from the spool to the store.
func (a *Archive) Upload(key segment.Key, size int64, sum [32]byte) {
	a.t.Helper()
	ctx := a.t.Context()
	f, err := a.Spool.OpenSealed(key)
	if err != nil {
		a.t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil {
		a.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		a.t.Fatal(err)
	}
	c := blob.Content{Size: size, SHA256: sum, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
	if err := a.Store.Put(ctx, key.String(), c); err != nil {
		a.t.Fatal(err)
	}
	if err := a.Index.SetStored(ctx, key.ID); err != nil {
		a.t.Fatal(err)
	}
	if err := a.Spool.Remove(key); err != nil {
		a.t.Fatal(err)
	}
}

// Files lists the names in the spool.
func (a *Archive) Files() []fs.DirEntry {
	a.t.Helper()
	fsys, err := vfs.Dir(a.dir)
	if err != nil {
		a.t.Fatal(err)
	}
	list, err := fsys.ReadDir("spool")
	if err != nil {
		a.t.Fatal(err)
	}
	return list
}
