package blobtest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"qianshao/storage/blob"
)

// Away is a blob.Store that can be taken away and brought back: every method of
// an absent store fails with the given error, as do reads that were begun
// before. It has none of the optional interfaces, like a store over a network.
type Away struct {
	base blob.Store

	mu    sync.Mutex // guards what follows
	err   error
	calls int
}

var _ blob.Store = (*Away)(nil)

// NewAway wraps a store, which is there until SetErr takes it away.
func NewAway(base blob.Store) *Away { return &Away{base: base} }

// SetErr takes the store away with an error, or brings it back with nil.
func (a *Away) SetErr(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// Calls returns how often the store was asked for anything, there or not.
func (a *Away) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

func (a *Away) check(op, key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	return a.errLocked(op, key)
}

func (a *Away) errLocked(op, key string) error {
	if a.err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", op, key, a.err)
}

// Put implements blob.Store. A store that leaves during a Put may have the
// object all the same, as over a network.
func (a *Away) Put(ctx context.Context, key string, c blob.Content) error {
	if err := a.check("put", key); err != nil {
		return err
	}
	if err := a.base.Put(ctx, key, c); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.errLocked("put", key)
}

// Get implements blob.Store.
func (a *Away) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := a.check("get", key); err != nil {
		return nil, err
	}
	r, err := a.base.Get(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return &awayReader{ReadCloser: r, a: a, key: key}, nil
}

type awayReader struct {
	io.ReadCloser
	a   *Away
	key string
}

func (r *awayReader) Read(p []byte) (int, error) {
	r.a.mu.Lock()
	err := r.a.errLocked("get", r.key)
	r.a.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return r.ReadCloser.Read(p)
}

// Head implements blob.Store.
func (a *Away) Head(ctx context.Context, key string) (blob.Info, error) {
	if err := a.check("head", key); err != nil {
		return blob.Info{}, err
	}
	return a.base.Head(ctx, key)
}

// List implements blob.Store.
func (a *Away) List(ctx context.Context, prefix, after string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if err := a.check("list", prefix); err != nil {
			yield(blob.Info{}, err)
			return
		}
		for i, err := range a.base.List(ctx, prefix, after) {
			a.mu.Lock()
			if gone := a.errLocked("list", prefix); gone != nil {
				i, err = blob.Info{}, gone
			}
			a.mu.Unlock()
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}

// Delete implements blob.Store.
func (a *Away) Delete(ctx context.Context, key string) error {
	if err := a.check("delete", key); err != nil {
		return err
	}
	return a.base.Delete(ctx, key)
}
