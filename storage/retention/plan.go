package retention

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Rows is what a plan is made from; *index.DB is one.
type Rows interface {
	Streams(ctx context.Context) ([]index.StreamStat, error)
	Visible(ctx context.Context, stream media.StreamID, before timeline.Micros) iter.Seq2[index.Row, error]
	OldestFirst(ctx context.Context) iter.Seq2[index.Row, error]
	Recorded(ctx context.Context, stream media.StreamID, span timeline.Span) (int64, error)
	Holds(ctx context.Context) ([]index.Hold, error)
}

// Facts are what a plan depends on besides the rows.
type Facts struct {
	Now       timeline.Micros
	Clock     string                   // why the clock cannot be trusted; "" if it can
	Free      int64                    // bytes free where the store lies; < 0: unknown
	Days      func(media.StreamID) int // overrides Policy.Days for a stream; nil or 0: does not
	Confirmed timeline.Micros          // footage that ended before may go by age unasked
	Most      int                      // segments in one plan; default 2,000
}

// Plan is what one pass deletes.
type Plan struct {
	Runs    []Run // what goes, at most Facts.Most segments
	More    bool  // more would go than Facts.Most allows
	Refused error // why nothing goes by age that is not confirmed (ErrClock, ErrTooMuch); nil if it may
	Bytes   int64 // that the plan frees
	Short   int64 // bytes still missing to MaxBytes or MinFree: the rest is held or not yet stored
	// Young is the first segment that must go for room although it is younger
	// than its days: an alarm, the disk is too small for the promise. Nil: none.
	Young *timeline.Span
}

// Run is a row of neighbouring segments of one stream that go together: of all
// segments that start from the first's start to the last's, none stays.
type Run struct {
	Stream    media.StreamID
	Span      timeline.Span // from the first start to the last end
	LastStart timeline.Micros
	IDs       []segment.ID
	Bytes     int64
}

const defaultMost = 2000

// MakePlan decides what goes: by age every stored, unheld segment that ended
// more than its days ago, unless a guard refuses; and then, if room is short,
// the oldest stored and unheld ones until it is not.
func MakePlan(ctx context.Context, rows Rows, policy Policy, f Facts) (*Plan, error) {
	holds, err := rows.Holds(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan retention: %w", err)
	}
	streams, err := rows.Streams(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan retention: %w", err)
	}
	if f.Most <= 0 {
		f.Most = defaultMost
	}
	p := &planner{rows: rows, policy: policy, f: f, holds: holds, streams: streams, open: map[media.StreamID]int{}}
	if err := p.byAge(ctx); err != nil {
		return nil, fmt.Errorf("plan retention: %w", err)
	}
	if err := p.forRoom(ctx); err != nil {
		return nil, fmt.Errorf("plan retention: %w", err)
	}
	return &p.plan, nil
}

type planner struct {
	rows    Rows
	policy  Policy
	f       Facts
	holds   []index.Hold
	streams []index.StreamStat

	plan  Plan
	count int
	due   int64                  // bytes due by age, in the plan or not
	open  map[media.StreamID]int // the run a stream's next segment joins, as an index of plan.Runs
}

// cutoff is the moment before which a stream's footage is due by age; ok is
// false if it never is.
func (p *planner) cutoff(s media.StreamID) (t timeline.Micros, ok bool) {
	days := p.policy.Days
	if p.f.Days != nil {
		if d := p.f.Days(s); d > 0 {
			days = d
		}
	}
	return p.f.Now - timeline.Micros(days)*timeline.Day, days > 0
}

// limit is the cutoff that holds in this plan: what was refused goes only as
// far as the operator has confirmed.
func (p *planner) limit(s media.StreamID) (t timeline.Micros, ok bool) {
	t, ok = p.cutoff(s)
	if p.plan.Refused != nil {
		t = min(t, p.f.Confirmed)
	}
	return t, ok
}

func (p *planner) byAge(ctx context.Context) error {
	var unasked int64          // bytes due that nobody has confirmed
	var newest timeline.Micros // end of the latest of them
	err := p.eachDue(ctx, func(r *index.Row) {
		if r.Span.To > p.f.Confirmed {
			unasked += r.Bytes
			newest = max(newest, r.Span.To)
		}
	})
	if err != nil {
		return err
	}
	if unasked > 0 {
		if p.plan.Refused, err = p.guard(ctx, unasked, newest); err != nil {
			return err
		}
	}
	return p.eachDue(ctx, func(r *index.Row) {
		p.due += r.Bytes
		p.take(r)
	})
}

