package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"qianshao/registry/secret"
)

// Cost of a password: memory in KiB, passes, lanes; what OWASP asks for at least
// (Password Storage Cheat Sheet), since two at a time must fit beside the
// recording. Old hashes keep the cost they were made with.
const (
	argonMemory = 19 << 10
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	saltSize    = 16
)

// What a password may be (NIST SP 800-63B 5.1.1.2): length is what counts.
const (
	shortestPassword = 10
	longestPassword  = 256 // bytes; a longer one only costs time
)

// CheckPassword says whether a password may be set; the error wraps ErrBad and
// does not repeat it.
func CheckPassword(login string, p secret.Secret) error {
	text := p.Reveal()
	bad := func(why string) error { return fmt.Errorf("password: %w: %s", ErrBad, why) }
	switch {
	case !utf8.ValidString(text) || len(text) > longestPassword:
		return bad(fmt.Sprintf("use at most %d bytes of UTF-8", longestPassword))
	case utf8.RuneCountInString(text) < shortestPassword:
		return bad(fmt.Sprintf("use at least %d characters; three words will do", shortestPassword))
	case strings.Contains(strings.ToLower(text), login):
		return bad("the login is in it")
	case strings.Count(text, text[:1]) == len(text):
		return bad("it is one character again and again")
	}
	return nil
}

// hashPassword returns a PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func hashPassword(p secret.Secret) string {
	var salt [saltSize]byte
	_, _ = rand.Read(salt[:]) // never fails (Go 1.24)
	key := argon2.IDKey([]byte(p.Reveal()), salt[:], argonPasses, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key))
}

var errPHC = errors.New("not an argon2id hash")

// samePassword reports whether a password is the one of a PHC string. It takes
// as long for a wrong one as for the right one.
func samePassword(phc string, p secret.Secret) (bool, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, errPHC
	}
	var version, memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, errPHC
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 64 || passes < 1 || passes > 16 || lanes < 1 || memory < 8*uint32(lanes) || memory > 1<<20 {
		return false, errPHC
	}
	got := argon2.IDKey([]byte(p.Reveal()), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
