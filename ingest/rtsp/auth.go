package rtsp

import (
	"crypto/md5" //nolint:gosec // RFC 2617 digest: the camera chooses the algorithm
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// credentials answer a camera's challenges (RFC 2617, RFC 7616). The library
// below knows neither qop nor a nonce that changes, so challenges are answered
// on the wire and it never sees a 401 that can be answered.
type credentials struct {
	user, pass string

	scheme string // "", "basic", "digest"
	realm  string
	nonce  string
	opaque string
	algo   string // as the camera wrote it
	qop    bool
	count  int // uses of the nonce
	cnonce string
}

// challenge chooses among the challenges of a 401. It reports whether a further
// try makes sense: false when the same nonce was refused before.
func (c *credentials) challenge(headers []string) bool {
	if c.user == "" && c.pass == "" {
		return false
	}
	best, rank := map[string]string(nil), 0
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		p := parseChallenge(rest)
		switch strings.ToLower(scheme) {
		case "basic":
			if rank < 1 {
				best, rank = p, 1
			}
		case "digest":
			switch strings.ToUpper(p["algorithm"]) {
			case "", "MD5", "MD5-SESS":
				if rank < 2 {
					best, rank = p, 2
				}
			case "SHA-256", "SHA-256-SESS":
				if rank < 3 {
					best, rank = p, 3
				}
			}
		}
	}
	switch {
	case rank == 0:
		return false
	case rank == 1:
		if c.scheme == "basic" {
			return false
		}
		c.scheme, c.realm = "basic", best["realm"]
		return true
	}
	fresh := c.scheme != "digest" || best["nonce"] != c.nonce
	stale := strings.EqualFold(best["stale"], "true")
	refused := c.scheme == "digest" && c.count == 1 && !stale // the first use of a nonce was refused
	c.scheme, c.realm, c.nonce = "digest", best["realm"], best["nonce"]
	c.opaque, c.algo = best["opaque"], best["algorithm"]
	c.qop, c.count = false, 0
	for _, q := range strings.Split(best["qop"], ",") {
		c.qop = c.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
	}
	return fresh && !refused
}

// authorize adds the answer to a request. Without a challenge it adds nothing.
func (c *credentials) authorize(m *message) {
	switch c.scheme {
	case "basic":
		m.set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.pass)))
	case "digest":
		method, uri := m.request()
		m.set("Authorization", c.digest(method, uri))
	}
}

func (c *credentials) digest(method, uri string) string {
	c.count++
	if c.cnonce == "" || c.count == 1 {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails (Go 1.24)
		c.cnonce = hex.EncodeToString(b[:])
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`, c.user, c.realm, c.nonce, uri)
	if c.qop {
		nc := fmt.Sprintf("%08x", c.count)
		fmt.Fprintf(&b, `, response="%s", qop=auth, nc=%s, cnonce="%s"`,
			c.response(method, uri, c.cnonce, nc), nc, c.cnonce)
	} else {
		fmt.Fprintf(&b, `, response="%s"`, c.response(method, uri, c.cnonce, ""))
		if strings.HasSuffix(strings.ToUpper(c.algo), "-SESS") {
			fmt.Fprintf(&b, `, cnonce="%s"`, c.cnonce)
		}
	}
	if c.opaque != "" {
		fmt.Fprintf(&b, `, opaque="%s"`, c.opaque)
	}
	if c.algo != "" {
		fmt.Fprintf(&b, `, algorithm=%s`, c.algo)
	}
	return b.String()
}

// response is the request-digest (RFC 2617 3.2.2.1, RFC 7616 3.4.1); nc counts
// where there is a qop.
func (c *credentials) response(method, uri, cnonce, nc string) string {
	algo := strings.ToUpper(c.algo)
	sum := func(parts ...string) string {
		var h hash.Hash = md5.New() //nolint:gosec // see above
		if strings.HasPrefix(algo, "SHA-256") {
			h = sha256.New()
		}
		_, _ = h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	ha1 := sum(c.user, c.realm, c.pass)
	if strings.HasSuffix(algo, "-SESS") {
		ha1 = sum(ha1, c.nonce, cnonce)
	}
	ha2 := sum(method, uri)
	if c.qop {
		return sum(ha1, c.nonce, nc, cnonce, "auth", ha2)
	}
	return sum(ha1, c.nonce, ha2)
}

// parseChallenge reads name=value pairs, values quoted or not.
func parseChallenge(s string) map[string]string {
	out := map[string]string{}
	for s != "" {
		s = strings.TrimLeft(s, " \t,")
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		name = strings.ToLower(strings.TrimSpace(name))
		rest = strings.TrimLeft(rest, " \t")
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, s, _ = strings.Cut(rest[1:], `"`)
		} else {
			value, s, _ = strings.Cut(rest, ",")
		}
		out[name] = strings.TrimSpace(value)
	}
	return out
}
