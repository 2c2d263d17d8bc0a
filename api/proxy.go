package api

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

type secureKey struct{}

// secure reports whether a request came over TLS, ours or that of the proxy in
// front.
func secure(r *http.Request) bool {
	passed, _ := r.Context().Value(secureKey{}).(bool)
	return r.TLS != nil || passed
}

// forwarded is a request as the proxy in front had it: from its client, over TLS.
// What did not come through the proxy is refused, and so is what came to the
// proxy in clear, but for the questions whether the server lives.
func (h *Handler) forwarded(r *http.Request) (*http.Request, error) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !h.isProxy(peer.Addr()) {
		return r, &Problem{
			Status: http.StatusForbidden, Code: "not_through_proxy", Detail: "this server answers its proxy alone (behind_proxy)",
			Next: "open it by the proxy's address",
		}
	}
	out := r.Clone(context.WithValue(r.Context(), secureKey{}, r.Header.Get("X-Forwarded-Proto") == "https"))
	if !secure(out) && r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		return r, &Problem{
			Status: http.StatusForbidden, Code: "not_encrypted", Detail: "the proxy did not say that this came over TLS",
			Next: "open it with https://; the proxy is to set X-Forwarded-Proto: https, X-Forwarded-For and Host",
		}
	}
	out.RemoteAddr = netip.AddrPortFrom(h.client(r, peer.Addr()), 0).String()
	return out, nil
}

// client is the last address on the way that is no proxy of ours: what stands before
// it anybody may have written.
func (h *Handler) client(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		peer = a.Unmap()
		if !h.isProxy(peer) {
			break
		}
	}
	return peer
}

func (h *Handler) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(h.cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}
