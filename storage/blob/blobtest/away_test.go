package blobtest_test

import (
	"errors"
	"io"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/memblob"
)

// A store that never leaves keeps the contract.
func TestAwayContract(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(*testing.T) blob.Store { return blobtest.NewAway(memblob.New(nil)) }, blobtest.WithoutBig())
}

func TestAway(t *testing.T) {
	t.Parallel()
	gone := errors.New("network is down")
	a := blobtest.NewAway(memblob.New(t))
	blobtest.Put(t, a, "a", []byte("12"))
	r, err := a.Get(t.Context(), "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	a.SetErr(gone)
	_, begun := io.ReadAll(r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	_, head := a.Head(t.Context(), "a")
	_, get := a.Get(t.Context(), "a", 0, -1)
	var list error
	for _, err := range a.List(t.Context(), "", "") {
		list = err
	}
	for _, err := range []error{
		begun, head, get, list,
		a.Put(t.Context(), "b", blob.Bytes(nil)), a.Delete(t.Context(), "a"),
	} {
		if !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
	}
	if a.Calls() != 7 {
		t.Errorf("%d calls", a.Calls())
	}
	a.SetErr(nil)
	if got := blobtest.Keys(t, a, "", ""); len(got) != 1 {
		t.Errorf("holds %q", got)
	}
}
