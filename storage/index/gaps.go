package index

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

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
	e, err := db.Evidence(ctx, []media.StreamID{stream}, window)
	if err != nil {
		return nil, nil, fmt.Errorf("gaps of %s: %w", stream, err)
	}
	covered, gaps = e.Gaps(stream, enrolled, open...)
	return covered, gaps, nil
}

// Evidence is what the index knows of a window of some streams.
type Evidence struct {
	window   timeline.Span
	recorded map[media.StreamID]*recorded
	causes   map[media.StreamID][]timeline.Interval
	down     []timeline.Interval // no node ran
}

// Evidence reads what is known of many streams, with as many queries as for one.
func (db *DB) Evidence(ctx context.Context, streams []media.StreamID, window timeline.Span) (*Evidence, error) {
	e := &Evidence{window: window, causes: map[media.StreamID][]timeline.Interval{}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		e.recorded, err = db.recordedOf(ctx, streams, window)
		return err
	})
	g.Go(func() error {
		entries, err := db.causesOf(ctx, streams, window)
		for _, c := range entries {
			e.causes[c.Stream] = append(e.causes[c.Stream], timeline.Interval{Span: c.Span, Cause: c.Cause})
		}
		return err
	})
	var runs []Run
	g.Go(func() (err error) {
		runs, err = db.Runs(ctx)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var up []timeline.Span
	for _, r := range runs {
		up = append(up, r.Span)
	}
	for _, s := range timeline.Complement(window, up) {
		e.down = append(e.down, timeline.Interval{Span: s, Cause: timeline.NodeDown})
	}
	return e, nil
}

// Gaps is DB.Gaps of one of the streams.
func (e *Evidence) Gaps(stream media.StreamID, enrolled []timeline.Span, open ...timeline.Span) (covered []timeline.Span, gaps []timeline.Gap) {
	in := []timeline.Span{e.window}
	if r := e.recorded[stream]; r != nil {
		covered = r.covered
	}
	covered = timeline.Union(covered, timeline.Intersect(in, open))
	gaps = timeline.Gaps(timeline.Intersect(in, enrolled), covered, slices.Concat(e.causes[stream], e.down))
	return covered, timeline.Absorb(gaps, timeline.NodeDown, restartSlack)
}

// Clock is how a camera's clock stood in the window; without Spans it was not
// measured in it.
func (e *Evidence) Clock(stream media.StreamID) (c CameraClock) {
	if r := e.recorded[stream]; r != nil {
		c = r.clock.CameraClock
	}
	return c
}
