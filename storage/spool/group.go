package spool

import (
	"context"
	"sync"
	"time"
)

// fsSyncer is a vfs.FS that can make all it holds durable at once (syncfs).
type fsSyncer interface{ SyncAll() error }

// groupSync lets many files share one sync of their file system.
type groupSync struct {
	fs fsSyncer

	mu      sync.Mutex
	round   *round // those who wait for the next sync; guarded by mu
	stopped bool   // guarded by mu
}

// groupEvery is the time between the beginnings of two syncs. A fragment waits
// for it and for the sync itself, which takes some 100 ms of a busy disk.
const groupEvery = 500 * time.Millisecond

type round struct {
	done    chan struct{}
	err     error // set before done is closed
	waiting bool
}

func newGroupSync(fs fsSyncer) *groupSync {
	return &groupSync{fs: fs, round: &round{done: make(chan struct{})}}
}

// over reports whether the sync has ended.
func (r *round) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// join returns the round of the next sync, which begins after the call.
func (g *groupSync) join() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		r := &round{done: make(chan struct{}), err: g.fs.SyncAll()}
		close(r.done)
		return r
	}
	g.round.waiting = true
	return g.round
}

func (g *groupSync) turn() {
	g.mu.Lock()
	r := g.round
	if !r.waiting {
		g.mu.Unlock()
		return
	}
	g.round = &round{done: make(chan struct{})}
	g.mu.Unlock()
	r.err = g.fs.SyncAll()
	if r.err != nil {
		// The kernel tells of a failed write once. It may be of bytes that came
		// after the sync began: the next one would know nothing of it.
		g.mu.Lock()
		next := g.round
		g.round = &round{done: make(chan struct{})}
		g.mu.Unlock()
		next.err = r.err
		close(next.done)
	}
	close(r.done)
}

func (g *groupSync) run(ctx context.Context) error {
	tick := time.NewTicker(groupEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.turn()
		case <-ctx.Done():
			g.mu.Lock()
			g.stopped = true
			g.mu.Unlock()
			g.turn()
			return nil
		}
	}
}
