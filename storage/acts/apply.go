package acts

import (
	"context"
	"fmt"

	"qianshao/storage/index"
	"qianshao/storage/timeline"
)

// Interval is what the act says about the cause of a gap; ok is false if it
// says nothing. The interval is known by the first act about it: closing one
// is a second act with Of set.
func (a *Act) Interval() (c index.CauseInterval, ok bool) {
	c = index.CauseInterval{ID: a.ID, Stream: a.Stream, Span: a.Span, Cause: a.Cause, Source: a.Source}
	if a.Of != "" {
		c.ID = a.Of
	}
	if a.Stream == "" {
		return c, false
	}
	switch a.Kind {
	case Reason:
		return c, true
	case Expire, Erase:
		if c.Cause == "" {
			c.Cause = timeline.Expired
		}
		return c, true
	}
	return c, false
}

// Apply gives an act its effect on the index: cause intervals, holds, and the
// cause of what expired. Acts about cameras are the registry's to apply and
// change nothing here. Any act may be applied again.
//
// Apply does not delete: what an act erases is hidden, and what expired is not looked
// for; a reindex asks Removes before it adds a row.
func Apply(ctx context.Context, db *index.DB, acts ...Act) error {
	var causes []index.CauseInterval
	for i := range acts {
		a := &acts[i]
		causes = append(causes, a.intervals()...)
		var err error
		switch a.Kind {
		case Erase:
			_, err = db.Erase(ctx, index.Erasure{ID: a.ID, Stream: a.Stream, Camera: a.Camera, Span: a.erases()})
		case Hold:
			// A release that was applied first stays: both may come again.
			var released bool
			if released, err = db.Seen(ctx, releaseMark(a.ID)); err == nil && !released {
				err = db.Hold(ctx, index.Hold{ID: a.ID, Stream: a.Stream, Camera: a.Camera, Span: a.Span})
			}
		case Release:
			if err = db.SetSeen(ctx, a.At, releaseMark(a.Of)); err == nil {
				err = db.Release(ctx, a.Of)
			}
		}
		if err != nil {
			return fmt.Errorf("apply act %s: %w", a.ID, err)
		}
	}
	if err := db.AppendCauses(ctx, causes...); err != nil {
		return fmt.Errorf("apply acts: %w", err)
	}
	if len(acts) == 0 {
		return nil
	}
	ids := make([]string, len(acts))
	for i := range acts {
		ids[i] = acts[i].ID
	}
	if err := db.SetSeen(ctx, acts[len(acts)-1].At, ids...); err != nil {
		return fmt.Errorf("apply acts: %w", err)
	}
	return nil
}

// erases is the span in which segments that start are erased: an act without any names
// no footage.
func (a *Act) erases() timeline.Span {
	span := a.Span
	if a.LastStart != 0 {
		span.To = a.LastStart + 1
	}
	return span
}

// releaseMark is what acts_seen knows a hold's release by. Ids of acts have no
// colon.
func releaseMark(hold string) string { return "released:" + hold }

// streamsPerCamera counts main, sub and sub2 (media.StreamID).
const streamsPerCamera = 3

// intervals is Interval, with one for every stream when an erase act concerns a
// camera.
func (a *Act) intervals() []index.CauseInterval {
	if c, ok := a.Interval(); ok {
		return []index.CauseInterval{c}
	}
	if a.Kind != Erase || a.Camera == "" {
		return nil
	}
	var out []index.CauseInterval
	for n := range streamsPerCamera {
		b := *a
		b.Stream = a.Camera.Stream(n)
		c, _ := b.Interval()
		c.ID += fmt.Sprintf(".%d", n)
		out = append(out, c)
	}
	return out
}
