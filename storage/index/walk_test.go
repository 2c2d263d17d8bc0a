package index_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// fill adds n rows to each of several streams, interleaved in time.
func fill(t *testing.T, db *index.DB, streams, n int) (all []index.Row) {
	t.Helper()
	for s := range streams {
		stream := media.NewCameraID().Stream(0)
		for i := range n {
			from := day0 + timeline.Micros(i)*timeline.Minute + timeline.Micros(s)*timeline.Second
			all = append(all, row(stream, uint32(i), from, from+timeline.Minute))
		}
	}
	rev := mustAdd(t, db, all...)
	for i := range all {
		all[i].Rev = rev
	}
	return all
}

func oldestFirst(a, b index.Row) int {
	return cmp.Or(cmp.Compare(a.Span.From, b.Span.From), cmp.Compare(a.Stream, b.Stream))
}

func TestWalks(t *testing.T) {
	t.Parallel()
	db := open(t)
	all := fill(t, db, 5, 300) // more than a page
	hidden := all[7]
	if _, err := db.Hide(t.Context(), nil, hidden.ID); err != nil {
		t.Fatal(err)
	}

	slices.SortFunc(all, oldestFirst)
	var got []string
	for r, err := range db.OldestFirst(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Key().String())
	}
	var want []string
	for _, r := range all {
		if r.ID != hidden.ID {
			want = append(want, r.Key().String())
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("OldestFirst (-want +got)\n%s", diff)
	}

	var seen int
	var last index.Row
	for r, err := range db.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen > 0 && cmp.Or(cmp.Compare(last.Stream, r.Stream), cmp.Compare(last.Span.From, r.Span.From)) >= 0 {
			t.Fatalf("%s comes before %s", last.Key(), r.Key())
		}
		seen, last = seen+1, r
	}
	if seen != len(all) {
		t.Errorf("All yields %d rows of %d", seen, len(all))
	}

	for _, err := range db.OldestFirst(t.Context()) { // stopping early must not leak
		if err != nil {
			t.Error(err)
		}
		break
	}
}

func TestUploadQueue(t *testing.T) {
	t.Parallel()
	db := open(t)
	all := fill(t, db, 3, 20)
	slices.SortFunc(all, func(a, b index.Row) int { return cmp.Compare(a.Span.From, b.Span.From) })
	if err := db.SetStored(t.Context(), all[0].ID, all[5].ID); err != nil {
		t.Fatal(err)
	}
	var got []segment.ID
	var after *index.Row
	for {
		page, err := db.ByState(t.Context(), index.Spooled, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		after = &page[len(page)-1]
	}
	var want []segment.ID
	for i, r := range all {
		if i != 0 && i != 5 {
			want = append(want, r.ID)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	stored, err := db.ByState(t.Context(), index.Stored, nil, 10)
	if err != nil || len(stored) != 2 {
		t.Errorf("%d stored rows, %v", len(stored), err)
	}
	if err := db.SetStored(t.Context(), all[1].ID, segment.ID{Stream: all[1].Stream, Boot: 99}); !errors.Is(err, index.ErrNotExist) {
		t.Errorf("an unknown identity: %v", err)
	}
	if r, err := db.Get(t.Context(), all[1].ID); err != nil || r.State != index.Spooled {
		t.Errorf("a failed SetStored left state %d, %v", r.State, err)
	}
}

// A window whose first minute expired has the same largest revision among its
// rows; Changed tells the difference.
func TestChangedSeesDeletions(t *testing.T) {
	t.Parallel()
	db := open(t)
	all := fill(t, db, 1, 3)
	stream, window := all[0].Stream, timeline.Span{From: day0, To: day0 + timeline.Hour}
	changed := func(asOf index.Rev) index.Rev {
		t.Helper()
		rev, err := db.Changed(t.Context(), stream, window, asOf)
		if err != nil {
			t.Fatal(err)
		}
		return rev
	}
	added := changed(0)
	if added != all[0].Rev {
		t.Errorf("changed at %d, added at %d", added, all[0].Rev)
	}
	if _, err := db.Hide(t.Context(), nil, all[0].ID); err != nil {
		t.Fatal(err)
	}
	hid := changed(0)
	if hid != db.Head() || changed(added) != added {
		t.Errorf("hidden at %d, changed at %d; as of %d changed at %d", db.Head(), hid, added, changed(added))
	}
	if err := db.Drop(t.Context(), all[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := changed(0); got != hid {
		t.Errorf("the drop moved the change from %d to %d", hid, got)
	}
	if got, err := db.Recorded(t.Context(), stream, window); err != nil || got != all[1].Bytes+all[2].Bytes {
		t.Errorf("recorded %d bytes, %v", got, err)
	}
}
