package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"qianshao/storage/acts"
	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Config is what an Executor works with.
type Config struct {
	Index *index.DB
	Acts  *acts.Log
	// Delete removes a segment's bytes wherever they lie (store, spool). It may
	// be asked again for a segment that is gone, which is no error.
	Delete  func(ctx context.Context, r index.Row) error
	Workers int              // deletions at once; default 4
	Log     *slog.Logger     // default: discards
	Now     func() time.Time // default: time.Now
}

// Executor carries plans out, in an order in which every step may run twice and
// a crash between any two is made good by the next pass:
//
//	act recorded → rows hidden, cause logged → object deleted → row dropped
//
// Only one pass runs at a time.
type Executor struct {
	cfg Config
	mu  sync.Mutex // held during a pass

	erasing sync.Mutex // held while erased footage is deleted
}

// New makes an Executor.
func New(cfg Config) *Executor {
	if cfg.Workers <= 0 {
		cfg.Workers = 4
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Executor{cfg: cfg}
}

// Report is what a pass did.
type Report struct {
	Plan    Plan
	Held    int   // planned segments that a hold kept at the last moment
	Deleted int   // segments, those of earlier passes included
	Bytes   int64 // of these
}

// hideAtOnce bounds one transaction, and so how long recorders wait for it.
const hideAtOnce = 500

// Pass first finishes what an earlier pass left undone, then makes a plan and
// carries it out. Facts.Confirmed is read from the index; Facts.Now, when 0, is
// Config.Now. In safe mode nothing at all is deleted, and the error is
// ErrSafeMode. A policy that is refused is no error: see Plan.Refused.
func (e *Executor) Pass(ctx context.Context, policy Policy, f Facts) (Report, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rep Report
	why, err := e.cfg.Index.SafeMode(ctx)
	if err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	if why != "" {
		return rep, fmt.Errorf("retention: %w: %s", ErrSafeMode, why)
	}
	if err := e.finish(ctx, &rep); err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	if f.Now == 0 {
		f.Now = timeline.FromTime(e.cfg.Now())
	}
	if f.Confirmed, err = e.cfg.Index.Confirmed(ctx); err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	plan, err := MakePlan(ctx, e.cfg.Index, policy, f)
	if err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	rep.Plan = *plan
	if len(plan.Runs) == 0 {
		return rep, nil
	}
	if err := e.execute(ctx, plan, &rep); err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	return rep, nil
}

func (e *Executor) execute(ctx context.Context, plan *Plan, rep *Report) error {
	list := make([]*acts.Act, len(plan.Runs))
	for i, r := range plan.Runs {
		list[i] = &acts.Act{
			Kind: acts.Expire, Stream: r.Stream, Span: r.Span, LastStart: r.LastStart,
			Cause: timeline.Expired, Source: "upkeep",
		}
	}
	recorded := e.cfg.Acts.AppendWait(ctx, list...)
	if recorded != nil && !errors.Is(recorded, acts.ErrNotShipped) {
		return recorded
	}
	// An act that could not be shipped yet will be: so the rows follow it now,
	// but no object is deleted before it is in the store (see finish).
	for i, r := range plan.Runs {
		if err := e.hide(ctx, r, list[i], rep); err != nil {
			return err
		}
	}
	if recorded != nil {
		return recorded
	}
	return e.finish(ctx, rep)
}

func (e *Executor) hide(ctx context.Context, r Run, act *acts.Act, rep *Report) error {
	var causes []index.CauseInterval
	if c, ok := act.Interval(); ok {
		causes = append(causes, c)
	}
	for ids := r.IDs; len(ids) > 0; {
		n := min(len(ids), hideAtOnce)
		held, err := e.cfg.Index.Hide(ctx, causes, ids[:n]...)
		if err != nil {
			return err
		}
		rep.Held += len(held)
		ids, causes = ids[n:], nil
	}
	return nil
}

// finish deletes every hidden segment and drops its row. A segment whose
// deletion fails stays hidden for the next pass; the others go on.
func (e *Executor) finish(ctx context.Context, rep *Report) error {
	var after *index.Row
	var failed error
	for first := true; ; first = false {
		rows, err := e.cfg.Index.ByState(ctx, index.Expiring, after, hideAtOnce)
		if err != nil || len(rows) == 0 {
			return errors.Join(failed, err)
		}
		if first {
			// The acts that explain these deletions may still be on this machine.
			if err := e.cfg.Acts.Ship(ctx); err != nil {
				return err
			}
		}
		after = &rows[len(rows)-1]
		gone, err := e.deleteAll(ctx, rows, rep)
		if err != nil && failed == nil {
			failed = err
		}
		if err := e.cfg.Index.Drop(ctx, gone...); err != nil {
			return errors.Join(failed, err)
		}
		if ctx.Err() != nil {
			return errors.Join(failed, ctx.Err())
		}
	}
}

// deleteAll returns the segments that are gone, and the first error.
func (e *Executor) deleteAll(ctx context.Context, rows []index.Row, rep *Report) (gone []segment.ID, err error) {
	var mu sync.Mutex // guards gone, err and rep
	var g errgroup.Group
	g.SetLimit(e.cfg.Workers)
	for _, r := range rows {
		g.Go(func() error {
			e1 := e.cfg.Delete(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if e1 != nil {
				if err == nil {
					err = fmt.Errorf("delete %s: %w", r.Key(), e1)
				}
				return nil
			}
			gone = append(gone, r.ID)
			rep.Deleted++
			rep.Bytes += r.Bytes
			return nil
		})
	}
	_ = g.Wait() // the workers return nil
	return gone, err
}
