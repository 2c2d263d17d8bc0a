package sealblob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/blob/sealblob"
)

// FuzzObject reads what somebody else left in the store under a footage name and
// under a key's: it is told as damaged, and nothing of it is handed out.
func FuzzObject(f *testing.F) {
	base := memblob.New(nil)
	key := siteKey(f)
	s, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	blobtest.Put(f, s, "a", content(100))
	blobtest.Put(f, s, "b", content(2*record))
	name := blobtest.Keys(f, base, "v1/keys/", "")[0]
	box := blobtest.Get(f, base, name)
	f.Add(blobtest.Get(f, base, "a.s1"), box, int64(0), int64(-1))
	f.Add(blobtest.Get(f, base, "b.s1"), box, int64(record), int64(10))
	f.Add([]byte{}, []byte{}, int64(1), int64(1))
	f.Fuzz(func(t *testing.T, object, box []byte, from, length int64) {
		base := memblob.New(nil)
		blobtest.Put(t, base, name, box)
		blobtest.Put(t, base, "x.s1", object)
		s, ring := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
		r, err := s.Get(t.Context(), "x", from, length)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(r)
			if cerr := r.Close(); cerr != nil || len(b) > 0 {
				t.Errorf("handed out %d bytes of another's, %v", len(b), cerr)
			}
			if err == nil && length != 0 && int64(len(object))-from > 16 {
				t.Errorf("no word of damage")
			}
		}
		if o, err := s.(blob.OpenerAt).OpenAt(t.Context(), "x"); err == nil {
			if n, err := o.ReadAt(make([]byte, 10), max(0, from)); n > 0 || err == nil {
				t.Errorf("handed out %d bytes at random, %v", n, err)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
		if sealed, _, err := ring.Reseal(t.Context()); sealed != 0 || err != nil {
			t.Errorf("sealed %d, %v", sealed, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s, _ := sealed(b, discard{memblob.New(nil)})
	c := blob.Bytes(content(16 << 20))
	b.SetBytes(c.Size)
	for b.Loop() {
		if err := s.Put(b.Context(), "o/1", c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s, _ := sealed(b, files(b))
	blobtest.Put(b, s, "o/1", content(16<<20))
	for name, size := range map[string]int64{"whole": 16 << 20, "fragment": 256 << 10} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 256<<10)
			b.SetBytes(size)
			for b.Loop() {
				r, err := s.Get(b.Context(), "o/1", 0, size)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buf); err != nil {
					b.Fatal(err)
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// discard reads what is put, as a store does, and forgets it.
type discard struct{ blob.Store }

func (d discard) Put(ctx context.Context, key string, c blob.Content) error {
	if !bytes.HasPrefix([]byte(key), []byte("o/")) {
		return d.Store.Put(ctx, key, c)
	}
	r, err := c.Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, struct{ io.Reader }{r})
	return errors.Join(err, r.Close())
}
