package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
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
			continue
		}
		mux.HandleFunc(rt.verb()+" "+rt.path, func(w http.ResponseWriter, r *http.Request) {
			if err := rt.serve(w, r); err != nil {
				h.fail(w, r, err)
			}
		})
		if !op.Hidden {
			op.Path = strings.ReplaceAll(op.Path, "{$}", "")
			if op.Errors != nil {
				problems(config.OpenAPI, &op)
			}
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

// problems describes the errors of a hand-documented route.
func problems(doc *huma.OpenAPI, op *huma.Operation) {
	schema := doc.Components.Schemas.Schema(problemType, true, "Problem")
	own := make(map[string]*huma.Response, len(op.Responses)+len(op.Errors)) // the table of routes is shared
	maps.Copy(own, op.Responses)
	op.Responses = own
	for _, status := range op.Errors {
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
	for _, folder := range []string{"/api/", "/tiles/", web.Prefix, web.AppPrefix} {
		if strings.HasPrefix(r.URL.Path, folder) {
			return false
		}
	}
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
