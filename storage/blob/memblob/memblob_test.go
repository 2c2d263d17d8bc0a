package memblob_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/memblob"
)

func TestContract(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(*testing.T) blob.Store { return memblob.New(nil) }, blobtest.WithoutBig())
}

// complaints stands in for the test that a store complains to.
type complaints []string

func (*complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

func TestComplains(t *testing.T) {
	t.Parallel()
	var c complaints
	s := memblob.New(&c)
	blobtest.Put(t, s, "a", []byte("1"))
	blobtest.Put(t, s, "a", []byte("1"))
	if len(c) != 0 {
		t.Errorf("complained of the same content: %q", c)
	}
	if err := s.Put(t.Context(), "a", blob.Bytes([]byte("2"))); !errors.Is(err, blob.ErrDifferent) {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	blobtest.Put(t, s, "a", []byte("3"))
	if len(c) != 2 || !strings.Contains(c[0], "object a") {
		t.Errorf("complaints: %q", c)
	}
}
