package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"qianshao/registry/access"
)

// Even is for tests.
func (h *Handler) Even(ctx context.Context, began time.Time, err error) { h.even(ctx, began, err) }

// Unused are examples that the document has no use for.
func (h *Handler) Unused() []string { return h.unused }

// RouteOf is what tests know of a route.
type RouteOf struct {
	Method, Path, Action string
	Hidden               bool // in the document
}

// Routes lists everything the server answers.
func (h *Handler) Routes() (list []RouteOf) {
	for i := range h.spec {
		list = append(list, RouteOf{h.spec[i].verb(), h.spec[i].path, string(h.spec[i].action), h.spec[i].doc.Hidden})
	}
	return list
}

// ClientOf is for tests.
func (h *Handler) ClientOf(forwarded string, peer netip.Addr) netip.Addr {
	return h.client(&http.Request{Header: http.Header{"X-Forwarded-For": {forwarded}}}, peer)
}

// Watch is for tests: it calls cut when a request for the register would not be let in any more.
func (h *Handler) Watch(ctx context.Context, r *http.Request, cut func()) (stop func()) {
	return h.watch(ctx, &route{action: access.ReadRegister}, r, cut)
}
