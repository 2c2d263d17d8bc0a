package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"qianshao/storage/acts"
	"qianshao/storage/index"
)

// journal writes acts down in the order they were noted, away from the
// goroutines that read cameras.
type journal struct {
	acts  *acts.Log
	apply func(context.Context, ...acts.Act) error // to the index
	log   *slog.Logger

	unindexed []acts.Act // in the log, not yet in the index; run's alone

	mu    sync.Mutex
	queue []*acts.Act // guarded by mu
	wake  chan struct{}
}

func newJournal(a *acts.Log, db *index.DB, log *slog.Logger) *journal {
	apply := func(ctx context.Context, list ...acts.Act) error { return acts.Apply(ctx, db, list...) }
	return &journal{acts: a, apply: apply, log: log, wake: make(chan struct{}, 1)}
}

// note queues an act; it never blocks.
func (j *journal) note(a *acts.Act) {
	j.mu.Lock()
	j.queue = append(j.queue, a)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// journalAgain is how long a failed write waits before it is tried again.
const journalAgain = time.Second

// run writes until ctx is done and the queue is empty, or cannot be written.
func (j *journal) run(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-j.wake:
		case <-again.C:
		case <-ctx.Done():
			_ = j.flush() // it has logged why
			return
		}
		if j.flush() != nil {
			again.Reset(journalAgain)
		}
	}
}

// journalPatience is how long a write may take.
const journalPatience = 10 * time.Second

// flush writes what is queued: first to the local log, which survives a power
// cut, then to the index, which can be rebuilt from it. What the log does not
// take, on a full disk, stays queued; so does what the index does not take.
func (j *journal) flush() error {
	j.mu.Lock()
	batch := j.queue
	j.queue = nil
	j.mu.Unlock()
	if len(batch) > 0 {
		if err := patiently(func(ctx context.Context) error { return j.acts.Append(ctx, batch...) }); err != nil {
			j.log.Error("causes of gaps not written down, will be tried again", "acts", len(batch), "err", err)
			j.mu.Lock()
			j.queue = append(batch, j.queue...)
			j.mu.Unlock()
			return err
		}
		for _, a := range batch {
			j.unindexed = append(j.unindexed, *a)
		}
	}
	if len(j.unindexed) == 0 {
		return nil
	}
	if err := patiently(func(ctx context.Context) error { return j.apply(ctx, j.unindexed...) }); err != nil {
		j.log.Error("causes of gaps not indexed, will be tried again, at the latest with the next start", "acts", len(j.unindexed), "err", err)
		return err
	}
	j.unindexed = nil
	return nil
}

// patiently is not cut short by a stop, which must not lose what was noted before it.
func patiently(write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), journalPatience)
	defer cancel()
	return write(ctx)
}
