package ingest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page of odd cameras lists every case under its test, and no other.
func TestCamerasPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/cameras.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, test := map[string]bool{}, ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if name := strings.Trim(line, "`"); strings.HasPrefix(name, "TestOdd") {
			test = name
		}
		if strings.HasPrefix(line, "## ") {
			test = ""
		}
		if cells := strings.Split(line, " | "); test != "" && len(cells) == 3 && strings.HasPrefix(line, "| ") && cells[0] != "| Oddity" {
			listed[test+"/"+strings.TrimPrefix(cells[0], "| ")] = true
		}
	}
	files, err := filepath.Glob("odd_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	begins, names := regexp.MustCompile(`(?m)^func (TestOdd\w+)\(`), regexp.MustCompile(`name: "([^"]+)"[,}]`)
	cases := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := begins.FindAllSubmatchIndex(text, -1)
		for i, m := range at {
			end := len(text)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			for _, n := range names.FindAllSubmatch(text[m[0]:end], -1) {
				cases[string(text[m[2]:m[3]])+"/"+string(n[1])] = true
			}
		}
	}
	for c := range cases {
		if !listed[c] {
			t.Errorf("%s is not on the page", c)
		}
	}
	for c := range listed {
		if !cases[c] && !strings.Contains(c, "/password ") { // made of a list
			t.Errorf("the page lists %s, which is no case", c)
		}
	}
	if len(cases) < 200 {
		t.Errorf("%d cases", len(cases))
	}
}
