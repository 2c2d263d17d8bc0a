package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"qianshao/api"
	"qianshao/registry/access"
)

type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Format     string             `json:"format"`
	Enum       []any              `json:"enum"`
	Default    any                `json:"default"`
	Examples   []any              `json:"examples"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
}

// shown reports whether a reader sees what a value looks like: an example, one of a
// few values, or something that has parts with examples.
func (s *schema) shown() bool {
	switch {
	case s == nil:
		return false
	case s.Ref != "", len(s.Examples) > 0, len(s.Enum) > 0, s.Default != nil, s.Type == "boolean", len(s.Properties) > 0:
		return true
	}
	return s.Items.shown()
}

// kindOf is the JSON type of a value.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case []any:
		return "array"
	case bool:
		return "boolean"
	}
	return "object"
}

type operation struct {
	ID         string   `json:"operationId"`
	Summary    string   `json:"summary"`
	Tags       []string `json:"tags"`
	Parameters []struct {
		Name, In, Description string
		Example               any
		Schema                *schema
	} `json:"parameters"`
	Security    []map[string][]string `json:"security"`
	RequestBody *struct {
		Content map[string]struct{ Schema *schema } `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string
		Content     map[string]struct {
			Schema  *schema
			Example any
		} `json:"content"`
	} `json:"responses"`
}

// The document has every route, each with what it takes and answers, described, and
// with an example of each value.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	p := newPeople(t, directed(t))
	_, b := p.get("/openapi.json")
	var doc struct {
		OpenAPI    string                           `json:"openapi"`
		Paths      map[string]map[string]*operation `json:"paths"`
		Components struct {
			Schemas         map[string]*schema
			SecuritySchemes map[string]struct{ Type, In, Name, Scheme string } `json:"securitySchemes"`
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	routes := 0
	for _, rt := range p.handler.(*api.Handler).Routes() {
		if rt.Hidden {
			continue
		}
		routes++
		op := doc.Paths[strings.ReplaceAll(rt.Path, "{$}", "")][strings.ToLower(rt.Method)]
		if op == nil {
			t.Errorf("%s %s is missing", rt.Method, rt.Path)
			continue
		}
		bad := func(format string, args ...any) { t.Errorf("%s: %s", op.ID, fmt.Sprintf(format, args...)) }
		if op.Summary == "" || len(op.Tags) == 0 {
			bad("no summary or no tag")
		}
		for _, x := range op.Parameters {
			if x.Description == "" || x.Example == nil && !x.Schema.shown() {
				bad("parameter %s has no description or no example", x.Name)
			}
		}
		if op.RequestBody != nil {
			for kind, c := range op.RequestBody.Content {
				if !c.Schema.shown() && (kind == "application/json" || c.Schema.Format != "binary") {
					bad("the body %s is not described", kind)
				}
			}
		}
		answered := false
		for status, r := range op.Responses {
			answered = answered || status[0] == '2' || status == "303"
			for kind, c := range r.Content {
				bytes := slices.Contains([]string{"video/mp4", "image/jpeg", "text/html"}, kind)
				if r.Description == "" || !bytes && !c.Schema.shown() && c.Example == nil {
					bad("%s %s has no description or no example", status, kind)
				}
			}
		}
		needs := []string{"429"}
		if rt.Action != "" {
			needs = append(needs, "400", "401", "403", "500")
			if len(op.Security) != 2 {
				bad("it does not say who may be asked for: %v", op.Security)
			}
		}
		if access.Action(rt.Action).Shows() {
			needs = append(needs, "503")
		}
		if op.RequestBody != nil {
			needs = append(needs, "400", "403", "413", "415")
		}
		if _, has := op.Responses["422"]; has && op.RequestBody == nil && op.Responses["200"].Content["application/json"].Schema != nil {
			bad("422 is said of parameters, which are answered with 400")
		}
		for _, status := range needs {
			if _, has := op.Responses[status]; !has {
				bad("it does not tell of %s", status)
			}
		}
		for _, way := range op.Security {
			for name := range way {
				if _, has := doc.Components.SecuritySchemes[name]; !has {
					bad("there is no security scheme %s", name)
				}
			}
		}
		if !answered {
			bad("it has no answer")
		}
	}
	if routes < 40 {
		t.Errorf("only %d routes", routes)
	}
	if s := doc.Components.SecuritySchemes; s["session"].In != "cookie" || s["session"].Name != "qianshao_session" || s["token"].Scheme != "bearer" {
		t.Errorf("security schemes: %+v", s)
	}
	for name, s := range doc.Components.Schemas {
		for key, v := range s.Properties {
			if !v.shown() {
				t.Errorf("schema %s: %s has no example", name, key)
			}
			for _, x := range v.Examples {
				if types := fmt.Sprint(v.Type); !strings.Contains(types, kindOf(x)) && !(kindOf(x) == "number" && strings.Contains(types, "integer")) {
					t.Errorf("schema %s: %s is %s, its example %v", name, key, types, x)
				}
			}
		}
	}
	if unused := p.handler.(*api.Handler).Unused(); len(unused) > 0 {
		t.Errorf("examples that nothing has: %q", unused)
	}
}

// What is no JSON, or too much of it, is told so, with what to do.
func TestBodies(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	b := p.browser()
	b.want(413, `"too_large"`, "POST", "/api/v1/session", map[string]string{"login": strings.Repeat("x", 10_000)})
	b.want(415, `"not_json"`, "POST", "/api/v1/session", signIn{"li", right}, "Content-Type", "text/plain")
	b.want(400, `"bad_parameter"`, "POST", "/api/v1/session", []int{1})
}

var update = flag.Bool("update", false, "write web/openapi.json")

// The workbench's client is generated from the document as it is served.
func TestWebDocument(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	_, b := p.get("/openapi.json")
	var doc bytes.Buffer
	if err := json.Indent(&doc, b, "", " "); err != nil {
		t.Fatal(err)
	}
	doc.WriteByte('\n')
	const name = "web/openapi.json"
	if *update {
		if err := os.WriteFile(name, doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, doc.Bytes()) {
		t.Fatalf("%s is not what is served: go test ./api -run TestWebDocument -update", name)
	}
}
