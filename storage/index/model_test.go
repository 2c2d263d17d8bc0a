package index_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// model is the index as a plain list: every question is answered by looking at
// every row that ever was.
type model struct {
	rows    []modelRow
	holds   map[string]timeline.Span
	erased  []timeline.Span // for good
	dropped []timeline.Span // spans of dropped rows...
	until   []index.Rev     // ...and when each was hidden
}

type modelRow struct {
	index.Row
	gone   bool // dropped
	erased bool // for good: given to nobody, as of whatever revision
}

func (m *model) visible(r *modelRow, asOf index.Rev) bool {
	if r.gone {
		return false
	}
	if asOf == 0 {
		return r.UntilRev == 0
	}
	return r.Rev <= asOf && (r.UntilRev == 0 || r.UntilRev > asOf)
}

func (m *model) overlapping(span timeline.Span, asOf index.Rev) []index.Row {
	var out []index.Row
	for i := range m.rows {
		if r := &m.rows[i]; m.visible(r, asOf) && r.Span.Overlaps(span) {
			out = append(out, r.Row)
		}
	}
	slices.SortFunc(out, func(a, b index.Row) int {
		return cmp.Or(cmp.Compare(a.Span.From, b.Span.From), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

// A stream of the test is some minutes long, so that rows overlap and abut.
const modelLen = 40 * timeline.Minute

func drawSpan(t *rapid.T, longest int) timeline.Span {
	from := day0 + timeline.Micros(rapid.IntRange(0, int(modelLen/timeline.Second)).Draw(t, "from"))*timeline.Second
	return timeline.Span{From: from, To: from + timeline.Micros(rapid.IntRange(1, longest).Draw(t, "seconds"))*timeline.Second}
}

func TestIndexAgainstModel(t *testing.T) {
	t.Parallel()
	db := open(t)
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		stream := media.NewCameraID().Stream(0)
		m := &model{holds: map[string]timeline.Span{}}
		revs := []index.Rev{0, db.Head()}
		pick := func() []segment.ID {
			var out []segment.ID
			for i := range m.rows {
				if rapid.IntRange(0, 2).Draw(t, "pick") == 0 {
					out = append(out, m.rows[i].ID)
				}
			}
			return out
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				span := drawSpan(t, 300)
				r := row(stream, uint32(len(m.rows)), span.From, span.To)
				r.Boot = uint64(rapid.IntRange(1, 3).Draw(t, "boot"))
				r.ClockOff, r.ClockUnc = rapid.Int64Range(-300_000, 300_000).Draw(t, "off"), rapid.Int64Range(-1, 100_000).Draw(t, "unc")
				rev, err := db.Add(ctx, r, r)
				if err != nil {
					t.Fatal(err)
				}
				r.Rev = rev
				m.rows = append(m.rows, modelRow{Row: r})
				if m.takes(&r) {
					last := &m.rows[len(m.rows)-1]
					last.State, last.UntilRev, last.erased = index.Expiring, rev, true
				}
			},
			"store": func(t *rapid.T) {
				var ids []segment.ID
				for _, id := range pick() {
					if r := m.find(id); !r.gone {
						ids = append(ids, id)
						if r.State == index.Spooled {
							r.State = index.Stored
						}
					}
				}
				if err := db.SetStored(ctx, ids...); err != nil {
					t.Fatal(err)
				}
			},
			"hide": func(t *rapid.T) {
				ids := pick()
				held, err := db.Hide(ctx, nil, ids...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(m.hide(ids, db.Head()), held); diff != "" {
					t.Fatalf("held (-want +got)\n%s", diff)
				}
			},
			"drop": func(t *rapid.T) {
				ids := pick()
				if err := db.Drop(ctx, ids...); err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					if r := m.find(id); !r.gone && r.UntilRev != 0 {
						r.gone = true
						m.dropped, m.until = append(m.dropped, r.Span), append(m.until, r.UntilRev)
					}
				}
			},
			"hold": func(t *rapid.T) {
				id, span := string(media.NewCameraID()), drawSpan(t, 60)
				m.holds[id] = span
				if err := db.Hold(ctx, index.Hold{ID: id, Stream: stream, Span: span}); err != nil {
					t.Fatal(err)
				}
			},
			"release": func(t *rapid.T) {
				for id := range m.holds {
					delete(m.holds, id)
					if err := db.Release(ctx, id); err != nil {
						t.Fatal(err)
					}
					return
				}
			},
			"erase": func(t *rapid.T) {
				span := drawSpan(t, 60)
				m.erased = append(m.erased, span)
				e := index.Erasure{ID: string(media.NewCameraID()), Camera: stream.Camera(), Span: span}
				if rapid.Bool().Draw(t, "one stream") {
					e.Camera, e.Stream = "", stream
				}
				n, err := db.Erase(ctx, e)
				if err != nil {
					t.Fatal(err)
				}
				if want := m.erase(span, db.Head()); n != want {
					t.Fatalf("%d rows erased, want %d", n, want)
				}
			},
			"erase what is released": func(t *rapid.T) {
				if _, err := db.HideErased(ctx); err != nil { // of earlier streams, too
					t.Fatal(err)
				}
				for i := range m.rows {
					r := &m.rows[i]
					if r.gone || r.UntilRev != 0 || !m.takes(&r.Row) {
						continue
					}
					now, err := db.Get(ctx, r.ID) // each erasure is a revision of its own
					if err != nil || now.State != index.Expiring || now.UntilRev == 0 {
						t.Fatalf("not erased: %+v, %v", now, err)
					}
					r.State, r.UntilRev, r.erased = now.State, now.UntilRev, true
				}
			},
			"remember": func(*rapid.T) { revs = append(revs, db.Head()) },
			"": func(t *rapid.T) {
				m.check(ctx, t, db, stream, drawSpan(t, 1200), rapid.SampledFrom(revs).Draw(t, "asOf"))
			},
		})
	})
}

