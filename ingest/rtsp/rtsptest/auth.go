package rtsptest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// AuthScheme says how a camera wants its password.
type AuthScheme string

// Basic is RFC 7617, Digest RFC 7616 (and RFC 2069 without qop).
const (
	Basic          AuthScheme = "basic"
	Digest         AuthScheme = "digest"
	BasicAndDigest AuthScheme = "both"
)

const realm = "camera"

// guard checks the credentials of one connection. Its nonce is good for that
// connection only.
type guard struct {
	scheme             AuthScheme
	username, password string
	sha256, noQOP      bool
	nonce              string
}

func newGuard(cfg *Config) *guard {
	return &guard{
		scheme: cfg.Auth, username: cfg.Username, password: cfg.Password,
		sha256: cfg.SHA256, noQOP: cfg.NoQOP, nonce: rand.Text(),
	}
}

// challenges returns the values of the WWW-Authenticate headers.
func (g *guard) challenges() []string {
	var out []string
	if g.scheme != Basic {
		c := fmt.Sprintf("Digest realm=%q, nonce=%q", realm, g.nonce)
		if g.sha256 {
			c += ", algorithm=SHA-256"
		}
		if !g.noQOP {
			c += `, qop="auth"`
		}
		out = append(out, c)
	}
	if g.scheme != Digest {
		out = append(out, fmt.Sprintf("Basic realm=%q", realm))
	}
	return out
}

// admits reports whether the Authorization header is right for the request.
func (g *guard) admits(req *request) bool {
	if g.username == "" {
		return true
	}
	scheme, rest, _ := strings.Cut(req.header["authorization"], " ")
	switch {
	case strings.EqualFold(scheme, "basic") && g.scheme != Digest:
		want := base64.StdEncoding.EncodeToString([]byte(g.username + ":" + g.password))
		return same(strings.TrimSpace(rest), want)
	case strings.EqualFold(scheme, "digest") && g.scheme != Basic:
		p := authParams(rest)
		if p["username"] != g.username || p["realm"] != realm || p["nonce"] != g.nonce || p["uri"] != req.uri {
			return false
		}
		if (p["qop"] != "") == g.noQOP || (p["qop"] != "" && (p["qop"] != "auth" || p["cnonce"] == "" || p["nc"] == "")) {
			return false
		}
		return same(strings.ToLower(p["response"]), g.response(req.method, p))
	}
	return false
}

// response is the digest of RFC 7616 3.4.1.
func (g *guard) response(method string, p map[string]string) string {
	ha1 := g.hash(g.username + ":" + realm + ":" + g.password)
	ha2 := g.hash(method + ":" + p["uri"])
	if p["qop"] == "" {
		return g.hash(ha1 + ":" + g.nonce + ":" + ha2)
	}
	return g.hash(strings.Join([]string{ha1, g.nonce, p["nc"], p["cnonce"], p["qop"], ha2}, ":"))
}

func (g *guard) hash(s string) string {
	if g.sha256 {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// authParams reads a list of name=value or name="value", split by commas.
func authParams(s string) map[string]string {
	out := map[string]string{}
	for s = strings.TrimLeft(s, ", \t"); s != ""; s = strings.TrimLeft(s, ", \t") {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, s, _ = strings.Cut(quoted, `"`)
		} else {
			value, s, _ = strings.Cut(rest, ",")
		}
		out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return out
}
