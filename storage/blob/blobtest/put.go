package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"qianshao/storage/blob"
)

func putAndGet(t *testing.T, s blob.Store) {
	b := []byte("hello")
	Put(t, s, "v1/a/b", b)
	copy(b, "HELLO") // the store has its own bytes
	wantObject(t, s, "v1/a/b", []byte("hello"))
	Put(t, s, "v1/a/empty", nil)
	wantObject(t, s, "v1/a/empty", nil)
}

func putSame(t *testing.T, s blob.Store) {
	for range 3 {
		Put(t, s, "a", []byte("same"))
	}
	wantObject(t, s, "a", []byte("same"))
	Put(t, s, "e", nil)
	Put(t, s, "e", nil)
}

func putDifferent(t *testing.T, s blob.Store) {
	Put(t, s, "a", []byte("first"))
	for _, other := range []string{"other", "longer than the first", ""} {
		err := s.Put(t.Context(), "a", blob.Bytes([]byte(other)))
		wantIs(t, "put of "+other, err, blob.ErrDifferent)
	}
	wantObject(t, s, "a", []byte("first"))
}

func putChecks(t *testing.T, s blob.Store) {
	good := []byte("these bytes arrive")
	opens := func(b []byte) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	sum := sha256.Sum256(good)
	for what, c := range map[string]blob.Content{
		"checksum of others": {Size: int64(len(good)), SHA256: sha256.Sum256([]byte("x")), Open: opens(good)},
		"no checksum":        {Size: int64(len(good)), Open: opens(good)},
		"fewer than said":    {Size: int64(len(good)) + 1, SHA256: sum, Open: opens(good)},
		"more than said":     {Size: int64(len(good)) - 1, SHA256: sum, Open: opens(good)},
		"a damaged byte":     {Size: int64(len(good)), SHA256: sum, Open: opens([]byte("these bytes arrivE"))},
	} {
		wantIs(t, what, s.Put(t.Context(), "a", c), blob.ErrChecksum)
	}
	if _, err := s.Head(t.Context(), "a"); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("after refused puts: %v", err)
	}
	if keys := Keys(t, s, "", ""); len(keys) != 0 {
		t.Errorf("refused puts left %q", keys)
	}
	Put(t, s, "a", good)
}

func putSourceFails(t *testing.T, s blob.Store) {
	b := bytes.Repeat([]byte("0123456789"), 100<<10)
	c := blob.Bytes(b)
	broken := errors.New("disk is broken")
	c.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken))), nil
	}
	wantIs(t, "read error", s.Put(t.Context(), "a", c), broken)
	c.Open = func() (io.ReadCloser, error) { return nil, broken }
	wantIs(t, "open error", s.Put(t.Context(), "a", c), broken)
	_, err := s.Head(t.Context(), "a")
	wantIs(t, "after failed puts", err, blob.ErrNotExist)
	Put(t, s, "a", b)
	wantObject(t, s, "a", b)
}

func concurrentSame(t *testing.T, s blob.Store) {
	b := bytes.Repeat([]byte("0123456789"), 10<<10)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Put(t.Context(), "v1/a", blob.Bytes(b)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantObject(t, s, "v1/a", b)
}

func concurrentDifferent(t *testing.T, s blob.Store) {
	for round := range 5 {
		key := fmt.Sprintf("v1/%d", round)
		var wg sync.WaitGroup
		var won atomic.Pointer[[]byte]
		for i := range 6 {
			wg.Go(func() {
				b := bytes.Repeat([]byte{byte('a' + i)}, 50_000)
				err := s.Put(t.Context(), key, blob.Bytes(b))
				switch {
				case err == nil:
					if was := won.Swap(&b); was != nil {
						t.Errorf("%s: two different contents were both accepted", key)
					}
				case !errors.Is(err, blob.ErrDifferent):
					t.Errorf("%s: %v", key, err)
				}
			})
		}
		wg.Wait()
		if won.Load() == nil {
			t.Fatalf("%s: nobody won", key)
		}
		wantObject(t, s, key, *won.Load())
	}
}

func cancelled(t *testing.T, s blob.Store) {
	Put(t, s, "there", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantIs(t, "put", s.Put(ctx, "a", blob.Bytes([]byte("x"))), context.Canceled)
	_, err := read(ctx, s, "there", 0, -1)
	wantIs(t, "get", err, context.Canceled)
	_, err = s.Head(ctx, "there")
	wantIs(t, "head", err, context.Canceled)
	wantIs(t, "delete", s.Delete(ctx, "there"), context.Canceled)
	var last error
	for _, err := range s.List(ctx, "", "") {
		last = err
	}
	wantIs(t, "list", last, context.Canceled)
	wantObject(t, s, "there", []byte("x"))

	// Cancelled while the bytes are on their way: nothing is stored.
	ctx, cancel = context.WithCancel(t.Context())
	b := make([]byte, 4<<20)
	c := blob.Bytes(b)
	c.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(&cancelAt{Reader: bytes.NewReader(b), left: len(b) / 2, cancel: cancel}), nil
	}
	wantIs(t, "put midway", s.Put(ctx, "b", c), context.Canceled)
	_, err = s.Head(t.Context(), "b")
	wantIs(t, "head after it", err, blob.ErrNotExist)
}

// cancelAt cancels when half of it was read.
type cancelAt struct {
	io.Reader
	left   int
	cancel context.CancelFunc
}

func (c *cancelAt) Read(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		c.cancel()
	}
	return c.Reader.Read(p)
}

// noise is a source of size bytes that are the same for the same seed.
func noise(seed byte, size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), size)
}

func bigObject(t *testing.T, s blob.Store, size int64) {
	h := sha256.New()
	_, err := io.Copy(h, noise(1, size))
	check(t, err)
	c := blob.Content{
		Size: size, SHA256: [32]byte(h.Sum(nil)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(noise(1, size)), nil },
	}
	bad := c
	bad.Open = func() (io.ReadCloser, error) { return io.NopCloser(noise(2, size)), nil }
	wantIs(t, "other bytes", s.Put(t.Context(), "v1/big", bad), blob.ErrChecksum)
	_, err = s.Head(t.Context(), "v1/big")
	wantIs(t, "head after it", err, blob.ErrNotExist)
	check(t, s.Put(t.Context(), "v1/big", c))
	check(t, s.Put(t.Context(), "v1/big", c))
	small := blob.Bytes([]byte("small"))
	wantIs(t, "put of other content", s.Put(t.Context(), "v1/big", small), blob.ErrDifferent)
	bad.SHA256[0] ^= 1
	wantIs(t, "put of other content of that size", s.Put(t.Context(), "v1/big", bad), blob.ErrDifferent)

	r, err := s.Get(t.Context(), "v1/big", 0, -1)
	check(t, err)
	h.Reset()
	n, err := io.Copy(h, r)
	check(t, errors.Join(err, r.Close()))
	if n != size || [32]byte(h.Sum(nil)) != c.SHA256 {
		t.Errorf("read %d bytes of %d, or other ones", n, size)
	}
	want, err := io.ReadAll(noise(1, size))
	check(t, err)
	got, err := read(t.Context(), s, "v1/big", size-6<<20, 5<<20)
	check(t, err)
	if !bytes.Equal(got, want[size-6<<20:size-1<<20]) {
		t.Error("a range differs")
	}
}
