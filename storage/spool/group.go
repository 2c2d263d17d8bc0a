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

type round struct {
	done    chan struct{}
	err     error // set before done is closed
	waiting bool
}

func newGroupSync(fs fsSyncer) *groupSync {
	return &groupSync{fs: fs, round: &round{done: make(chan struct{})}}
}

// wait returns after a sync that began after the call, with its result.
func (g *groupSync) wait() error {
	g.mu.Lock()
	r := g.round
	r.waiting = true
	stopped := g.stopped
	g.mu.Unlock()
	if stopped {
		return g.fs.SyncAll()
	}
	<-r.done
	return r.err
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
	close(r.done)
}

func (g *groupSync) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
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
