package sealblob_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/vfs"
)

const record = 64 << 10

var november = sealblob.Scope{Camera: "c_aaaaaaaaaaaaaaaa", Month: "202611"}

// scoped seals every name that leaves room for the suffix.
func scoped(name string) (sealblob.Scope, bool) { return november, len(name) < 240 }

// site is a site's key: old opens only.
type site struct {
	id   string
	aead cipher.AEAD
	old  *site
}

var errOtherKey = errors.New("sealed under another key")

func siteKey(t testing.TB) *site {
	t.Helper()
	raw := make([]byte, 32)
	_, _ = crand.Read(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return &site{id: string(raw[:4]), aead: aead}
}

func (s *site) Seal(plain []byte, place string) []byte {
	return s.aead.Seal([]byte(s.id), nil, plain, []byte(place))
}

func (s *site) Open(box []byte, place string) ([]byte, error) {
	if !s.Sealed(box) {
		if s.old != nil {
			return s.old.Open(box, place)
		}
		return nil, errOtherKey
	}
	return s.aead.Open(nil, nil, box[len(s.id):], []byte(place))
}

func (s *site) Sealed(box []byte) bool { return strings.HasPrefix(string(box), s.id) }

func sealed(t testing.TB, base blob.Store) (blob.Store, *sealblob.Keyring) {
	t.Helper()
	return sealblob.New(sealblob.Config{Base: base, Site: siteKey(t), Scope: scoped})
}

func files(t testing.TB) blob.Store {
	t.Helper()
	dir := t.TempDir()
	fsys, err := vfs.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]func(t *testing.T) blob.Store{
		"memory": func(*testing.T) blob.Store { return memblob.New(nil) },
		"files":  func(t *testing.T) blob.Store { t.Helper(); return files(t) },
		// Neither random reads nor clipped ranges.
		"far": func(*testing.T) blob.Store { return blobtest.NewAway(memblob.New(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blobtest.Run(t, func(t *testing.T) blob.Store {
				t.Helper()
				s, _ := sealed(t, base(t))
				return s
			}, blobtest.WithoutBig())
		})
	}
}

func content(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(b)
	return b
}

// Every range of an object of every length is what it was, by either way of reading,
// and nothing of it stands in the store below.
func TestRanges(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	s, _ := sealed(t, base)
	for _, size := range []int{0, 1, record - 1, record, record + 1, 2*record - 1, 2 * record, 3*record + 100} {
		name := fmt.Sprintf("o/%d", size)
		plain := content(size)
		blobtest.Put(t, s, name, plain)
		for i := range size / 16 {
			if b := plain[i*16:][:16]; i%512 == 0 && bytes.Contains(blobtest.Get(t, base, name+".s1"), b) {
				t.Fatalf("%d: the store below holds plain bytes", size)
			}
		}
		at, err := s.(blob.OpenerAt).OpenAt(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			edge := rapid.SampledFrom([]int{0, 1, record - 1, record, record + 1, 2 * record, size})
			from := min(size, rapid.OneOf(edge, rapid.IntRange(0, size)).Draw(t, "from"))
			to := min(size, rapid.OneOf(edge, rapid.IntRange(0, size)).Draw(t, "to"))
			if from > to {
				from, to = to, from
			}
			got := read(t, s, name, int64(from), int64(to-from))
			if !bytes.Equal(got, plain[from:to]) {
				t.Fatalf("[%d, %d) of %d differs", from, to, size)
			}
			if got := read(t, s, name, int64(from), -1); !bytes.Equal(got, plain[from:]) {
				t.Fatalf("from %d of %d differs", from, size)
			}
			beyond := rapid.IntRange(1, 3*record).Draw(t, "beyond")
			r, n, err := blob.GetClipped(context.Background(), s, name, int64(from), int64(beyond))
			if from == size {
				if !errors.Is(err, blob.ErrRange) {
					t.Fatalf("clipped from the end: %v", err)
				}
			} else {
				want := plain[from:min(size, from+beyond)]
				if got := all(t, r, err); !bytes.Equal(got, want) || n != int64(len(want)) {
					t.Fatalf("%d clipped bytes from %d of %d: %d (%d)", beyond, from, size, len(got), n)
				}
			}
			b := make([]byte, to-from)
			if n, err := at.ReadAt(b, int64(from)); n != len(b) || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(b, plain[from:to]) {
				t.Fatalf("at random [%d, %d) of %d: %d, %v", from, to, size, n, err)
			}
		})
		if err := at.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

func read(t fataler, s blob.Store, name string, from, length int64) []byte {
	t.Helper()
	r, err := s.Get(context.Background(), name, from, length)
	return all(t, r, err)
}

func all(t fataler, r io.ReadCloser, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// What was changed below is told as damaged, and none of it is handed out.
func TestDamage(t *testing.T) {
	t.Parallel()
	plain := content(3*record + 100)
	const step = record + 16
	for name, change := range map[string]func(b []byte) []byte{
		"a bit": func(b []byte) []byte { b[step+5] ^= 1; return b },
		"a tag": func(b []byte) []byte { b[step-1] ^= 128; return b },
		"two records swap": func(b []byte) []byte {
			c := bytes.Clone(b[:step])
			copy(b, b[step:2*step])
			copy(b[step:], c)
			return b
		},
		"cut at a record":   func(b []byte) []byte { return b[:3*step] },
		"cut in a record":   func(b []byte) []byte { return b[:2*step+1000] },
		"cut within a tag":  func(b []byte) []byte { return b[:3*step+10] },
		"a record more":     func(b []byte) []byte { return append(b, b[:step]...) },
		"one in the middle": func(b []byte) []byte { return append(append(bytes.Clone(b[:step]), b[:step]...), b[step:]...) },
		"nothing left":      func([]byte) []byte { return nil },
		"another object's":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was, now := memblob.New(t), memblob.New(t)
			key := siteKey(t)
			s, _ := sealblob.New(sealblob.Config{Base: was, Site: key, Scope: scoped})
			blobtest.Put(t, s, "a", plain)
			blobtest.Put(t, s, "b", content(len(plain) + 1)[1:])
			b := bytes.Clone(blobtest.Get(t, was, "a.s1"))
			if change == nil {
				b = blobtest.Get(t, was, "b.s1")
			} else {
				b = change(b)
			}
			for _, name := range blobtest.Keys(t, was, "v1/keys/", "") {
				blobtest.Put(t, now, name, blobtest.Get(t, was, name))
			}
			blobtest.Put(t, now, "a.s1", b)
			s, _ = sealblob.New(sealblob.Config{Base: now, Site: key, Scope: scoped})
			got, err := whole(t.Context(), s, "a")
			if err == nil || !bytes.HasPrefix(plain, got) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			if !errors.Is(err, sealblob.ErrDamaged) && !errors.Is(err, blob.ErrRange) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v", err)
			}
			got, err = atRandom(t.Context(), s.(blob.OpenerAt), "a", len(plain))
			if err == nil || !bytes.HasPrefix(plain, got) {
				t.Errorf("read at random %d bytes, %v", len(got), err)
			}
			if keys := blobtest.Keys(t, s, "", ""); len(keys) != 1 {
				t.Errorf("listed %q", keys)
			}
		})
	}
}

