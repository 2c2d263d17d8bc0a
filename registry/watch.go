package registry

import (
	"context"
	"errors"
	"sync"
	"time"
)

// watchers wakes everyone who asked to hear of changes.
type watchers struct {
	mu   sync.Mutex // guards below
	subs map[chan struct{}]struct{}
}

// Watch returns a channel that receives once at first and then after changes of
// cameras; several changes may come as one. It is closed when ctx ends. Changes
// by another process are seen within Config.Poll while Run runs.
func (r *Registry) Watch(ctx context.Context) <-chan struct{} {
	// One wake-up waits at most: a reader that is late reads everything anew
	// anyway.
	ch := make(chan struct{}, 1)
	ch <- struct{}{}
	w := &r.watch
	w.mu.Lock()
	if w.subs == nil {
		w.subs = map[chan struct{}]struct{}{}
	}
	w.subs[ch] = struct{}{}
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.subs, ch)
		close(ch)
	})
	return ch
}

func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.subs {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Intervals of Run's lesser duties.
const (
	retryActs  = 10 * time.Second // the store was away
	pruneEvery = time.Hour
)

// Run notices what other processes change, writes state changes to the
// database, and hands waiting acts to the store, until ctx ends. It returns
// nil then. A database that fails for a while is reported in the log and tried
// again.
func (r *Registry) Run(ctx context.Context) error {
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	ships := time.NewTicker(retryActs)
	defer ships.Stop()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()

	var p poller
	var faults faultLog
	faults.note(r, "read registry", p.look(ctx, r)) // the starting point
	faults.note(r, "hand acts to the store", r.ship(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.states.dirty:
			faults.note(r, "write stream states", r.flushStates(ctx))
		case <-poll.C:
			faults.note(r, "read registry", p.look(ctx, r))
			faults.note(r, "write stream states", r.flushStates(ctx))
		case <-ships.C:
			faults.note(r, "hand acts to the store", r.ship(ctx))
		case <-prune.C:
			faults.note(r, "prune stream states", r.pruneStates(ctx))
		}
	}
}

// poller finds changes by other processes.
type poller struct {
	version int64 // PRAGMA data_version of the connection that writes
	changes int64
}

// look wakes the watchers if another process changed a camera. data_version
// moves only for commits of other connections, so our own, on the one
// connection that writes, cost nothing here; the counter then tells cameras
// from other tables.
func (p *poller) look(ctx context.Context, r *Registry) error {
	var version int64
	if err := r.db.W().QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
		return r.db.Explain(err)
	}
	if version == p.version {
		return nil
	}
	n, err := changes(ctx, r.db.R())
	if err != nil {
		return r.db.Explain(err)
	}
	// The first look wakes, too: what changed since the watchers read is not known.
	if p.version == 0 || n != p.changes {
		r.watch.wake()
	}
	p.version, p.changes = version, n
	return nil
}

// faultLog reports a fault when it begins and when it ends.
type faultLog map[string]bool

func (f *faultLog) note(r *Registry, what string, err error) {
	if errors.Is(err, context.Canceled) {
		return // shutting down
	}
	if *f == nil {
		*f = faultLog{}
	}
	switch bad := (*f)[what]; {
	case err != nil && !bad:
		r.log.Warn("registry duty fails", "duty", what, "err", err)
	case err == nil && bad:
		r.log.Info("registry duty works again", "duty", what)
	}
	(*f)[what] = err != nil
}
