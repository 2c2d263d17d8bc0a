package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"qianshao/storage/blob"
)

func getRanges(t *testing.T, s blob.Store) {
	b := []byte("0123456789")
	Put(t, s, "a", b)
	for off := range int64(11) {
		for end := off; end <= 10; end++ {
			got, err := read(t.Context(), s, "a", off, end-off)
			check(t, err)
			if !bytes.Equal(got, b[off:end]) {
				t.Errorf("[%d,%d): got %q", off, end, got)
			}
		}
		got, err := read(t.Context(), s, "a", off, -1)
		check(t, err)
		if !bytes.Equal(got, b[off:]) {
			t.Errorf("from %d: got %q", off, got)
		}
	}
	// A reader may be left before its end.
	r, err := s.Get(t.Context(), "a", 0, 10)
	check(t, err)
	_, err = io.ReadFull(r, make([]byte, 3))
	check(t, errors.Join(err, r.Close()))
}

func getOutside(t *testing.T, s blob.Store) {
	Put(t, s, "a", []byte("0123456789"))
	Put(t, s, "empty", nil)
	for _, c := range []struct {
		key         string
		off, length int64
	}{{"a", 0, 11}, {"a", 5, 6}, {"a", 10, 1}, {"a", 11, -1}, {"a", 11, 0}, {"a", 1 << 40, 1}, {"a", -1, 2}, {"a", 1, 1<<63 - 1}, {"empty", 0, 1}, {"empty", 1, -1}} {
		b, err := read(t.Context(), s, c.key, c.off, c.length)
		if !errors.Is(err, blob.ErrRange) {
			t.Errorf("%d bytes of %s from %d: got %q, %v", c.length, c.key, c.off, b, err)
		}
	}
}

func missing(t *testing.T, s blob.Store) {
	Put(t, s, "a/b", []byte("1"))
	for _, key := range []string{"no", "a", "a/b/c", "a/c"} {
		_, err := read(t.Context(), s, key, 0, -1)
		wantIs(t, "get "+key, err, blob.ErrNotExist)
		_, err = read(t.Context(), s, key, 0, 0)
		wantIs(t, "get nothing of "+key, err, blob.ErrNotExist)
		_, err = s.Head(t.Context(), key)
		wantIs(t, "head "+key, err, blob.ErrNotExist)
		check(t, s.Delete(t.Context(), key))
	}
	wantObject(t, s, "a/b", []byte("1"))
}

func head(t *testing.T, s blob.Store) {
	c := blob.Bytes([]byte("hello"))
	check(t, s.Put(t.Context(), "a", c))
	i, err := s.Head(t.Context(), "a")
	check(t, err)
	wantInfo(t, i, "a", c)
	for i, err := range s.List(t.Context(), "", "") {
		check(t, err)
		wantInfo(t, i, "a", c)
	}
}

func wantInfo(t *testing.T, i blob.Info, key string, c blob.Content) {
	t.Helper()
	if i.Key != key || i.Size != c.Size {
		t.Errorf("got %+v", i)
	}
	if i.SHA256 != c.SHA256 && i.SHA256 != [32]byte{} {
		t.Errorf("another checksum: %x", i.SHA256)
	}
}

func list(t *testing.T, s blob.Store) {
	if keys := Keys(t, s, "", ""); len(keys) != 0 {
		t.Errorf("a new store lists %q", keys)
	}
	// Byte order is not the order of folders: "-" and "." come before "/".
	all := []string{"a-b/x", "a.b", "a/b/c", "a/b/d", "a/b0", "a0", "b/1-2.mp4", "b/10.mp4", "b/2.mp4", "c/d/e/f/g", "c/d/e0"}
	mixed := slices.Clone(all)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for _, key := range mixed {
		Put(t, s, key, []byte(key))
	}
	prefixes := []string{"", "a", "a/", "a/b", "a/b/", "a-", "b/1", "b/10.mp4", "c/d", "zzz", "a/b/c/d", "no/such", "../", "~", "/"}
	afters := []string{"", "a", "a/", "a/b", "a/b/c", "a/b/d", "a/b0", "a-b/x", "b", "b/10.mp4", "b/10.mp40", "zz", "c/d/e/f/g", "c/d/e/f/g/h"}
	for _, prefix := range prefixes {
		for _, after := range afters {
			var want []string
			for _, k := range all {
				if strings.HasPrefix(k, prefix) && k > after {
					want = append(want, k)
				}
			}
			if got := Keys(t, s, prefix, after); !slices.Equal(got, want) {
				t.Errorf("list %q after %q: got %q, want %q", prefix, after, got, want)
			}
		}
	}
	// A list may be left before its end, and ranged over again.
	seq := s.List(t.Context(), "", "")
	for range 2 {
		for i, err := range seq {
			check(t, err)
			if i.Key != all[0] {
				t.Errorf("the first is %q", i.Key)
			}
			break
		}
	}
}

