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
	index *index.DB
	log   *slog.Logger

	mu    sync.Mutex
	queue []*acts.Act // guarded by mu
	wake  chan struct{}
}

func newJournal(a *acts.Log, db *index.DB, log *slog.Logger) *journal {
	return &journal{acts: a, index: db, log: log, wake: make(chan struct{}, 1)}
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

// flush writes what is queued: first to the local log, which survives a power
// cut, then to the index, which can be rebuilt from it. What the log does not
// take, on a full disk, stays queued.
func (j *journal) flush() error {
	j.mu.Lock()
	batch := j.queue
	j.queue = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	// A stop must not lose what was noted before it.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := j.acts.Append(ctx, batch...); err != nil {
		j.log.Error("causes of gaps not written down, will be tried again", "acts", len(batch), "err", err)
		j.mu.Lock()
		j.queue = append(batch, j.queue...)
		j.mu.Unlock()
		return err
	}
	list := make([]acts.Act, len(batch))
	for i, a := range batch {
		list[i] = *a
	}
	if err := acts.Apply(ctx, j.index, list...); err != nil {
		j.log.Error("causes of gaps not indexed; the next start makes up for it", "acts", len(batch), "err", err)
	}
	return nil
}
