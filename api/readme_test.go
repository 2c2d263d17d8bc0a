package api_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/api"
	"qianshao/registry/oidc"
)

// README.md has every route with every parameter, and nothing else.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newPeople(t, func(cfg *api.Config) {
		var err error
		cfg.Directory, err = oidc.New(oidc.Config{Issuer: "https://sso.example", ClientID: "q", Redirect: "https://q.example", Key: cfg.Registry.Sealer()})
		if err != nil {
			t.Fatal(err)
		}
	}).site
	_, b := s.get("/openapi.json")
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	served := map[string][]string{}
	for path, methods := range doc.Paths {
		names := []string{}
		for _, p := range methods["get"].Parameters { // those that change something have bodies
			if p.In == "query" {
				names = append(names, p.Name)
			}
		}
		slices.Sort(names)
		served[path] = names
	}
	written := map[string][]string{}
	quoted := regexp.MustCompile("`([a-z_]+)`")
	sections := strings.Split(string(text), "\n### `")[1:]
	for _, section := range sections {
		path, rest, _ := strings.Cut(section, "`")
		names := []string{}
		if _, list, ok := strings.Cut(rest, "Parameters: "); ok {
			list, _, _ = strings.Cut(list, ".")
			for _, m := range quoted.FindAllStringSubmatch(list, -1) {
				names = append(names, m[1])
			}
		}
		slices.Sort(names)
		written[path] = names
		if !strings.Contains(rest, "\n    ") {
			t.Errorf("%s has no example", path)
		}
	}
	if d := cmp.Diff(served, written); d != "" {
		t.Errorf("served (-) and written (+) differ:\n%s", d)
	}
}
