package onboard

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"qianshao/registry"
)

// Every code that there is speaks both languages, and takes the same values in both.
func TestEveryCodeSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%(\[[0-9]\])?[sdq]`)
	for _, code := range Codes() {
		text := texts[code]
		if !strings.ContainsFunc(text.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || text.EN == "" || strings.ContainsFunc(text.EN, unicode.IsUpper) && text.EN[0] >= 'A' && text.EN[0] <= 'Z' && !strings.HasPrefix(text.EN, "URL") {
			t.Errorf("%s: %+v", code, text)
		}
		zh, en := verb.FindAllString(text.ZH, -1), verb.FindAllString(text.EN, -1)
		if len(zh) != len(en) && !strings.Contains(text.ZH+text.EN, "%[") {
			t.Errorf("%s: %v in Chinese, %v in English", code, zh, en)
		}
	}
	// Those that are named in the sources, here and in the registry.
	constant := regexp.MustCompile(`(?m)^\s+(?:[cC]ode[A-Za-z0-9]+)\s+= "([a-z0-9_]+)"`)
	for _, name := range []string{"code.go", "../errors.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := constant.FindAllStringSubmatch(string(source), -1)
		if len(found) < 10 {
			t.Errorf("%s: %d codes", name, len(found))
		}
		for _, m := range found {
			if _, ok := texts[m[1]]; !ok {
				t.Errorf("%s: %s says nothing", name, m[1])
			}
		}
	}
	if p := ofField(&registry.FieldError{Field: "gb_id", Code: registry.CodeBadText, Message: "what the registry says"}); p.Message.EN != "what the registry says" || !strings.Contains(p.Message.ZH, "20 位") {
		t.Errorf("%+v", p)
	}
}

// Carriers can look up every code, and every column.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../api/docs/onboarding.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range Codes() {
		code, _, _ = strings.Cut(code, "/")
		if !strings.Contains(string(page), "| `"+code+"` |") {
			t.Errorf("the page for carriers does not explain %s", code)
		}
	}
	for _, c := range columns {
		if !strings.Contains(string(page), "| `"+c.name+"` | "+c.zh+" |") {
			t.Errorf("the page for carriers does not explain %s", c.name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ").FindAllStringSubmatch(string(page), -1) {
		if _, ok := texts[m[1]]; !ok && !slices.ContainsFunc(columns, func(c *column) bool { return c.name == m[1] }) {
			t.Errorf("the page for carriers explains %s, which there is not", m[1])
		}
	}
}
