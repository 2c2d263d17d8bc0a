package sealblob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/blob/sealblob"
)

// wantGone checks that an object cannot be read, though its bytes still stand there.
func wantGone(t *testing.T, s, base blob.Store, name string) {
	t.Helper()
	if _, err := whole(t.Context(), s, name); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("%s: %v", name, err)
	}
	if o, ok := s.(blob.OpenerAt); ok {
		if _, err := o.OpenAt(t.Context(), name); !errors.Is(err, blob.ErrNotExist) {
			t.Errorf("%s at random: %v", name, err)
		}
	}
	if _, err := base.Head(t.Context(), name+".s1"); err != nil {
		t.Errorf("%s was to stand below: %v", name, err)
	}
}

// Destroying a month's key takes all of it but what is held, whatever copy of the
// objects there is; what comes later has a new key; held objects go one by one.
func TestDestroy(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	key := siteKey(t)
	s, ring := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	for _, name := range []string{"a", "b", "held-1", "held-2"} {
		blobtest.Put(t, s, name, []byte("footage "+name))
	}
	for range 2 {
		if err := ring.Destroy(t.Context(), november, []string{"held-1", "held-2"}); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped}) // nothing in memory
	for _, s := range []blob.Store{s, again} {
		wantGone(t, s, base, "a")
		wantGone(t, s, base, "b")
		for _, name := range []string{"held-1", "held-2"} {
			if got := blobtest.Get(t, s, name); string(got) != "footage "+name {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	blobtest.Put(t, s, "c", []byte("footage c"))
	if b, err := whole(t.Context(), s, "a"); !errors.Is(err, sealblob.ErrDamaged) || len(b) > 0 { // by the new key
		t.Errorf("a, destroyed: %q, %v", b, err)
	}
	for _, name := range []string{"c", "held-1"} {
		if got := blobtest.Get(t, s, name); string(got) != "footage "+name {
			t.Errorf("%s: %q", name, got)
		}
	}
	if err := s.Delete(t.Context(), "held-1"); err != nil {
		t.Fatal(err)
	}
	// The second destruction keeps c alone; held-2 was kept by the first.
	if err := ring.Destroy(t.Context(), november, []string{"c"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"c", "held-2"} {
		if got := blobtest.Get(t, s, name); string(got) != "footage "+name {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"c", "held-2"} {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range blobtest.Keys(t, base, "v1/keys/", "") {
		if !strings.HasSuffix(k, "-destroyed") {
			t.Errorf("a key is left: %s", k)
		}
	}
}

// The store goes away at every step of a destruction: before it is done all can still
// be read or none of what is to go, what is held always, and a second call ends it.
func TestDestroyCutOff(t *testing.T) {
	t.Parallel()
	for step := 1; ; step++ {
		base := memblob.New(t)
		far := &failing{Store: base, at: -1}
		key := siteKey(t)
		s, ring := sealblob.New(sealblob.Config{Base: far, Site: key, Scope: scoped})
		blobtest.Put(t, s, "a", []byte("footage a"))
		blobtest.Put(t, s, "held", []byte("footage held"))
		far.at = step
		err := ring.Destroy(t.Context(), november, []string{"held"})
		done := err == nil
		far.at = -1
		if err != nil && !errors.Is(err, errAway) {
			t.Fatalf("step %d: %v", step, err)
		}
		s, ring = sealblob.New(sealblob.Config{Base: far, Site: key, Scope: scoped})
		if got := blobtest.Get(t, s, "held"); string(got) != "footage held" {
			t.Errorf("step %d: held: %q", step, got)
		}
		if err := ring.Destroy(t.Context(), november, []string{"held"}); err != nil {
			t.Errorf("step %d: again: %v", step, err)
		}
		wantGone(t, s, base, "a")
		if got := blobtest.Get(t, s, "held"); string(got) != "footage held" {
			t.Errorf("step %d: held: %q", step, got)
		}
		if done {
			if step < 4 {
				t.Errorf("only %d steps", step)
			}
			return
		}
	}
}

var errAway = errors.New("away")

// failing fails the at-th change from now on; the process is gone then.
type failing struct {
	blob.Store
	at int
}

func (f *failing) step() error {
	switch {
	case f.at < 0:
		return nil
	case f.at > 0:
		f.at--
	}
	if f.at == 0 {
		return errAway
	}
	return nil
}

func (f *failing) Put(ctx context.Context, key string, c blob.Content) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.Store.Put(ctx, key, c)
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

// The site's key is rotated: every data key is sealed anew, those kept of single
// objects as well, and the old key opens nothing any more.
func TestReseal(t *testing.T) {
	t.Parallel()
	old := siteKey(t)
	base := memblob.New(t)
	s, ring := sealblob.New(sealblob.Config{Base: base, Site: old, Scope: scoped})
	blobtest.Put(t, s, "held", []byte("footage held"))
	if err := ring.Destroy(t.Context(), november, []string{"held"}); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, s, "a", []byte("footage a"))
	key := siteKey(t)
	key.old = old
	s, ring = sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	for _, want := range []int{2, 0} {
		if sealed, locked, err := ring.Reseal(t.Context()); sealed != want || locked != 0 || err != nil {
			t.Errorf("sealed %d, locked %d, %v; want %d", sealed, locked, err, want)
		}
	}
	key.old = nil
	afresh, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: scoped})
	for _, s := range []blob.Store{s, afresh} {
		for _, name := range []string{"a", "held"} {
			if got := blobtest.Get(t, s, name); string(got) != "footage "+name {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	before, ring := sealblob.New(sealblob.Config{Base: base, Site: old, Scope: scoped})
	for _, name := range []string{"a", "held"} {
		if _, err := whole(t.Context(), before, name); !errors.Is(err, errOtherKey) {
			t.Errorf("%s with the old key: %v", name, err)
		}
	}
	if sealed, locked, err := ring.Reseal(t.Context()); sealed != 0 || locked != 2 || err != nil {
		t.Errorf("with the old key: sealed %d, locked %d, %v", sealed, locked, err)
	}
}

// The site's key is lost: nothing is read, nothing is sealed under a second key of the
// month, and what must go can go.
func TestSiteKeyLost(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	s, _ := sealed(t, base)
	blobtest.Put(t, s, "a", []byte("footage a"))
	s, ring := sealed(t, base) // with another key
	if _, err := whole(t.Context(), s, "a"); !errors.Is(err, errOtherKey) {
		t.Errorf("read: %v", err)
	}
	if err := s.Put(t.Context(), "b", blob.Bytes([]byte("footage b"))); !errors.Is(err, errOtherKey) {
		t.Errorf("put: %v", err)
	}
	if err := ring.Destroy(t.Context(), november, []string{"a"}); !errors.Is(err, errOtherKey) {
		t.Errorf("destroy, and keep: %v", err)
	}
	if lost, err := ring.Lost(t.Context()); len(lost) != 1 || lost[0] != november || err != nil {
		t.Errorf("lost %v, %v", lost, err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := ring.Destroy(t.Context(), november, nil); err != nil {
		t.Errorf("destroy: %v", err)
	}
	blobtest.Put(t, s, "b", []byte("footage b"))
	if got := blobtest.Get(t, s, "b"); string(got) != "footage b" {
		t.Errorf("after that: %q", got)
	}
	if lost, err := ring.Lost(t.Context()); len(lost) != 0 || err != nil {
		t.Errorf("lost %v, %v", lost, err)
	}
	for base, want := range map[blob.Store]bool{base: true, memblob.New(t): false} {
		if used, err := sealblob.Used(t.Context(), base); used != want || err != nil {
			t.Errorf("used %v, %v", used, err)
		}
	}
}

// Changed keys, and names that are none, do no harm.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	base := memblob.New(t)
	folder := fmt.Sprintf("v1/keys/%s/%s/", november.Camera, november.Month)
	for _, name := range []string{"readme", "all/readme", "all/1", "all/0000001", "x/000001/y"} {
		blobtest.Put(t, base, folder+name, []byte("not a key"))
	}
	s, ring := sealed(t, base)
	blobtest.Put(t, s, "a", []byte("footage a"))
	if got := blobtest.Get(t, s, "a"); !bytes.Equal(got, []byte("footage a")) {
		t.Errorf("read %q", got)
	}
	if sealed, locked, err := ring.Reseal(t.Context()); sealed != 0 || locked != 0 || err != nil {
		t.Errorf("sealed %d, locked %d, %v", sealed, locked, err)
	}
}
