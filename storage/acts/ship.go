package acts

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"qianshao/storage/blob"
)

// Back-off between failed attempts to ship: full jitter up to a limit that
// doubles.
const (
	backoffFirst = time.Second
	backoffMost  = time.Minute
)

// Run ships acts as they come, in batches, until ctx ends; it then returns nil.
// While the store is away it tries again with a jittered back-off.
func (l *Log) Run(ctx context.Context) error {
	limit := backoffFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		}
		wait := l.cfg.Every // others may join the batch
		for {
			if !sleep(ctx, wait) {
				return nil
			}
			err := l.Ship(ctx)
			if err == nil {
				if limit != backoffFirst {
					l.cfg.Log.Info("acts: shipping again")
				}
				limit = backoffFirst
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			if limit == backoffFirst {
				l.cfg.Log.Warn("acts: store does not take them; trying again", "err", err)
			}
			wait = rand.N(limit)
			limit = min(2*limit, backoffMost)
		}
	}
}

// sleep reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Ship sends every act appended so far to the store and returns when all are
// confirmed, or with the first error; what was not confirmed stays queued.
func (l *Log) Ship(ctx context.Context) error {
	select {
	case l.ship <- struct{}{}:
		defer func() { <-l.ship }()
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	l.retire()
	batch := append([]fileName{}, l.pending...)
	l.mu.Unlock()
	var unreadable []error
	for _, n := range batch {
		lines, err := l.readLines(n)
		if err != nil {
			// A bad spot of the disk must not keep the later acts here.
			unreadable = append(unreadable, fmt.Errorf("ship acts of %s: %w", n, err))
			continue
		}
		if err := l.shipFile(ctx, n, lines); err != nil {
			return errors.Join(append(unreadable, fmt.Errorf("ship acts: %w", err))...)
		}
	}
	return errors.Join(append(unreadable, l.prune())...)
}

func (l *Log) shipFile(ctx context.Context, n fileName, lines [][]byte) error {
	if len(lines) > 0 {
		var first Act
		if err := json.Unmarshal(lines[0], &first); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		body := joinLines(lines)
		sum := sha256.Sum256(body)
		key := batchKey{at: first.At, id: first.ID, sha: [8]byte(sum[:8])}
		if err := l.cfg.Store.Put(ctx, key.String(), blob.Bytes(body)); err != nil {
			return err
		}
	}
	// Not synced: after a power cut the same object is shipped again.
	done := n
	done.shipped = true
	if err := l.cfg.FS.Rename(l.path(n), l.path(done)); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = slices.DeleteFunc(l.pending, func(p fileName) bool { return p == n })
	l.shipped = append(l.shipped, done)
	return nil
}

// prune removes shipped files whose time is over.
func (l *Log) prune() error {
	limit := l.cfg.Now().Add(-l.cfg.Keep).UnixMicro()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.shipped) > 0 && int64(l.shipped[0].at) < limit {
		if err := l.cfg.FS.Remove(l.path(l.shipped[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove shipped acts: %w", err)
		}
		l.shipped = l.shipped[1:]
	}
	return nil
}
