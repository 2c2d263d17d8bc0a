package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
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

// Documented says whether the document has a status for the route that answers a
// request; nil also for requests that no route answers, and for what it hides.
func (h *Handler) Documented(method, address string, status int) error {
	r, err := http.NewRequest(cmp.Or(map[string]string{http.MethodHead: http.MethodGet}[method], method), address, nil)
	if err != nil {
		return err
	}
	_, pattern := h.mux.Handler(r)
	verb, path, _ := strings.Cut(pattern, " ")
	parsed, _ := documents.LoadOrStore(h, sync.OnceValues(func() (doc document, err error) { return doc, json.Unmarshal(h.doc, &doc) }))
	doc, err := parsed.(func() (document, error))()
	if err != nil {
		return err
	}
	op, ok := doc.Paths[strings.ReplaceAll(path, "{$}", "")][strings.ToLower(verb)]
	if _, has := op.Responses[strconv.Itoa(status)]; ok && !has {
		return fmt.Errorf("%s %s answers %d, of which the document says nothing", verb, path, status)
	}
	return nil
}

type document struct {
	Paths map[string]map[string]struct {
		Responses map[string]json.RawMessage
	}
}

var documents sync.Map // *Handler → func() (document, error)

// ClientOf is for tests.
func (h *Handler) ClientOf(forwarded string, peer netip.Addr) netip.Addr {
	return h.client(&http.Request{Header: http.Header{"X-Forwarded-For": {forwarded}}}, peer)
}

// Watch is for tests: it calls cut when a request for the register would not be let in any more.
func (h *Handler) Watch(ctx context.Context, r *http.Request, cut func()) (stop func()) {
	return h.watch(ctx, &route{action: access.ReadRegister}, r, cut)
}
