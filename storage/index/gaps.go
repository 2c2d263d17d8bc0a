package index

import (
	"context"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// restartSlack is how much unexplained time next to a node_down gap is part of
// it: before it the fragment that was open when the process died, after it the
// connection and the wait for the first key frame.
const restartSlack = 15 * timeline.Second

// Gaps answers for a window of one stream: what is covered, and every other
// moment of enrolled time with its cause. open is footage that has no row yet
// (the open segment). Time in which no run of a node was alive is node_down.
func (db *DB) Gaps(ctx context.Context, stream media.StreamID, enrolled []timeline.Span, window timeline.Span,
	open ...timeline.Span,
) (covered []timeline.Span, gaps []timeline.Gap, err error) {
	covered, err = db.Covered(ctx, stream, window)
	if err != nil {
		return nil, nil, err
	}
	in := []timeline.Span{window}
	covered = timeline.Union(covered, timeline.Intersect(in, open))
	entries, err := db.Causes(ctx, stream, window)
	if err != nil {
		return nil, nil, err
	}
	runs, err := db.Runs(ctx)
	if err != nil {
		return nil, nil, err
	}
	var causes []timeline.Interval
	for _, c := range entries {
		causes = append(causes, timeline.Interval{Span: c.Span, Cause: c.Cause})
	}
	var up []timeline.Span
	for _, r := range runs {
		up = append(up, r.Span)
	}
	for _, s := range timeline.Complement(window, up) {
		causes = append(causes, timeline.Interval{Span: s, Cause: timeline.NodeDown})
	}
	gaps = timeline.Gaps(timeline.Intersect(in, enrolled), covered, causes)
	return covered, timeline.Absorb(gaps, timeline.NodeDown, restartSlack), nil
}
