package odd

import (
	"crypto/md5" //nolint:gosec // what cameras use
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Guard asks for a name and a password.
type Guard struct {
	User, Password string
	// Challenges are the WWW-Authenticate values for a nonce; default: Digest as
	// RFC 2069 has it.
	Challenges func(nonce string) []string
	OneUse     bool          // a nonce is good for one request
	GoodFor    time.Duration // then it is stale; 0: for ever
	NeedQOP    bool          // an answer without qop is refused
	NeedOpaque string        // an answer without it is refused

	mu     sync.Mutex
	nonces map[string]time.Time // guarded by mu
	counts map[string]string    // the last nc of a nonce; guarded by mu
	n      int                  // guarded by mu
	// Refused counts answers that were wrong, stale ones not among them.
	Refused int // guarded by mu
}

// Refusals is how many answers were wrong.
func (g *Guard) Refusals() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Refused
}

// check returns the challenges when a request is not let through.
func (g *Guard) check(q *Request) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	stale, ok := false, false
	if v := q.Header["authorization"]; v != "" {
		if ok, stale = g.good(q, v); ok {
			return nil
		}
		if !stale {
			g.Refused++
		}
	}
	g.n++
	nonce := fmt.Sprintf("%08x%08x==", g.n, time.Now().UnixNano())
	if g.nonces == nil {
		g.nonces = map[string]time.Time{}
	}
	g.nonces[nonce] = time.Now()
	if g.Challenges == nil {
		return []string{fmt.Sprintf(`Digest realm="cam", nonce="%s"`, nonce)}
	}
	out := g.Challenges(nonce)
	if stale && !g.OneUse {
		for i := range out {
			out[i] += ", stale=true"
		}
	}
	return out
}

// asked reports whether one of the challenges says this, in any case.
func (g *Guard) asked(what string) bool {
	challenges := []string{"Digest"}
	if g.Challenges != nil {
		challenges = g.Challenges("")
	}
	all := strings.ToLower(strings.ReplaceAll(strings.Join(challenges, "\n"), `"`, ""))
	return strings.Contains(all, strings.ToLower(what))
}

// good holds an answer against what was asked for: the scheme, the algorithm and
// the realm, the URI of the request, a count that grows.
func (g *Guard) good(q *Request, v string) (ok, stale bool) {
	scheme, rest, _ := strings.Cut(v, " ")
	if strings.EqualFold(scheme, "basic") {
		return g.asked("basic") && rest == base64.StdEncoding.EncodeToString([]byte(g.User+":"+g.Password)), false
	}
	p := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		k, val, _ := strings.Cut(strings.TrimSpace(part), "=")
		p[strings.ToLower(k)] = strings.Trim(val, `"`)
	}
	if !strings.EqualFold(scheme, "digest") || !g.asked("digest") || p["uri"] != q.URI ||
		p["algorithm"] != "" && !g.asked("algorithm="+p["algorithm"]) || p["algorithm"] == "" && g.asked("algorithm=") ||
		g.Challenges != nil && p["realm"] != "" && !g.asked("realm="+p["realm"]) {
		return false, false
	}
	h := md5.New //nolint:gosec // see above
	algo := strings.ToUpper(p["algorithm"])
	if strings.HasPrefix(algo, "SHA-256") {
		h = sha256.New
	}
	sum := func(s ...string) string {
		d := h()
		_, _ = d.Write([]byte(strings.Join(s, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	ha1 := sum(g.User, p["realm"], g.Password)
	if strings.HasSuffix(algo, "-SESS") {
		ha1 = sum(ha1, p["nonce"], p["cnonce"])
	}
	want := sum(ha1, p["nonce"], sum(q.Method, p["uri"]))
	if p["qop"] != "" {
		want = sum(ha1, p["nonce"], p["nc"], p["cnonce"], p["qop"], sum(q.Method, p["uri"]))
	}
	if p["response"] != want || p["username"] != g.User || g.NeedQOP && p["qop"] == "" || g.NeedOpaque != "" && p["opaque"] != g.NeedOpaque {
		return false, false
	}
	issued, known := g.nonces[p["nonce"]]
	if known && p["qop"] != "" {
		if p["nc"] <= g.counts[p["nonce"]] { // eight hexadecimal digits
			return false, false
		}
		if g.counts == nil {
			g.counts = map[string]string{}
		}
		g.counts[p["nonce"]] = p["nc"]
	}
	switch {
	case !known:
		return false, true
	case g.OneUse:
		delete(g.nonces, p["nonce"])
	case g.GoodFor > 0 && time.Since(issued) > g.GoodFor:
		return false, true
	}
	return true, false
}
