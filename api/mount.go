package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"qianshao/api/web"
)

// mount registers all routes, each behind the gate, and writes the document.
func (h *Handler) mount() error {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "qianshao", Version: h.cfg.Version,
				Description: "Cameras, their footage as a timeline, exact clips, live view and pictures. " +
					"Times in are RFC 3339, times out UTC with six decimals. Errors are application/problem+json and say what to do in `next`.",
			},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: h.schemes(),
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}, // json: of problem+json
		DefaultFormat: "application/json",
	}
	var doc *huma.OpenAPI
	for i := range h.spec {
		rt := &h.spec[i]
		op := rt.doc
		op.Method, op.Path = rt.verb(), rt.path
		mux := gated{h, rt}
		if rt.mount != nil {
			api := humago.New(mux, config)
			rt.mount(api, op)
			doc = api.OpenAPI()
			h.complete(doc, operationOf(doc.Paths[rt.path], rt.verb()), rt)
			continue
		}
		mux.HandleFunc(rt.verb()+" "+rt.path, func(w http.ResponseWriter, r *http.Request) {
			if err := rt.serve(w, r); err != nil {
				h.fail(w, r, err)
			}
		})
		if !op.Hidden {
			op.Path = strings.ReplaceAll(op.Path, "{$}", "")
			h.complete(config.OpenAPI, &op, rt)
			config.OpenAPI.AddOperation(&op)
		}
	}
	h.mux.HandleFunc("/", h.notFound)
	h.unused = show(doc)
	var err error
	if h.doc, err = json.Marshal(doc); err != nil {
		return fmt.Errorf("openapi document: %w", err)
	}
	return nil
}

// The ways to say who asks.
const (
	bySession = "session"
	byToken   = "token"
)

// schemes are the ways to say who asks; nil where nobody is asked.
func (h *Handler) schemes() map[string]*huma.SecurityScheme {
	if h.cfg.Accounts == nil {
		return nil
	}
	return map[string]*huma.SecurityScheme{
		bySession: {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "of somebody who signed in: POST /api/v1/session"},
		byToken:   {Type: "http", Scheme: "bearer", Description: "of a program: qianshao token issue"},
	}
}

// operationOf is the operation of a path for a method; nil: there is none.
func operationOf(p *huma.PathItem, verb string) *huma.Operation {
	switch verb {
	case http.MethodGet:
		return p.Get
	case http.MethodPost:
		return p.Post
	case http.MethodPut:
		return p.Put
	case http.MethodDelete:
		return p.Delete
	}
	return nil
}

// complete describes what follows from what a route is: who may be asked for, and
// the errors that the gate, the limits and the JSON library answer.
func (h *Handler) complete(doc *huma.OpenAPI, op *huma.Operation, rt *route) {
	errs := slices.Clone(rt.doc.Errors)
	if h.cfg.Accounts != nil {
		errs = append(errs, http.StatusTooManyRequests)
	}
	if h.cfg.LoopbackOnly {
		errs = append(errs, http.StatusMisdirectedRequest)
	}
	if rt.verb() != http.MethodGet || len(h.cfg.Proxies) > 0 { // another site's page, or not through the proxy
		errs = append(errs, http.StatusForbidden)
	}
	if rt.action != "" {
		errs = append(errs, http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError)
		if h.cfg.Accounts != nil {
			errs = append(errs, http.StatusUnauthorized)
			op.Security = []map[string][]string{{bySession: {}}, {byToken: {}}}
		}
	}
	if rt.action.Shows() { // register_unavailable
		errs = append(errs, http.StatusServiceUnavailable)
	}
	if strings.Contains(rt.path, "{id}") {
		errs = append(errs, http.StatusNotFound, http.StatusConflict)
	}
	if op.RequestBody != nil {
		errs = append(errs, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	// The library says 422 of parameters, which are answered with 400.
	if !slices.Contains(rt.doc.Errors, http.StatusUnprocessableEntity) {
		delete(op.Responses, "422")
	}
	delete(op.Responses, "default")
	problems(doc, op, errs)
}

// problems describes the errors of a route.
func problems(doc *huma.OpenAPI, op *huma.Operation, errs []int) {
	schema := doc.Components.Schemas.Schema(problemType, true, "Problem")
	own := make(map[string]*huma.Response, len(op.Responses)+len(op.Errors)) // the table of routes is shared
	maps.Copy(own, op.Responses)
	op.Responses = own
	for _, status := range errs {
		op.Responses[fmt.Sprint(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
		}
	}
}

// notFound answers what no route does: another method, or another path.
func (h *Handler) notFound(w http.ResponseWriter, r *http.Request) {
	get := r.Clone(r.Context())
	get.Method = http.MethodGet
	if _, pattern := h.mux.Handler(get); pattern != "/" {
		w.Header().Set("Allow", "GET, HEAD")
		h.fail(w, r, &Problem{
			Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Detail: fmt.Sprintf("%s is not possible here", r.Method), Next: "use GET",
		})
		return
	}
	w.Header().Set("Vary", "Accept")
	if navigates(r) {
		h.page.Lost(w)
		return
	}
	h.fail(w, r, &Problem{
		Status: http.StatusNotFound, Code: "no_such_route", Detail: fmt.Sprintf("there is nothing at %s", r.URL.Path),
		Next: "/openapi.json lists what there is",
	})
}

// navigates reports whether a person opened an address, not a program or a part of
// a page: they are told in the app's words that there is nothing.
func navigates(r *http.Request) bool {
	for _, folder := range []string{"/api/", "/tiles/", web.AppPrefix} {
		if strings.HasPrefix(r.URL.Path, folder) {
			return false
		}
	}
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
