package storage_test

import (
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
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// Synthetic footage, as package storagetest makes it.
var (
	fragmentOf = storagetest.FragmentOf
	headOf     = storagetest.HeadOf
)

const (
	frameTicks  = storagetest.FrameTicks
	frameMicros = storagetest.FrameMicros
)

// house is an archive in a temporary folder, with what a test may want to break.
type house struct {
	*storage.Archive
	fs   vfs.FS
	dir  string
	next map[media.StreamID]*segment.Head // of the segment that goes on with the last
}

// start of all synthetic footage: 2026-11-23T09:00:00Z.
const start = 1_795_424_400 * timeline.Second

const (
	camera = media.CameraID("c_aaaaaaaaaaaaaaaa")
	other  = media.CameraID("c_bbbbbbbbbbbbbbbb")
)

func newHouse(t testing.TB) *house {
	t.Helper()
	dir := t.TempDir()
	fsys, err := vfs.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	return newHouseOn(t, dir, fsys, store)
}

func newHouseOn(t testing.TB, dir string, fsys vfs.FS, store blob.Store) *house {
	t.Helper()
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{fs: fsys, dir: dir, next: map[media.StreamID]*segment.Head{}}
	h.Archive = &storage.Archive{Spool: sp, Store: store, Index: newIndex(t), Log: slog.New(slog.DiscardHandler)}
	return h
}

func newIndex(t testing.TB) *index.DB {
	t.Helper()
	db, err := index.Open(t.Context(), index.Config{Path: filepath.Join(t.TempDir(), "index.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// record seals and indexes n segments of a stream, each of two fragments, that
// go on with those before.
func (h *house) record(t testing.TB, stream media.StreamID, n int) []index.Row {
	t.Helper()
	var rows []index.Row
	for range n {
		head := h.next[stream]
		if head == nil {
			head = headOf(segment.ID{Stream: stream, Epoch: 1, Boot: 1_795_424_390}, start)
		}
		f, err := h.Spool.Create(head)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			video := []byte("pictures of " + head.OpenFile() + " " + string(rune('a'+i)))
			fr := fragmentOf(int64(i)*25, 25, append(video, make([]byte, 400)...), []byte("sound"))
			if err := f.Append(fr); err != nil {
				t.Fatal(err)
			}
		}
		v, err := f.Seal(spool.End{Reason: segment.EndLength, LostPkts: uint64(head.Seq), ClockOff: 12, ClockUnc: 34})
		if err != nil {
			t.Fatal(err)
		}
		h.Sealed(t.Context(), f, v)
		rows = append(rows, storage.SealedRow(v))
		next := headOf(segment.ID{Stream: stream, Epoch: 1, Boot: head.Boot, Seq: head.Seq + 1}, v.Foot.End)
		next.NewRun, next.Break, next.Prev = false, "", v.SHA256
		h.next[stream] = next
	}
	return rows
}
