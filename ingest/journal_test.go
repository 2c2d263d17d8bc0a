package ingest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"qianshao/storage/acts"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/index"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// An index that takes no causes for a while, behind a busy disk, is told of all of
// them afterwards, without a new start.
func TestCausesAreIndexedLater(t *testing.T) {
	t.Parallel()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	fsys, err := vfs.Dir(dir)
	check(err)
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	check(err)
	al, err := acts.Open(t.Context(), acts.Config{FS: fsys, Store: store})
	check(err)
	defer func() { check(al.Close()) }()
	db, err := index.Open(t.Context(), index.Config{Path: filepath.Join(dir, "index.db")})
	check(err)
	defer func() { check(db.Close()) }()

	j := newJournal(al, db, slog.New(slog.DiscardHandler))
	works, busy := j.apply, errors.New("the disk is busy")
	j.apply = func(context.Context, ...acts.Act) error { return busy }
	const stream = "c_aaaaaaaaaaaaaaaa.0"
	cause := func(from timeline.Micros) *acts.Act {
		return &acts.Act{
			ID: acts.NewID(), Kind: acts.Reason, Stream: stream, Span: timeline.Span{From: from, To: from + timeline.Second},
			Cause: timeline.CameraOffline, Source: "ingest", At: from,
		}
	}
	known := func() int {
		t.Helper()
		list, err := db.Causes(t.Context(), stream, timeline.Span{To: timeline.Hour})
		check(err)
		return len(list)
	}
	for i := range 3 {
		j.note(cause(timeline.Micros(i) * timeline.Minute))
		if err := j.flush(); !errors.Is(err, busy) {
			t.Fatalf("%v, want to be tried again", err)
		}
	}
	if n := known(); n != 0 {
		t.Fatalf("%d causes in an index that takes none", n)
	}
	j.apply = works
	check(j.flush())
	if n := known(); n != 3 {
		t.Errorf("%d of 3 causes are indexed afterwards", n)
	}
	check(j.flush()) // nothing is left
	if len(j.unindexed) != 0 {
		t.Errorf("%d acts are kept", len(j.unindexed))
	}
}
