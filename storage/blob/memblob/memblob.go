// Package memblob is a blob.Store in memory, for tests. It watches the promise
// that objects never change, and complains to the test by itself when a key is
// given other bytes, also after a Delete.
package memblob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"qianshao/storage/blob"
)

// TB is the part of testing.TB that a Store complains to.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Store is a blob.Store in memory.
type Store struct {
	t TB

	mu      sync.Mutex // guards what follows
	objects map[string][]byte
	sums    map[string][32]byte // of every key that ever was
}

var (
	_ blob.Store    = (*Store)(nil)
	_ blob.OpenerAt = (*Store)(nil)
	_ blob.Clipper  = (*Store)(nil)
)

// New returns an empty store that fails t when a key is given other bytes than
// it once had. With a nil t it only returns blob.ErrDifferent.
func New(t TB) *Store {
	return &Store{t: t, objects: map[string][]byte{}, sums: map[string][32]byte{}}
}

func (s *Store) complain(format string, args ...any) {
	if s.t != nil {
		s.t.Helper()
		s.t.Errorf(format, args...)
	}
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, c blob.Content) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	r, err := c.Open()
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	b, err := io.ReadAll(c.Verify(ctxReader{ctx, r}))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.sums[key]; ok && was != c.SHA256 {
		s.complain("object %s of sha256 %x was put again with %x", key, was, c.SHA256)
		if s.objects[key] != nil {
			return fmt.Errorf("put %s: %w", key, blob.ErrDifferent)
		}
	}
	if s.objects[key] == nil {
		s.objects[key], s.sums[key] = slices.Clip(b), c.SHA256
		if b == nil {
			s.objects[key] = []byte{}
		}
	}
	return nil
}

// get finds an object and makes sure nobody wrote into it.
func (s *Store) get(ctx context.Context, key string) ([]byte, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.objects[key]
	if !ok {
		return nil, fmt.Errorf("%s: %w", key, blob.ErrNotExist)
	}
	if sha256.Sum256(b) != s.sums[key] {
		s.complain("the bytes of object %s were written to", key)
	}
	return b, nil
}

// Get implements blob.Store.
func (s *Store) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	b, err := s.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("get %w", err)
	}
	n, err := blob.Length(int64(len(b)), offset, length)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	return io.NopCloser(ctxReader{ctx, bytes.NewReader(b[offset : offset+n])}), nil
}

// GetClipped implements blob.Clipper.
func (s *Store) GetClipped(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	b, err := s.get(ctx, key)
	if err != nil {
		return nil, 0, fmt.Errorf("get %w", err)
	}
	n, err := blob.Clip(int64(len(b)), offset, length)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, err)
	}
	return io.NopCloser(ctxReader{ctx, bytes.NewReader(b[offset : offset+n])}), n, nil
}

// Head implements blob.Store.
func (s *Store) Head(ctx context.Context, key string) (blob.Info, error) {
	b, err := s.get(ctx, key)
	if err != nil {
		return blob.Info{}, fmt.Errorf("head %w", err)
	}
	return blob.Info{Key: key, Size: int64(len(b)), SHA256: sha256.Sum256(b)}, nil
}

// OpenAt implements blob.OpenerAt.
func (s *Store) OpenAt(ctx context.Context, key string) (blob.ReaderAtCloser, error) {
	b, err := s.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("open %w", err)
	}
	return readerAt{bytes.NewReader(b)}, nil
}

// List implements blob.Store. It yields what was there when it was called.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		s.mu.Lock()
		var found []blob.Info
		for key, b := range s.objects {
			if strings.HasPrefix(key, prefix) && key > after {
				found = append(found, blob.Info{Key: key, Size: int64(len(b)), SHA256: s.sums[key]})
			}
		}
		s.mu.Unlock()
		slices.SortFunc(found, func(a, b blob.Info) int { return strings.Compare(a.Key, b.Key) })
		for _, i := range found {
			if err := ctx.Err(); err != nil {
				yield(blob.Info{}, fmt.Errorf("list %q: %w", prefix, err))
				return
			}
			if !yield(i, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(blob.Info{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	return nil
}

type readerAt struct{ *bytes.Reader }

func (readerAt) Close() error { return nil }

// ctxReader stops when its context does.
type ctxReader struct {
	ctx context.Context
	io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
