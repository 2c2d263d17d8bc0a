package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
)

// mostTries bounds how often a job is begun again: one that ends the process with it does
// not do so for ever.
const mostTries = 3

var errCancelled = errors.New("the job was cancelled")

// Run does jobs until ctx ends, those first that an end of the process has left. What runs
// then begins again with the next Run.
func (b *Book) Run(ctx context.Context, runners map[string]Runner) error {
	var all sync.WaitGroup
	for range b.cfg.Parallel {
		all.Go(func() { b.work(ctx, runners) })
	}
	all.Wait()
	return nil
}

// Close closes the database, after Run. It may be called twice.
func (b *Book) Close() error { return b.db.Close() }

func (b *Book) rouse() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// work does one job after the other.
func (b *Book) work(ctx context.Context, runners map[string]Runner) {
	for {
		o, of := b.next(ctx)
		if o == nil {
			select {
			case <-ctx.Done():
				return
			case <-b.wake:
				continue
			}
		}
		b.rouse() // another may wait, and somebody else be free
		b.do(of, o, runners)
	}
}

// next takes the oldest job that waits; nil: there is none.
func (b *Book) next(ctx context.Context) (*open, context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 || ctx.Err() != nil {
		return nil, nil
	}
	o := b.open[b.queue[0]]
	b.queue = b.queue[1:]
	of, cancel := context.WithCancelCause(ctx)
	o.cancel, o.job.State, o.job.Started = cancel, Running, b.now()
	o.job.Tries++
	o.tell()
	return o, of
}

// do runs one job, and writes down what became of it.
func (b *Book) do(ctx context.Context, o *open, runners map[string]Runner) {
	b.mu.Lock()
	j, run, cancel := o.job.clone(), runners[o.job.Kind], o.cancel
	b.mu.Unlock()
	defer cancel(nil)
	log := b.cfg.Log.With("job", j.ID, "kind", j.Kind)
	if err := b.put(context.WithoutCancel(ctx), &j); err != nil {
		log.Error("what a job does is not written down", "err", err)
	}
	var out Output
	input, err := b.opened(ctx, j.ID, "input")
	switch {
	case err != nil:
	case run == nil:
		err = fmt.Errorf("nobody does jobs of kind %q", j.Kind)
	case j.Tries > mostTries:
		err = fmt.Errorf("it was begun %d times and never ended", mostTries)
	default:
		out, err = b.guarded(ctx, run, j, input, o)
	}
	if err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errCancelled) {
		j = b.again(o)
		if err := b.put(context.WithoutCancel(ctx), &j); err != nil {
			log.Warn("a job that begins again counts as broken off", "err", err)
		}
		return
	}
	var why *Failure
	state := Done
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errCancelled):
		state = Cancelled
	case errors.As(err, &why):
		state = Failed
	default:
		log.Error("a job failed", "err", err)
		state, why = Failed, &Failure{Code: "internal", ZH: "服务器未能完成：请查看服务器日志", EN: "the server could not do this: see its log"}
	}
	if err := b.end(context.WithoutCancel(ctx), o, state, why, out); err != nil {
		log.Error("the end of a job is not written down: it begins again with the next start", "err", err)
	}
}

// again lets a job wait for the next Run: this one ended.
func (b *Book) again(o *open) Job {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.cancel, o.job.State = nil, Queued
	o.job.Tries-- // it ended in order
	b.queue = append([]string{o.job.ID}, b.queue...)
	o.tell()
	return o.job.clone()
}

// guarded runs a job; its panic is an error of this job alone.
func (b *Book) guarded(ctx context.Context, run Runner, j Job, input []byte, o *open) (out Output, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx, j, input, func(total, done int, counts map[string]int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		o.job.Total, o.job.Done, o.job.Counts = total, done, maps.Clone(counts)
		o.tell()
	})
}

func (b *Book) put(ctx context.Context, j *Job) error {
	body, err := json.Marshal(j)
	if err != nil {
		return err
	}
	_, err = b.db.W().ExecContext(ctx, `UPDATE jobs SET body = ? WHERE id = ?`, string(body), j.ID)
	return b.explain("job", err)
}

// end makes the end of a job durable, and then known. What went in is forgotten.
func (b *Book) end(ctx context.Context, o *open, state State, why *Failure, out Output) error {
	b.mu.Lock()
	j := o.job.clone()
	b.mu.Unlock()
	j.State, j.Ended, j.Failure, j.Sheet = state, b.now(), why, out.Sheet != nil
	body, err := json.Marshal(j)
	if err != nil {
		return err
	}
	_, err = b.db.W().ExecContext(ctx, `UPDATE jobs SET body = ?, ended = ?, input = NULL, result = ?, sheet = ? WHERE id = ?`,
		string(body), int64(j.Ended), b.sealed(j.ID, "result", out.Result), b.sealed(j.ID, "sheet", out.Sheet), j.ID)
	if err != nil {
		return b.explain("job", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o.job = j
	delete(b.open, j.ID)
	o.tell()
	return nil
}

// sealed is a box, or NULL for nothing.
func (b *Book) sealed(id, column string, plain []byte) any {
	if plain == nil {
		return nil
	}
	return b.cfg.Key.Seal(plain, place(id, column))
}

// Cancel ends a job: one that waits at once, one that runs where it is, what it has done
// stays done. The error wraps ErrUnknown or ErrEnded.
func (b *Book) Cancel(ctx context.Context, id string) error {
	b.mu.Lock()
	o := b.open[id]
	if o == nil {
		b.mu.Unlock()
		if _, err := b.Get(ctx, id); err != nil {
			return err
		}
		return fmt.Errorf("job %s: %w", id, ErrEnded)
	}
	if o.cancel != nil {
		o.cancel(errCancelled)
		b.mu.Unlock()
		return nil
	}
	b.queue = slices.DeleteFunc(b.queue, func(q string) bool { return q == id })
	b.mu.Unlock()
	return b.end(ctx, o, Cancelled, nil, Output{})
}
