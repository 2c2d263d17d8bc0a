// Package blobtest is the contract of blob.Store as a test suite, which every
// store passes, and a store that can be taken away.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"qianshao/storage/blob"
)

// Option changes what Run does.
type Option func(*suite)

// WithoutBig leaves the object of 70 MiB out, for stores that treat all sizes
// alike.
func WithoutBig() Option { return func(s *suite) { s.big = 0 } }

type suite struct{ big int64 }

// Run checks the sentences of blob.Store, and of the optional interfaces that
// the store has. open gives a new, empty store; it is called once a test. With
// -short there is no big object.
func Run(t *testing.T, open func(t *testing.T) blob.Store, options ...Option) {
	s := suite{big: 70 << 20}
	for _, o := range options {
		o(&s)
	}
	for name, test := range map[string]func(t *testing.T, s blob.Store){
		"put and get":                putAndGet,
		"put of the same":            putSame,
		"put of other content":       putDifferent,
		"put checks what arrives":    putChecks,
		"put whose source fails":     putSourceFails,
		"get ranges":                 getRanges,
		"get outside":                getOutside,
		"missing objects":            missing,
		"head":                       head,
		"list":                       list,
		"list of many":               listMany,
		"delete":                     remove,
		"one key, many writers":      concurrentSame,
		"one key, differing writers": concurrentDifferent,
		"key form":                   keyForm,
		"cancelled":                  cancelled,
		"open for random reads":      openAt,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	if s.big > 0 && !testing.Short() {
		t.Run("big object", func(t *testing.T) {
			t.Parallel()
			bigObject(t, open(t), s.big)
		})
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got %v, want %v", what, err, target)
	}
}

// Put stores b and ends the test if that fails.
func Put(t testing.TB, s blob.Store, key string, b []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, blob.Bytes(b)); err != nil {
		t.Fatal(err)
	}
}

// Get reads a whole object and ends the test if that fails.
func Get(t testing.TB, s blob.Store, key string) []byte {
	t.Helper()
	b, err := read(t.Context(), s, key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Keys lists the keys of a store, and ends the test if that fails.
func Keys(t testing.TB, s blob.Store, prefix, after string) []string {
	t.Helper()
	var keys []string
	for i, err := range s.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, i.Key)
	}
	return keys
}

func read(ctx context.Context, s blob.Store, key string, offset, length int64) ([]byte, error) {
	r, err := s.Get(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

func wantObject(t testing.TB, s blob.Store, key string, want []byte) {
	t.Helper()
	if got := Get(t, s, key); !bytes.Equal(got, want) {
		t.Errorf("%s holds %d bytes %.40q, want %d bytes %.40q", key, len(got), got, len(want), want)
	}
}
