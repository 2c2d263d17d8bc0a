package merkle

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// The roots are those that another implementation, Go's checksum database, computes.
func TestRoot(t *testing.T) {
	t.Parallel()
	var leaves [][sha256.Size]byte
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, a := range at {
			out[i] = stored[a]
		}
		return out, nil
	})
	for n := range 70 {
		want, err := tlog.TreeHash(int64(n), read)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 { // the library has zeros for an empty tree
			if got := Root(leaves); tlog.Hash(got) != want {
				t.Errorf("%d leaves: %x, want %x", n, got, want)
			}
		}
		leaf := sha256.Sum256([]byte{byte(n)})
		more, err := tlog.StoredHashes(int64(n), leaf[:], read)
		if err != nil {
			t.Fatal(err)
		}
		leaves, stored = append(leaves, leaf), append(stored, more...)
	}
	// RFC 6962: the hash of an empty list is that of an empty string.
	got := Root(nil)
	if hex.EncodeToString(got[:]) != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("empty: %x", got)
	}
}
