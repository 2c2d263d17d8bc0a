package index_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// day0 is a moment in the tests' archive: 2025-11-24T16:00:00Z.
const day0 = 1_764_000_000 * timeline.Second

func open(t *testing.T) *index.DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "index.db"), time.Unix(1_764_000_000, 0))
}

func openAt(t *testing.T, path string, now time.Time) *index.DB {
	t.Helper()
	db, err := index.Open(t.Context(), index.Config{Path: path, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeDB(t, db) })
	return db
}

func closeDB(t *testing.T, db *index.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// row makes a spooled segment of a stream: seq tells its content apart.
func row(stream media.StreamID, seq uint32, from, to timeline.Micros) index.Row {
	r := index.Row{
		ID:        segment.ID{Stream: stream, Epoch: 1, Boot: 7, Seq: seq},
		Span:      timeline.Span{From: from, To: to},
		State:     index.Spooled,
		Bytes:     1000 + int64(seq),
		FootBytes: 300,
		Codecs:    "h264+aac",
		Keyframes: []timeline.Micros{from, (from + to) / 2},
		Frames:    1500,
		LostPkts:  3,
		ClockOff:  -1200,
		ClockUnc:  400,
	}
	r.SHA256 = [32]byte{byte(seq), byte(seq >> 8), 1, 2, 3}
	return r
}

func mustAdd(t *testing.T, db *index.DB, rows ...index.Row) index.Rev {
	t.Helper()
	rev, err := db.Add(t.Context(), rows...)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func mustRows(t *testing.T, db *index.DB, stream media.StreamID, span timeline.Span, asOf index.Rev) []index.Row {
	t.Helper()
	rows, err := db.Rows(t.Context(), stream, span, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRowComesBackAsAdded(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	want := row(stream, 1, day0, day0+timeline.Minute)
	want.ClockFlags = 1<<32 - 1
	want.Epoch, want.Boot = 1<<63-1, 1<<63-1
	want.Rev = mustAdd(t, db, want)
	got := mustRows(t, db, stream, want.Span, 0)
	if diff := cmp.Diff([]index.Row{want}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	one, err := db.Get(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := db.Get(t.Context(), segment.ID{Stream: stream}); !errors.Is(err, index.ErrNotExist) {
		t.Errorf("Get of an unknown identity: %v", err)
	}
}

func TestAddTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	r := row(stream, 1, day0, day0+timeline.Minute)
	first := mustAdd(t, db, r)
	if again := mustAdd(t, db, r); again != first || db.Head() != first {
		t.Errorf("the same row again gave revision %d, head %d, after %d", again, db.Head(), first)
	}
	other := r
	other.SHA256[0]++
	fresh := row(stream, 2, day0+timeline.Minute, day0+2*timeline.Minute)
	if _, err := db.Add(t.Context(), fresh, other); !errors.Is(err, index.ErrConflict) {
		t.Errorf("other content under the same identity: %v", err)
	}
	if rows := mustRows(t, db, stream, timeline.Span{From: day0, To: day0 + timeline.Hour}, 0); len(rows) != 1 {
		t.Errorf("a failed Add left %d rows", len(rows))
	}
}

func TestBadRowsAreRefused(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	for name, change := range map[string]func(r *index.Row){
		"stream":    func(r *index.Row) { r.Stream = "../x" },
		"span":      func(r *index.Row) { r.Span.To = r.Span.From },
		"state":     func(r *index.Row) { r.State = 9 },
		"keyframes": func(r *index.Row) { r.Keyframes = []timeline.Micros{2, 1} },
		"boot":      func(r *index.Row) { r.Boot = 1 << 63 },
	} {
		r := row(stream, 1, day0, day0+timeline.Minute)
		change(&r)
		if _, err := db.Add(t.Context(), r); !errors.Is(err, index.ErrBadRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Many recorders seal at once: every row arrives, and one that clashes fails
// alone.
func TestWritersShareCommits(t *testing.T) {
	t.Parallel()
	db := open(t)
	clash := row(media.NewCameraID().Stream(0), 1, day0, day0+timeline.Minute)
	mustAdd(t, db, clash)
	clash.SHA256[0]++
	streams := make([]media.StreamID, 60)
	var wg sync.WaitGroup
	for i := range streams {
		streams[i] = media.NewCameraID().Stream(0)
		wg.Go(func() {
			if _, err := db.Add(t.Context(), row(streams[i], 1, day0, day0+timeline.Minute)); err != nil {
				t.Error(err)
			}
			if _, err := db.Add(t.Context(), clash); !errors.Is(err, index.ErrConflict) {
				t.Errorf("a clash gave %v", err)
			}
		})
	}
	wg.Wait()
	seen := map[index.Rev]bool{}
	for _, s := range streams {
		rows := mustRows(t, db, s, timeline.Span{From: day0, To: day0 + timeline.Minute}, 0)
		if len(rows) != 1 {
			t.Fatalf("%s has %d rows", s, len(rows))
		}
		if seen[rows[0].Rev] {
			t.Errorf("revision %d was given twice", rows[0].Rev)
		}
		seen[rows[0].Rev] = true
	}
}

func TestRevisionsAreNeverGivenTwice(t *testing.T) {
	t.Parallel()
	path, now := filepath.Join(t.TempDir(), "index.db"), time.Unix(1_764_000_000, 0)
	stream := media.NewCameraID().Stream(0)
	window := timeline.Span{From: day0, To: day0 + timeline.Hour}

	db := openAt(t, path, now)
	if got := int64(db.Head()); got < now.UnixMilli() {
		t.Errorf("first revision is %d, before the clock", got)
	}
	first := mustAdd(t, db, row(stream, 1, day0, day0+timeline.Minute))
	mustAdd(t, db, row(stream, 2, day0+timeline.Minute, day0+2*timeline.Minute))
	ids := []segment.ID{{Stream: stream, Epoch: 1, Boot: 7, Seq: 2}}
	if _, err := db.Hide(t.Context(), nil, ids...); err != nil {
		t.Fatal(err)
	}
	if err := db.Drop(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	last := db.Head()
	closeDB(t, db)

	// The clock fell back a year: revisions go on.
	db = openAt(t, path, now.AddDate(-1, 0, 0))
	if db.Head() <= last {
		t.Errorf("head fell from %d to %d", last, db.Head())
	}
	if rev := mustAdd(t, db, row(stream, 3, day0+2*timeline.Minute, day0+3*timeline.Minute)); rev <= last {
		t.Errorf("revision %d after %d", rev, last)
	}
	closeDB(t, db)

	// A later start leaves revisions unused: they cannot be answered, because a
	// power cut might have taken commits that had been given them.
	db = openAt(t, path, now.Add(time.Hour))
	gone := index.Rev(now.Add(30 * time.Minute).UnixMilli())
	for _, asOf := range []index.Rev{1, gone, db.Head() + 1, first} {
		if _, err := db.Rows(t.Context(), stream, window, asOf); !errors.Is(err, index.ErrGone) {
			t.Errorf("as of %d: %v", asOf, err) // first: seq 2 was dropped since
		}
	}
	if n := len(mustRows(t, db, stream, timeline.Span{From: day0, To: day0 + timeline.Minute}, first)); n != 1 {
		t.Errorf("as of %d beside the dropped row: %d rows", first, n)
	}
	if n := len(mustRows(t, db, stream, window, db.Head())); n != 2 {
		t.Errorf("as of now: %d rows", n)
	}
}

func TestMeet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		empty bool
		safe  bool
	}{{"new house", true, false}, {"lost database", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			for range 2 { // every start meets again
				if err := db.Meet(t.Context(), "s1", c.empty); err != nil {
					t.Fatal(err)
				}
				c.empty = false // the store fills
				if why, err := db.SafeMode(t.Context()); err != nil || (why != "") != c.safe {
					t.Fatalf("safe mode %q, %v", why, err)
				}
			}
			if err := db.EndSafeMode(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.Meet(t.Context(), "s2", false); !errors.Is(err, index.ErrOtherStore) {
				t.Errorf("another store: %v", err)
			}
			if why, err := db.SafeMode(t.Context()); err != nil || why == "" {
				t.Errorf("deletes are on after meeting another store: %v", err)
			}
			if id, err := db.StoreID(t.Context()); err != nil || id != "s1" {
				t.Errorf("store is %q, %v", id, err)
			}
		})
	}
}

func TestClosedIndexRefuses(t *testing.T) {
	t.Parallel()
	db := open(t)
	closeDB(t, db)
	if _, err := db.Add(t.Context(), row(media.NewCameraID().Stream(0), 1, 0, 1)); err == nil {
		t.Error("Add on a closed index succeeded")
	}
	if _, err := db.Rows(t.Context(), media.NewCameraID().Stream(0), timeline.Span{To: 1}, 0); err == nil {
		t.Error("Rows on a closed index succeeded")
	}
}
