package index

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

// A full disk fails the writes of a round, says so to each of them, and leaves
// the index as it was; with room again everything goes on.
func TestFullDiskFailsAndHeals(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "index.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	limit := func(pages int) {
		t.Helper()
		if _, err := db.w.conn.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	stream := media.NewCameraID().Stream(0)
	next := timeline.Micros(0)
	add := func() error {
		next += timeline.Minute
		rows := make([]Row, 500)
		for i := range rows {
			from := next + timeline.Micros(i)
			rows[i] = Row{ID: segment.ID{Stream: stream, Epoch: 1, Boot: uint64(next), Seq: uint32(i)}, Span: timeline.Span{From: from, To: from + 1}}
		}
		_, err := db.Add(t.Context(), rows...)
		return err
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	before := db.Head()
	limit(1) // SQLite takes the present size: not one page more
	if err := add(); !sqldb.IsFull(err) {
		t.Errorf("on a full disk: %v", err)
	}
	if db.Head() != before {
		t.Errorf("head went from %d to %d", before, db.Head())
	}
	stats, err := db.Streams(t.Context())
	if err != nil || len(stats) != 1 || stats[0].Segments != 500 {
		t.Errorf("streams: %v, %v", stats, err)
	}
	limit(1 << 30)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Alive(t.Context(), "n", 1, 1, 2); err != nil {
			t.Error(err)
		}
	})
	if err := add(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	wg.Wait()
}