func whole(ctx context.Context, s blob.Store, name string) ([]byte, error) {
	r, err := s.Get(ctx, name, 0, -1)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

func atRandom(ctx context.Context, s blob.OpenerAt, name string, size int) ([]byte, error) {
	r, err := s.OpenAt(ctx, name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	n, err := r.ReadAt(b, 0)
	return b[:n], errors.Join(err, r.Close())
}

// The same month and another name, or the same name and another month: another key.
func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	byMonth := func(name string) (sealblob.Scope, bool) {
		month, _, ok := strings.Cut(name, "/")
		return sealblob.Scope{Camera: november.Camera, Month: month}, ok && len(month) == 6
	}
	s, ring := sealblob.New(sealblob.Config{Base: base, Site: siteKey(t), Scope: byMonth})
	seen := map[string]string{}
	for _, name := range []string{"202610/a", "202610/b", "202611/a"} {
		blobtest.Put(t, s, name, []byte("the same bytes"))
		box := string(blobtest.Get(t, base, name+".s1"))
		if other, ok := seen[box]; ok {
			t.Errorf("%s is sealed as %s is", name, other)
		}
		seen[box] = name
	}
	months, err := ring.Months(t.Context(), november.Camera)
	if err != nil || len(months) != 2 || months[0].Month != "202610" || months[1].Month != "202611" {
		t.Errorf("months %v, %v", months, err)
	}
	blobtest.Put(t, s, "acts/1", []byte("an act"))
	if got := blobtest.Get(t, base, "acts/1"); string(got) != "an act" {
		t.Errorf("what has no scope is sealed: %q", got)
	}
}

// An archive from before sealing is read on, and stays as it is; turned off again, what
// was sealed is read on, too.
func TestTurnedOnAndOff(t *testing.T) {
	t.Parallel()
	base := files(t)
	key := siteKey(t)
	blobtest.Put(t, base, "old", []byte("from before"))
	on, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	blobtest.Put(t, on, "new", []byte("from now"))
	off, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped, Plain: true})
	blobtest.Put(t, off, "later", []byte("plain again"))
	for _, s := range []blob.Store{on, off} {
		if got := blobtest.Keys(t, s, "", ""); strings.Join(got, " ") != "later new old" {
			t.Errorf("listed %q", got)
		}
		for name, want := range map[string]string{"old": "from before", "new": "from now", "later": "plain again"} {
			if got := blobtest.Get(t, s, name); string(got) != want {
				t.Errorf("%s: %q", name, got)
			}
			if got, err := atRandom(t.Context(), s.(blob.OpenerAt), name, len(want)); string(got) != want {
				t.Errorf("%s at random: %q, %v", name, got, err)
			}
		}
	}
	for _, name := range []string{"old", "new", "later"} {
		if err := on.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for i, err := range base.List(t.Context(), "", "") {
		if err != nil || !strings.HasPrefix(i.Key, "v1/keys/") {
			t.Errorf("left: %s, %v", i.Key, err)
		}
	}
}

// Many writers in a new month make one key.
func TestOneKeyOfMany(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	s, _ := sealed(t, base)
	var g errgroup.Group
	for i := range 20 {
		g.Go(func() error {
			return s.Put(context.Background(), fmt.Sprintf("o/%d", i), blob.Bytes([]byte{byte(i)}))
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if got := blobtest.Get(t, s, fmt.Sprintf("o/%d", i)); !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("object %d: %v", i, got)
		}
	}
	if keys := blobtest.Keys(t, base, "v1/keys/", ""); len(keys) != 1 {
		t.Errorf("keys %q", keys)
	}
}

// An upload that was cut off behind its Put comes again.
func TestPutAgain(t *testing.T) {
	t.Parallel()
	base := memblob.New(nil)
	key := siteKey(t)
	for range 2 { // as another process
		s, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
		blobtest.Put(t, s, "a", content(record+1))
	}
	// Under a key of later, too: what is there already stays.
	s, ring := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	if err := ring.Destroy(t.Context(), november, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, s, "b", []byte("a new key"))
	blobtest.Put(t, s, "a", content(record+1))
	if err := s.Put(t.Context(), "a", blob.Bytes(content(record))); !errors.Is(err, blob.ErrDifferent) {
		t.Errorf("other content: %v", err)
	}
}