// eachDue calls fn for every row that may go by age, and notes those between
// them that stay.
func (p *planner) eachDue(ctx context.Context, fn func(r *index.Row)) error {
	for _, s := range p.streams {
		limit, ok := p.limit(s.Stream)
		if !ok {
			continue
		}
		for r, err := range p.rows.Visible(ctx, s.Stream, limit) {
			if err != nil {
				return err
			}
			if r.Span.To > limit || !p.mayGo(&r) {
				p.pass(r.Stream)
				continue
			}
			fn(&r)
		}
	}
	return nil
}

// guard says why what is due must not go, nil if it may.
func (p *planner) guard(ctx context.Context, due int64, newest timeline.Micros) (refused, err error) {
	if p.f.Clock != "" {
		return fmt.Errorf("%w: %s", ErrClock, p.f.Clock), nil
	}
	// The day now due is the one the cutoff lies in. Soon after midnight the
	// rest of the day before is due as well, so the larger of both counts.
	var today, yesterday int64
	for _, s := range p.streams {
		cutoff, ok := p.cutoff(s.Stream)
		if !ok {
			continue
		}
		day := cutoff - cutoff%timeline.Day
		for _, d := range []struct {
			from timeline.Micros
			sum  *int64
		}{{day, &today}, {day - timeline.Day, &yesterday}} {
			n, err := p.rows.Recorded(ctx, s.Stream, timeline.Span{From: d.from, To: d.from + timeline.Day})
			if err != nil {
				return nil, err
			}
			*d.sum += n
		}
	}
	if limit := 2 * max(today, yesterday); due > limit {
		return &TooMuchError{Due: due, Limit: limit, Before: newest}, nil
	}
	return nil, nil
}

func (p *planner) forRoom(ctx context.Context) error {
	short := int64(0)
	if p.policy.MaxBytes > 0 {
		for _, s := range p.streams {
			short += s.Bytes
		}
		short -= p.policy.MaxBytes
	}
	if p.policy.MinFree > 0 && p.f.Free >= 0 {
		short = max(short, p.policy.MinFree-p.f.Free)
	}
	short -= p.due
	if short <= 0 {
		return nil
	}
	clear(p.open) // what goes for room are runs of their own
	for r, err := range p.rows.OldestFirst(ctx) {
		if err != nil {
			return err
		}
		if limit, aged := p.limit(r.Stream); aged && r.Span.To <= limit && p.mayGo(&r) {
			continue // goes by age
		}
		if !p.mayGo(&r) {
			p.pass(r.Stream)
			continue
		}
		if cutoff, aged := p.cutoff(r.Stream); aged && r.Span.To > cutoff && p.plan.Young == nil {
			p.plan.Young = &r.Span
		}
		if p.take(&r); p.plan.More {
			return nil
		}
		if short -= r.Bytes; short <= 0 {
			return nil
		}
	}
	p.plan.Short = short
	return nil
}

// mayGo reports whether a row can be deleted at all. One that is still on its
// way to the store waits: what is being uploaded cannot be deleted for good.
func (p *planner) mayGo(r *index.Row) bool {
	if r.State != index.Stored {
		return false
	}
	return !slices.ContainsFunc(p.holds, func(h index.Hold) bool { return h.Keeps(r.Stream, r.Span) })
}

// take puts a row into the plan, behind the stream's rows before it.
func (p *planner) take(r *index.Row) {
	if p.count == p.f.Most {
		p.plan.More = true
		return
	}
	p.count++
	p.plan.Bytes += r.Bytes
	i, ok := p.open[r.Stream]
	if !ok {
		i = len(p.plan.Runs)
		p.open[r.Stream] = i
		p.plan.Runs = append(p.plan.Runs, Run{Stream: r.Stream, Span: r.Span})
	}
	run := &p.plan.Runs[i]
	run.Span.To = max(run.Span.To, r.Span.To)
	run.LastStart = r.Span.From
	run.IDs = append(run.IDs, r.ID)
	run.Bytes += r.Bytes
}

// pass notes that a row of the stream stays: the run before it ends.
func (p *planner) pass(s media.StreamID) { delete(p.open, s) }
