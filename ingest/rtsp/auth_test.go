package rtsp

import (
	"strings"
	"testing"
)

// answered gives the Authorization of a request after a challenge.
func answered(t *testing.T, c *credentials, challenge ...string) string {
	t.Helper()
	if !c.challenge(challenge) {
		t.Fatalf("%q is not answered", challenge)
	}
	m := &message{start: "DESCRIBE rtsp://h/live RTSP/1.0"}
	c.authorize(m)
	return m.get("Authorization")
}

// The examples of RFC 2617 3.5 and RFC 7616 3.9.1.
func TestDigestVectors(t *testing.T) {
	t.Parallel()
	c := &credentials{
		user: "Mufasa", pass: "Circle Of Life", realm: "testrealm@host.com", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop: true,
	}
	if got := c.response("GET", "/dir/index.html", "0a4f113b", "00000001"); got != "6629fae49393a05397450978507c4ef1" {
		t.Errorf("MD5: %s", got)
	}
	c = &credentials{
		user: "Mufasa", pass: "Circle of Life", realm: "http-auth@example.org", algo: "SHA-256", qop: true,
		nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
	}
	if got := c.response("GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "00000001"); got != "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" {
		t.Errorf("SHA-256: %s", got)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		challenge []string
		want      []string
	}{
		{"basic", []string{`Basic realm="cam"`}, []string{"Basic dXNlcjpwYXNz"}},
		{"digest over basic", []string{`Basic realm="cam"`, `Digest realm="cam", nonce="n1"`}, []string{`Digest username="user"`, `nonce="n1"`}},
		{"SHA-256 over MD5", []string{`Digest realm="cam", nonce="m", algorithm=MD5`, `Digest realm="cam", nonce="s", algorithm=SHA-256`}, []string{`nonce="s"`, "algorithm=SHA-256"}},
		{"unknown algorithm left alone", []string{`Digest realm="cam", nonce="x", algorithm=SHA-512-256`, `Digest realm="cam", nonce="m"`}, []string{`nonce="m"`}},
		{"qop", []string{`Digest realm="cam",nonce="n", qop="auth-int, auth" , opaque="o"`}, []string{"qop=auth", "nc=00000001", `opaque="o"`}},
		{"session", []string{`DIGEST realm="cam", nonce="n", algorithm=MD5-sess`}, []string{"algorithm=MD5-sess", "cnonce="}},
		{"unquoted", []string{`Digest realm=cam, nonce=n`}, []string{`realm="cam"`, `nonce="n"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := answered(t, &credentials{user: "user", pass: "pass"}, c.challenge...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s lacks %s", got, want)
				}
			}
		})
	}
}

// A refused answer is not sent again; a new nonce is answered as long as the old
// one was good for something.
func TestChallengeAgain(t *testing.T) {
	t.Parallel()
	c := &credentials{user: "user", pass: "wrong"}
	answered(t, c, `Digest realm="cam", nonce="n"`)
	if c.challenge([]string{`Digest realm="cam", nonce="n"`}) {
		t.Error("the same nonce is answered twice")
	}
	c = &credentials{user: "user", pass: "wrong"}
	answered(t, c, `Digest realm="cam", nonce="n"`)
	if c.challenge([]string{`Digest realm="cam", nonce="other"`}) {
		t.Error("a refusal with a new nonce is answered: a camera would be hammered")
	}
	c = &credentials{user: "user", pass: "pass"}
	answered(t, c, `Digest realm="cam", nonce="n"`)
	if !c.challenge([]string{`Digest realm="cam", nonce="other", stale=true`}) {
		t.Error("a stale nonce ends it")
	}
	c = &credentials{user: "user", pass: "wrong"}
	answered(t, c, `Basic realm="cam"`)
	if c.challenge([]string{`Basic realm="cam"`}) {
		t.Error("Basic is answered twice")
	}
	if (&credentials{}).challenge([]string{`Basic realm="cam"`}) {
		t.Error("answered without a name")
	}
}

func FuzzParseChallenge(f *testing.F) {
	f.Add(`realm="cam", nonce="n", stale=FALSE, qop="auth,auth-int"`)
	f.Add(`a=b=c,,d="`)
	f.Fuzz(func(t *testing.T, s string) {
		total := 0
		for k, v := range parseChallenge(s) {
			total += len(k) + len(v)
			if strings.Contains(k, "=") {
				t.Errorf("name %q", k)
			}
		}
		if total > 3*len(s)+3 { // lower case may be longer
			t.Errorf("%d bytes out of %d", total, len(s))
		}
	})
}
