package index_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

func interval(id string, stream media.StreamID, from, to timeline.Micros, cause timeline.Cause) index.CauseInterval {
	return index.CauseInterval{ID: id, Stream: stream, Span: timeline.Span{From: from, To: to}, Cause: cause, Source: "ingest"}
}

func mustAppend(t *testing.T, db *index.DB, c ...index.CauseInterval) {
	t.Helper()
	if err := db.AppendCauses(t.Context(), c...); err != nil {
		t.Fatal(err)
	}
}

func mustCauses(t *testing.T, db *index.DB, stream media.StreamID, span timeline.Span) []index.CauseInterval {
	t.Helper()
	got, err := db.Causes(t.Context(), stream, span)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOpenCauseIsClosed(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	opened := interval("o", stream, day0, timeline.Forever, timeline.CameraOffline)
	closed := interval("o", stream, day0, day0+timeline.Minute, timeline.CameraOffline)
	late := timeline.Span{From: day0 + timeline.Day, To: day0 + 2*timeline.Day}

	mustAppend(t, db, opened)
	if got := mustCauses(t, db, stream, late); len(got) != 1 {
		t.Errorf("an open cause is not met a day later: %v", got)
	}
	if list, err := db.OpenCauses(t.Context()); err != nil || len(list) != 1 || list[0] != opened {
		t.Errorf("open causes: %v, %v", list, err)
	}
	mustAppend(t, db, closed)
	mustAppend(t, db, opened, closed) // replayed
	if got := mustCauses(t, db, stream, late); len(got) != 0 {
		t.Errorf("a closed cause is met later: %v", got)
	}
	if diff := cmp.Diff([]index.CauseInterval{closed}, mustCauses(t, db, stream, timeline.Span{From: day0, To: late.To})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if list, err := db.OpenCauses(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("open causes: %v, %v", list, err)
	}
}

func TestBadCausesAreRefused(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	for _, c := range []index.CauseInterval{
		interval("", stream, 1, 2, timeline.Stalled), interval("x", "y", 1, 2, timeline.Stalled),
		interval("x", stream, 2, 1, timeline.Stalled), interval("x", stream, 1, 2, "tired"),
	} {
		if err := db.AppendCauses(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// Short, long and open intervals are all found, wherever the window lies.
func TestCausesAgainstList(t *testing.T) {
	t.Parallel()
	db := open(t)
	rapid.Check(t, func(t *rapid.T) {
		stream := media.NewCameraID().Stream(0)
		draw := func(name string, most timeline.Micros) timeline.Micros {
			return timeline.Micros(rapid.Int64Range(0, int64(most/timeline.Minute)).Draw(t, name)) * timeline.Minute
		}
		var list []index.CauseInterval
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			from := day0 + draw("from", 10*timeline.Day)
			to := from + draw("length", rapid.SampledFrom([]timeline.Micros{timeline.Hour, timeline.Day, 9 * timeline.Day}).Draw(t, "scale"))
			if rapid.IntRange(0, 5).Draw(t, "open") == 0 {
				to = timeline.Forever
			}
			list = append(list, interval(fmt.Sprintf("%s-%02d", stream, i), stream, from, to, timeline.Stalled))
		}
		if err := db.AppendCauses(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
		window := timeline.Span{From: day0 + draw("window", 12*timeline.Day)}
		window.To = window.From + draw("window length", 2*timeline.Day)
		got, err := db.Causes(t.Context(), stream, window)
		if err != nil {
			t.Fatal(err)
		}
		met := map[string]index.CauseInterval{}
		for _, c := range got {
			met[c.ID] = c
		}
		for _, c := range list {
			if c.Span.Overlaps(window) != (met[c.ID] == c) {
				t.Fatalf("%v over %v: met %v", c.Span, window, met[c.ID])
			}
		}
		if len(met) != len(got) {
			t.Fatalf("%d entries, %d of them different", len(got), len(met))
		}
	})
}

func TestGapsNameTheirCauses(t *testing.T) {
	t.Parallel()
	db, stream := open(t), media.NewCameraID().Stream(0)
	at := func(minute float64) timeline.Micros { return day0 + timeline.Micros(minute*float64(timeline.Minute)) }
	mustAdd(t, db, row(stream, 1, at(0), at(10)), row(stream, 2, at(20.1), at(30)))
	mustAppend(t, db, interval("c", stream, at(32), at(36), timeline.CameraOffline))
	// The node ran until minute 10 and a second, and again from minute 20.
	for _, s := range []timeline.Micros{at(10) - timeline.Second, at(10) + timeline.Second, at(9)} {
		if err := db.Alive(t.Context(), "n", 1, at(-5), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Alive(t.Context(), "n", 2, at(20), at(21)); err != nil {
		t.Fatal(err)
	}
	span := func(a, b float64) timeline.Span { return timeline.Span{From: at(a), To: at(b)} }
	covered, gaps, err := db.Gaps(t.Context(), stream, []timeline.Span{span(-1, 60)}, span(-3, 40), span(38, 45))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]timeline.Span{span(0, 10), span(20.1, 30), span(38, 40)}, covered); diff != "" {
		t.Errorf("covered (-want +got)\n%s", diff)
	}
	want := []timeline.Gap{
		{Span: span(-1, 0), Cause: timeline.Unknown},
		// The second before the stamp and the six after the start belong to it.
		{Span: span(10, 20.1), Cause: timeline.NodeDown},
		{Span: span(30, 32), Cause: timeline.Unknown},
		{Span: span(32, 36), Cause: timeline.CameraOffline},
		{Span: span(36, 38), Cause: timeline.Unknown},
	}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("gaps (-want +got)\n%s", diff)
	}
}

// A run that nobody stamps any more has ended; only the own one goes on.
func TestOwnRunGoesOn(t *testing.T) {
	t.Parallel()
	db := open(t)
	for boot := range uint64(2) {
		from := day0 + timeline.Micros(boot)*timeline.Hour
		if err := db.Alive(t.Context(), "n", boot, from, from+timeline.Minute); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := db.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []index.Run{
		{Node: "n", Boot: 0, Span: timeline.Span{From: day0, To: day0 + timeline.Minute}},
		{Node: "n", Boot: 1, Span: timeline.Span{From: day0 + timeline.Hour, To: timeline.Forever}},
	}
	if diff := cmp.Diff(want, runs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
