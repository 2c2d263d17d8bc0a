package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"qianshao/storage/blob"
)

const (
	// snapshotPrefix is where snapshots stand in the store, named by their
	// microsecond, so that the last in key order is the newest.
	snapshotPrefix = "v1/registry/"
	// snapshotsKept is how many stay: the newest, and some in case it is bad.
	snapshotsKept = 5
)

// ShipSnapshots keeps a sealed snapshot of the registry in the store, looking
// for changes every so often, until ctx is done.
func (r *Registry) ShipSnapshots(ctx context.Context, store blob.Store, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := r.ShipChanges(ctx, store); err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("registry snapshot not shipped, will be tried again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// ShipChanges puts a snapshot into the store if this process has not put one
// there since the last change.
func (r *Registry) ShipChanges(ctx context.Context, store blob.Store) error {
	r.shipping.Lock()
	defer r.shipping.Unlock()
	n, err := r.Changes(ctx)
	if err != nil || n == r.shipped {
		return err
	}
	if err := r.ShipSnapshot(ctx, store); err != nil {
		return err
	}
	r.shipped = n
	return nil
}

// ShipSnapshot puts one snapshot into the store and removes the oldest.
func (r *Registry) ShipSnapshot(ctx context.Context, store blob.Store) error {
	b, err := r.Snapshot(ctx)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%016d", snapshotPrefix, r.cfg.Now().UnixMicro())
	err = store.Put(ctx, key, blob.Content{
		Size: int64(len(b)), SHA256: sha256.Sum256(b),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	})
	if err != nil {
		return fmt.Errorf("ship registry snapshot: %w", err)
	}
	keys, err := snapshotKeys(ctx, store)
	if err != nil {
		return err
	}
	for len(keys) > snapshotsKept {
		if err := store.Delete(ctx, keys[0]); err != nil {
			return fmt.Errorf("remove old registry snapshot: %w", err)
		}
		keys = keys[1:]
	}
	return nil
}

// snapshotKeys lists the snapshots, oldest first.
func snapshotKeys(ctx context.Context, store blob.Store) ([]string, error) {
	var keys []string
	for info, err := range store.List(ctx, snapshotPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list registry snapshots: %w", err)
		}
		if _, err := strconv.ParseInt(strings.TrimPrefix(info.Key, snapshotPrefix), 10, 64); err == nil {
			keys = append(keys, info.Key)
		}
	}
	return keys, nil
}

// RestoreNewest restores the newest snapshot in the store that can be read.
// blob.ErrNotExist when there is none; else the newest one's error.
func (r *Registry) RestoreNewest(ctx context.Context, store blob.Store) error {
	keys, err := snapshotKeys(ctx, store)
	if err != nil {
		return err
	}
	err = fmt.Errorf("registry snapshot: %w", blob.ErrNotExist)
	for i := len(keys) - 1; i >= 0; i-- {
		var body io.ReadCloser
		var b []byte
		if body, err = store.Get(ctx, keys[i], 0, -1); err == nil {
			b, err = io.ReadAll(body)
			err = errors.Join(err, body.Close())
		}
		if err == nil {
			err = r.Restore(ctx, b)
		}
		if err == nil || !errors.Is(err, ErrBadSnapshot) {
			return err
		}
		r.cfg.Log.Warn("registry snapshot cannot be read, trying the one before", "key", keys[i], "err", err)
	}
	return err
}