func (m *model) find(id segment.ID) *modelRow {
	return &m.rows[slices.IndexFunc(m.rows, func(r modelRow) bool { return r.ID == id })]
}

func (m *model) hide(ids []segment.ID, rev index.Rev) (held []segment.ID) {
	for _, id := range ids {
		r := m.find(id)
		if r.gone || r.UntilRev != 0 {
			continue
		}
		keep := false
		for _, h := range m.holds {
			keep = keep || h.Overlaps(r.Span)
		}
		if keep {
			held = append(held, id)
			continue
		}
		r.State, r.UntilRev = index.Expiring, rev
	}
	return held
}

// takes reports whether an erasure takes a row, and no hold keeps it.
func (m *model) takes(r *index.Row) bool {
	for _, h := range m.holds {
		if h.Overlaps(r.Span) {
			return false
		}
	}
	return slices.ContainsFunc(m.erased, func(s timeline.Span) bool { return s.Contains(r.Span.From) })
}

// erase is a new erasure: what holds have let go of earlier ones waits for HideErased.
func (m *model) erase(span timeline.Span, rev index.Rev) (n int) {
	for i := range m.rows {
		if r := &m.rows[i]; !r.gone && r.UntilRev == 0 && span.Contains(r.Span.From) && m.takes(&r.Row) {
			r.State, r.UntilRev, r.erased = index.Expiring, rev, true
			n++
		}
	}
	return n
}

