package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"

	"qianshao/registry/secret"
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// bearer draws what its holder is let in with: 32 characters, 160 bits, which
// nobody guesses. Its hash needs no salt and no stretching.
func bearer(prefix string) (plain secret.Secret, hash []byte) {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	plain = secret.New(prefix + lower32.EncodeToString(b[:]))
	return plain, hashOf(plain)
}

func hashOf(s secret.Secret) []byte {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return sum[:]
}
