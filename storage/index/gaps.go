package index

import (
	"context"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// restartSlack is how much unexplained time next to a node_down gap is part of
// it: before it the fragment that was open when the process died, after it the
// connection and the wait for the first key frame.
const restartSlack = 15 * timeline.Second

// Asked is a stream that GapsOf is asked about.
type Asked struct {
	Stream   media.StreamID
	Enrolled []timeline.Span
	// Open is footage that has no row yet (the open segment).
	Open []timeline.Span
}

// Told is what GapsOf says of it.
type Told struct {
	Covered []timeline.Span
	Gaps    []timeline.Gap
}

// Gaps answers for a window of one stream: what is covered, and every other
// moment of enrolled time with its cause. open is footage that has no row yet
// (the open segment). Time in which no run of a node was alive is node_down.
func (db *DB) Gaps(ctx context.Context, stream media.StreamID, enrolled []timeline.Span, window timeline.Span,
	open ...timeline.Span,
) (covered []timeline.Span, gaps []timeline.Gap, err error) {
	told, err := db.GapsOf(ctx, []Asked{{stream, enrolled, open}}, window)
	if err != nil {
		return nil, nil, fmt.Errorf("gaps of %s: %w", stream, err)
	}
	return told[0].Covered, told[0].Gaps, nil
}

// GapsOf does so for many streams, in their order, with as many queries as for one.
func (db *DB) GapsOf(ctx context.Context, list []Asked, window timeline.Span) ([]Told, error) {
	streams := make([]media.StreamID, len(list))
	for i, a := range list {
		streams[i] = a.Stream
	}
	covered, err := db.coveredOf(ctx, streams, window)
	if err != nil {
		return nil, err
	}
	entries, err := db.causesOf(ctx, streams, window)
	if err != nil {
		return nil, err
	}
	runs, err := db.Runs(ctx)
	if err != nil {
		return nil, err
	}
	causes := map[media.StreamID][]timeline.Interval{}
	for _, c := range entries {
		causes[c.Stream] = append(causes[c.Stream], timeline.Interval{Span: c.Span, Cause: c.Cause})
	}
	var up []timeline.Span
	for _, r := range runs {
		up = append(up, r.Span)
	}
	var down []timeline.Interval
	for _, s := range timeline.Complement(window, up) {
		down = append(down, timeline.Interval{Span: s, Cause: timeline.NodeDown})
	}
	in := []timeline.Span{window}
	out := make([]Told, len(list))
	for i, a := range list {
		t := &out[i]
		t.Covered = timeline.Union(covered[a.Stream], timeline.Intersect(in, a.Open))
		gaps := timeline.Gaps(timeline.Intersect(in, a.Enrolled), t.Covered, append(causes[a.Stream], down...))
		t.Gaps = timeline.Absorb(gaps, timeline.NodeDown, restartSlack)
	}
	return out, nil
}
