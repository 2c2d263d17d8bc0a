// Package copies keeps sealed copies of a small book, the accounts or the cases,
// in the store: the newest few, for the day on which the machine is lost.
package copies

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"qianshao/storage/blob"
)

// Sealer encrypts a copy; *secret.Key is one, and registry.Sealer.
type Sealer interface {
	Seal(plain []byte, place string) []byte
	Open(box []byte, place string) ([]byte, error)
}

const (
	kept    = 5
	maxSize = 256 << 20
)

// Shelf is where the copies of one book stand. Its methods may be called by many
// goroutines.
type Shelf struct {
	// Prefix is the folder in the store. Copies are named by their microsecond, so
	// that the last in key order is the newest.
	Prefix string
	Place  string // what a copy is sealed for: not to be taken for another book's
	Key    Sealer
	Now    func() time.Time

	mu      sync.Mutex
	shipped [sha256.Size]byte // of the last copy this process put there
}

// Put puts a copy into the store if it differs from the last that this process
// put there, and removes the oldest.
func (s *Shelf) Put(ctx context.Context, store blob.Store, plain []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(ctx, store, plain, kept)
}

// Replace puts a copy under the key of the moment into the store, and removes all
// others: they are sealed under a key that shall be forgotten.
func (s *Shelf) Replace(ctx context.Context, store blob.Store, plain []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped = [sha256.Size]byte{}
	return s.put(ctx, store, plain, 1)
}

func (s *Shelf) put(ctx context.Context, store blob.Store, plain []byte, keep int) error {
	sum := sha256.Sum256(plain)
	if sum == s.shipped {
		return nil
	}
	key := fmt.Sprintf("%s%016d", s.Prefix, s.Now().UnixMicro())
	if err := store.Put(ctx, key, blob.Bytes(s.Key.Seal(plain, s.Place))); err != nil {
		return fmt.Errorf("ship a copy: %w", err)
	}
	keys, err := s.keys(ctx, store)
	if err != nil {
		return fmt.Errorf("ship a copy: %w", err)
	}
	for len(keys) > keep {
		if err := store.Delete(ctx, keys[0]); err != nil {
			return fmt.Errorf("remove an old copy: %w", err)
		}
		keys = keys[1:]
	}
	s.shipped = sum
	return nil
}

func (s *Shelf) keys(ctx context.Context, store blob.Store) (keys []string, err error) {
	for info, err := range store.List(ctx, s.Prefix, "") {
		if err != nil {
			return nil, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// Newest returns the newest copy in the store; nil: there is none. The error wraps
// secret.ErrOtherKey where another secret.key is needed.
func (s *Shelf) Newest(ctx context.Context, store blob.Store) ([]byte, error) {
	keys, err := s.keys(ctx, store)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	key := keys[len(keys)-1]
	r, err := store.Get(ctx, key, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	box, err := io.ReadAll(io.LimitReader(r, maxSize))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	plain, err := s.Key.Open(box, s.Place)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return plain, nil
}

// Keep calls ship every so often until ctx ends; it then returns nil.
func Keep(ctx context.Context, log *slog.Logger, every time.Duration, ship func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := ship(ctx); err != nil && ctx.Err() == nil {
			log.Warn("a copy for the store is not shipped, will be tried again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
