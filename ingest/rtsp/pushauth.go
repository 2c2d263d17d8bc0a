package rtsp

import (
	"crypto/md5" //nolint:gosec // RFC 2617 digest: what every publisher knows
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// verdict of an Authorization header.
type verdict int

const (
	unasked  verdict = iota // none, or of another nonce: it may try
	refused                 // wrong
	admitted                // right
)

// challenges are the WWW-Authenticate headers of a 401. Digest comes last
// because some publishers take the last they understand, and without qop and
// SHA-256 because many understand neither; the nonce is of this connection
// alone, so that an answer is of no use on another.
func challenges(realm, nonce string) []string {
	return []string{
		fmt.Sprintf(`Basic realm="%s"`, realm),
		fmt.Sprintf(`Digest realm="%s", nonce="%s"`, realm, nonce),
	}
}

// newNonce draws a nonce.
func newNonce() string { return strings.ToLower(rand.Text()) }

// ha1Of is what verifies a key (RFC 2617 3.2.2.2).
func ha1Of(user, realm, key string) [16]byte {
	return md5.Sum([]byte(user + ":" + realm + ":" + key)) //nolint:gosec // see above
}

// authorize finds the inlet that a request's Authorization opens. A user that is
// not known takes the same way, and time, as a wrong key.
func (s *PushServer) authorize(m *message, nonce string) (*Inlet, verdict) {
	scheme, rest, _ := strings.Cut(m.get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "basic":
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		user, key, ok := strings.Cut(string(raw), ":")
		if err != nil || !ok {
			return nil, refused
		}
		in, ha1 := s.verifier(user)
		got := ha1Of(user, s.cfg.Realm, key)
		return in.if1(subtle.ConstantTimeCompare(got[:], ha1[:]))
	case "digest":
		p := parseChallenge(rest)
		if p["nonce"] != nonce {
			return nil, unasked
		}
		in, ha1 := s.verifier(p["username"])
		method, _ := m.request()
		want := digestOf(ha1, nonce, method, p)
		return in.if1(subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(p["response"]))))
	}
	return nil, unasked
}

// verifier is what verifies a user's key; something nobody can know where there
// is no such user.
func (s *PushServer) verifier(user string) (in *Inlet, ha1 [16]byte) {
	_, _ = rand.Read(ha1[:]) // never fails (Go 1.24)
	if in = s.find(user); in != nil {
		ha1 = in.cfg.HA1
	}
	return in, ha1
}

// if1 is the inlet where equal is 1.
func (in *Inlet) if1(equal int) (*Inlet, verdict) {
	if in == nil || equal != 1 {
		return nil, refused
	}
	return in, admitted
}

// digestOf is the request-digest that answers our nonce (RFC 2617 3.2.2.1).
func digestOf(ha1 [16]byte, nonce, method string, p map[string]string) string {
	sum := func(parts ...string) string {
		h := md5.Sum([]byte(strings.Join(parts, ":"))) //nolint:gosec // see above
		return hex.EncodeToString(h[:])
	}
	first, ha2 := hex.EncodeToString(ha1[:]), sum(method, p["uri"])
	if p["qop"] != "" { // not asked for, and harmless
		return sum(first, nonce, p["nc"], p["cnonce"], p["qop"], ha2)
	}
	return sum(first, nonce, ha2)
}

const (
	failuresMost = 4096 // addresses that are remembered
	failuresFor  = time.Minute
	slowest      = 4 * time.Second
)

// failures slow down who guesses: a refusal is answered the later the more there
// were of an address. Who has the right key never waits.
type failures struct {
	mu sync.Mutex
	of map[netip.Addr]failure // guarded by mu
}

type failure struct {
	n    int
	last time.Time
}

// note counts a refusal of an address, and says how many there were lately and
// how long its answer waits.
func (f *failures) note(addr netip.Addr, now time.Time) (n int, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil || len(f.of) >= failuresMost {
		kept := map[netip.Addr]failure{}
		for a, x := range f.of {
			if now.Sub(x.last) < failuresFor && len(kept) < failuresMost/2 {
				kept[a] = x
			}
		}
		f.of = kept
	}
	x := f.of[addr]
	if now.Sub(x.last) >= failuresFor {
		x.n = 0
	}
	x.n, x.last = x.n+1, now
	f.of[addr] = x
	return x.n, min(250*time.Millisecond<<min(x.n-1, 8), slowest)
}