// More keys than one answer of S3 holds (1,000).
func listMany(t *testing.T, s blob.Store) {
	var want []string
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(8)
	for i := range 2105 {
		key := fmt.Sprintf("v1/%02x/%05d", i/300, i)
		want = append(want, key)
		g.Go(func() error { return s.Put(ctx, key, blob.Bytes([]byte(key))) })
	}
	check(t, g.Wait())
	if got := Keys(t, s, "", ""); !slices.Equal(got, want) {
		t.Errorf("listed %d keys of %d, or in another order", len(got), len(want))
	}
	if got := Keys(t, s, "v1/", want[500]); !slices.Equal(got, want[501:]) {
		t.Errorf("listed %d keys after the 501st, or in another order", len(got))
	}
}

func remove(t *testing.T, s blob.Store) {
	Put(t, s, "v1/a/b", []byte("1"))
	Put(t, s, "v1/a/c", []byte("2"))
	check(t, s.Delete(t.Context(), "v1/a"))
	for range 2 {
		check(t, s.Delete(t.Context(), "v1/a/b"))
	}
	_, err := s.Head(t.Context(), "v1/a/b")
	wantIs(t, "head", err, blob.ErrNotExist)
	if got := Keys(t, s, "", ""); !slices.Equal(got, []string{"v1/a/c"}) {
		t.Errorf("left %q", got)
	}
	check(t, s.Delete(t.Context(), "v1/a/c"))
	Put(t, s, "v1/a/b", []byte("1"))
	wantObject(t, s, "v1/a/b", []byte("1"))
}

func keyForm(t *testing.T, s blob.Store) {
	long := strings.Repeat("a", 200)
	good := []string{"a", "A.b_c-9", "...", "x/..b", long + "/" + long + "/" + long[:110]}
	for _, key := range good {
		Put(t, s, key, []byte(key))
		wantObject(t, s, key, []byte(key))
	}
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a b", "a\x00", "ä",
		"a\\b", "a:b", "~tmp/1", "a%2f", strings.Repeat("a", 256), long + "/" + long + "/" + long[:111],
	} {
		wantIs(t, "put "+key, s.Put(t.Context(), key, blob.Bytes([]byte("x"))), blob.ErrBadKey)
		_, err := read(t.Context(), s, key, 0, -1)
		wantIs(t, "get "+key, err, blob.ErrBadKey)
		_, err = s.Head(t.Context(), key)
		wantIs(t, "head "+key, err, blob.ErrBadKey)
		wantIs(t, "delete "+key, s.Delete(t.Context(), key), blob.ErrBadKey)
	}
	if got := Keys(t, s, "", ""); len(got) != len(good) {
		t.Errorf("listed %q", got)
	}
}

func openAt(t *testing.T, s blob.Store) {
	o, ok := s.(blob.OpenerAt)
	if !ok {
		t.Skip("the store has no OpenAt")
	}
	Put(t, s, "a", []byte("0123456789"))
	r, err := o.OpenAt(t.Context(), "a")
	check(t, err)
	check(t, s.Delete(t.Context(), "a"))
	if r.Size() != 10 {
		t.Errorf("size %d", r.Size())
	}
	b := make([]byte, 4)
	if n, err := r.ReadAt(b, 3); n != 4 || err != nil || string(b) != "3456" {
		t.Errorf("read %q, %d, %v", b, n, err)
	}
	if n, err := r.ReadAt(b, 8); n != 2 || err != io.EOF {
		t.Errorf("read at the end: %d, %v", n, err)
	}
	check(t, r.Close())
	_, err = o.OpenAt(t.Context(), "a")
	wantIs(t, "open", err, blob.ErrNotExist)
	_, err = o.OpenAt(t.Context(), "../a")
	wantIs(t, "open", err, blob.ErrBadKey)
}
