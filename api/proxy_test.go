package api_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"qianshao/api"
	"qianshao/registry/account"
	"qianshao/registry/register"
)

// Behind a proxy: its word is taken for who asks and for how, and nobody else's.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	p := newPeople(t, func(cfg *api.Config) {
		cfg.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("192.0.2.0/24")}
	})
	p.add("li", "", account.Investigator)
	b := p.browser()
	b.want(403, `"not_encrypted"`, "GET", "/sign-in", nil)
	b.want(403, `"not_encrypted"`, "GET", "/sign-in", nil, "X-Forwarded-Proto", "http")
	b.want(200, "", "GET", "/healthz", nil)
	resp := b.want(200, `"login":"li"`, "POST", "/api/v1/session", signIn{"li", right}, "X-Forwarded-Proto", "https", "X-Forwarded-For", "198.51.100.1, 203.0.113.7, 192.0.2.9")
	if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "Secure") {
		t.Errorf("the cookie goes in clear: %s", c)
	}
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to stay with TLS")
	}
	page, err := p.entries.List(t.Context(), register.Query{Act: "session.begin", Limit: 1})
	if err != nil || len(page.Items) != 1 || page.Items[0].Address != "203.0.113.7" {
		t.Errorf("%+v, %v; want the last address that is no proxy", page.Items, err)
	}
	foreign := newSite(t, func(cfg *api.Config) { cfg.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	if resp, answer := foreign.get("/healthz", "X-Forwarded-Proto", "https"); resp.StatusCode != http.StatusForbidden || !strings.Contains(string(answer), "not_through_proxy") {
		t.Errorf("%s %s", resp.Status, answer)
	}
}

func FuzzForwardedFor(f *testing.F) {
	s := newSite(f, func(cfg *api.Config) { cfg.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	h := s.handler.(*api.Handler)
	f.Add("198.51.100.1, 203.0.113.7", "192.0.2.1")
	f.Add("", "192.0.2.1")
	f.Add("::ffff:203.0.113.7,,", "192.0.2.1")
	f.Fuzz(func(t *testing.T, header, peer string) {
		a, err := netip.ParseAddr(peer)
		if err != nil {
			t.Skip()
		}
		if got := h.ClientOf(header, a); !got.IsValid() {
			t.Errorf("%q from %s: %v", header, peer, got)
		}
	})
}