func (m *model) check(ctx context.Context, t *rapid.T, db *index.DB, stream media.StreamID, window timeline.Span, asOf index.Rev) {
	same := func(what string, want, got any) {
		t.Helper()
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-want +got)\n%s", what, diff)
		}
	}
	want := m.overlapping(window, asOf)
	got, err := db.Rows(ctx, stream, window, asOf)
	gone := false
	for i, s := range m.dropped {
		gone = gone || asOf != 0 && s.Overlaps(window) && m.until[i] > asOf
	}
	for i := range m.rows {
		r := &m.rows[i]
		gone = gone || asOf != 0 && r.erased && !r.gone && r.Rev <= asOf && r.Span.Overlaps(window)
	}
	switch {
	case errors.Is(err, index.ErrGone):
		// Traces of dropped rows are joined, so a refusal may be too careful,
		// but never where nothing was dropped since.
		if asOf == 0 || !gone && !slices.ContainsFunc(m.until, func(r index.Rev) bool { return r > asOf }) {
			t.Fatalf("as of %d refused without reason", asOf)
		}
	case err != nil:
		t.Fatal(err)
	case gone:
		t.Fatalf("as of %d answered although rows are gone", asOf)
	default:
		same("Rows", want, got)
	}

	now := m.overlapping(window, 0)
	var spans []timeline.Span
	for _, r := range now {
		spans = append(spans, r.Span)
	}
	covered, err := db.Covered(ctx, stream, window)
	if err != nil {
		t.Fatal(err)
	}
	same("Covered", timeline.Intersect(spans, []timeline.Span{window}), covered)

	e, err := db.Evidence(ctx, []media.StreamID{stream}, window)
	if err != nil {
		t.Fatal(err)
	}
	same("Clock", m.clock(now, window), e.Clock(stream))

	before, after, err := db.Nearest(ctx, stream, window)
	if err != nil {
		t.Fatal(err)
	}
	wantBefore, wantAfter := m.nearest(window)
	same("Nearest before", wantBefore, before)
	same("Nearest after", wantAfter, after)

	page, err := db.Page(ctx, stream, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []index.Row
	for _, r := range m.rows {
		if !r.gone {
			all = append(all, r.Row)
		}
	}
	slices.SortFunc(all, func(a, b index.Row) int {
		return cmp.Or(cmp.Compare(a.Span.From, b.Span.From), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.Seq, b.Seq))
	})
	same("Page", all, page)

	stats, err := db.Streams(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantStat := index.StreamStat{Stream: stream}
	for _, r := range m.overlapping(timeline.Span{To: timeline.Forever}, 0) {
		wantStat.Segments++
		wantStat.Bytes += r.Bytes
	}
	if i := slices.IndexFunc(stats, func(s index.StreamStat) bool { return s.Stream == stream }); i >= 0 {
		same("Streams", wantStat, stats[i])
	} else if len(m.rows) > 0 {
		t.Fatal("the stream is not listed")
	}
}

// clock is how the camera's clock stood in a window by some rows.
func (m *model) clock(rows []index.Row, window timeline.Span) (c index.CameraClock) {
	var stretch []index.Row
	wide := func() (least, most, unc int64) {
		least, most = stretch[0].ClockOff, stretch[0].ClockOff
		for _, r := range stretch {
			least, most, unc = min(least, r.ClockOff), max(most, r.ClockOff), max(unc, r.ClockUnc)
		}
		return least, most, unc
	}
	for _, r := range rows {
		if r.ClockUnc < 0 {
			continue
		}
		c.Off, c.Unc = r.ClockOff, r.ClockUnc
		stretch = append(stretch, r)
		if least, most, unc := wide(); len(stretch) == 1 || most-least > max(100_000, 2*unc) {
			stretch = stretch[len(stretch)-1:]
			c.Spans = append(c.Spans, index.ClockSpan{Span: timeline.Span{From: max(r.Span.From, window.From)}})
		}
		x := &c.Spans[len(c.Spans)-1]
		x.To = max(x.To, min(r.Span.To, window.To))
		least, most, unc := wide()
		x.Off = least + (most-least)/2
		x.Unc = unc + most - x.Off
	}
	return c
}

// nearest compares by place only: of several rows that end together any will do.
func (m *model) nearest(window timeline.Span) (before, after *timeline.Span) {
	for _, r := range m.overlapping(timeline.Span{To: timeline.Forever}, 0) {
		if r.Span.From < window.From && (before == nil || r.Span.To > before.To) {
			before = &timeline.Span{From: r.Span.From, To: r.Span.To}
		}
		if r.Span.From >= window.To && after == nil {
			after = &timeline.Span{From: r.Span.From, To: r.Span.To}
		}
	}
	return before, after
}
