// Package merkle computes the root of a Merkle tree over hashes: one value that stands
// for all of them, in their order (RFC 6962, section 2.1).
package merkle

import (
	"crypto/sha256"
	"math/bits"
)

// Root is the root over leaves, each the SHA-256 of a segment. Without leaves it is the
// SHA-256 of nothing.
func Root(leaves [][sha256.Size]byte) [sha256.Size]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0][:]...))
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below their number
	left, right := Root(leaves[:k]), Root(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}
