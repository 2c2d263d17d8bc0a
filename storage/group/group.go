// Package group lets callers that arrive while work is under way share the next
// round of it, as commits and syncs want: one caller pays for all.
package group

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned by Do after Close.
var ErrClosed = errors.New("closed")

// Queue collects operations into rounds. It has no goroutine of its own: the
// first caller to find it idle runs a round with its own operation and whatever
// queued up meanwhile, and goes on until none is left.
type Queue[T any] struct {
	// Run does the operations of a round; results go into the operations. It is
	// never run twice at once. ctx carries the values of some caller's and never
	// ends: others depend on the round.
	Run func(ctx context.Context, round []T)
	// Max bounds a round, and with it how long its first caller waits for its
	// last. 0: no bound.
	Max int

	mu      sync.Mutex // guards below
	queue   []entry[T]
	leading bool
	closed  bool
	idle    chan struct{} // made by Close, closed when leading ends
}

type entry[T any] struct {
	op   T
	done chan struct{}
}

// Do returns when a round with op has run. If ctx ends first its error is
// returned, and op may still run: it must not be read then.
func (q *Queue[T]) Do(ctx context.Context, op T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := entry[T]{op: op, done: make(chan struct{})}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	q.queue = append(q.queue, e)
	lead := !q.leading
	q.leading = true
	q.mu.Unlock()
	if lead {
		q.lead(context.WithoutCancel(ctx))
		return nil
	}
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *Queue[T]) lead(ctx context.Context) {
	for {
		q.mu.Lock()
		n := len(q.queue)
		if n == 0 {
			q.leading = false
			if q.idle != nil {
				close(q.idle)
			}
			q.mu.Unlock()
			return
		}
		if q.Max > 0 {
			n = min(n, q.Max)
		}
		round := q.queue[:n:n]
		q.queue = q.queue[n:]
		q.mu.Unlock()
		ops := make([]T, n)
		for i, e := range round {
			ops[i] = e.op
		}
		q.Run(ctx, ops)
		for _, e := range round {
			close(e.done)
		}
	}
}

// Close refuses further operations and waits for those under way. It may be
// called twice.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	q.closed = true
	if !q.leading {
		q.mu.Unlock()
		return
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	idle := q.idle
	q.mu.Unlock()
	<-idle
}
