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

// Config says of what book a Shelf holds copies.
type Config struct {
	Name  string // "accounts"; the folder in the store is v1/accounts/
	Place string // what a copy is sealed for: not to be taken for another book's
	Key   Sealer
	// Content is what a copy holds, always the same of the same book; nil where the
	// book is empty: a new folder has nothing to say, and must not push copies out.
	Content func(ctx context.Context) ([]byte, error)
	Log     *slog.Logger
	Now     func() time.Time
}

// Shelf is where the copies of one book stand, named by their microsecond, so that
// the last in key order is the newest. Its methods may be called by many goroutines.
type Shelf struct {
	cfg    Config
	prefix string

	mu      sync.Mutex
	shipped [sha256.Size]byte // of the last copy this process put there
}

// New makes a Shelf. All of Config is required.
func New(cfg Config) *Shelf { return &Shelf{cfg: cfg, prefix: "v1/" + cfg.Name + "/"} }

// Run keeps a copy in the store, looking for changes every so often, until ctx ends;
// it then returns nil.
func (s *Shelf) Run(ctx context.Context, store blob.Store, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.Ship(ctx, store); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("a copy is not shipped, will be tried again", "of", s.cfg.Name, "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Ship puts a copy into the store if the book differs from the last copy that this
// process put there, and removes the oldest.
func (s *Shelf) Ship(ctx context.Context, store blob.Store) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(ctx, store, kept)
}

// Replace puts a copy under the key of the moment into the store, and removes all
// others: they are sealed under a key that shall be forgotten.
func (s *Shelf) Replace(ctx context.Context, store blob.Store) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped = [sha256.Size]byte{}
	return s.put(ctx, store, 1)
}

func (s *Shelf) put(ctx context.Context, store blob.Store, keep int) error {
	fail := func(err error) error { return fmt.Errorf("copy %s: %w", s.cfg.Name, err) }
	plain, err := s.cfg.Content(ctx)
	if err != nil {
		return fail(err)
	}
	sum := sha256.Sum256(plain)
	if plain == nil || sum == s.shipped {
		return nil
	}
	key := fmt.Sprintf("%s%016d", s.prefix, s.cfg.Now().UnixMicro())
	if err := store.Put(ctx, key, blob.Bytes(s.cfg.Key.Seal(plain, s.cfg.Place))); err != nil {
		return fail(err)
	}
	keys, err := s.keys(ctx, store)
	if err != nil {
		return fail(err)
	}
	for len(keys) > keep {
		if err := store.Delete(ctx, keys[0]); err != nil {
			return fail(err)
		}
		keys = keys[1:]
	}
	s.shipped = sum
	return nil
}

func (s *Shelf) keys(ctx context.Context, store blob.Store) (keys []string, err error) {
	for info, err := range store.List(ctx, s.prefix, "") {
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
	fail := func(err error) ([]byte, error) { return nil, fmt.Errorf("restore %s: %w", s.cfg.Name, err) }
	keys, err := s.keys(ctx, store)
	if err != nil {
		return fail(err)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	key := keys[len(keys)-1]
	r, err := store.Get(ctx, key, 0, -1)
	if err != nil {
		return fail(err)
	}
	box, err := io.ReadAll(io.LimitReader(r, maxSize))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fail(fmt.Errorf("%s: %w", key, err))
	}
	plain, err := s.cfg.Key.Open(box, s.cfg.Place)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", key, err))
	}
	return plain, nil
}
