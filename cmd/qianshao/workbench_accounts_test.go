package main

import (
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"
)

// accountFacts are what the browser's tests know of a site with accounts.
type accountFacts struct {
	facts
	People   map[string]string `json:"people"` // logins, by what they are
	Password string            `json:"password"`
	// One-time links: one that nobody has used, and one that was.
	Links struct {
		Fresh string `json:"fresh"`
		Used  string `json:"used"`
	} `json:"links"`
	Villages [2]string `json:"villages"` // codes of the divisions of past and live
}

// The workbench with accounts, in a real browser: signing in, cases, what a case does
// not reach, what a role does not have, and a session that ends in the middle.
func TestWorkbenchAccounts(t *testing.T) {
	web := builtWeb(t)
	t.Setenv("QIANSHAO_RETENTION_DAYS", "3650")
	t.Setenv("QIANSHAO_REGISTER_DAYS", "3650")
	var f accountFacts
	var dir string
	f.facts, dir = recordedDay(t)
	places, err := readVillages()
	if err != nil {
		t.Fatal(err)
	}
	f.Villages = [2]string{places[0].code, places[1].code}
	p := program(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	f.URL = p.url
	command := func(args ...string) string {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", dir)...)
		if code != exitOK {
			t.Fatalf("%q: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	command("account", "unit", "QXN", "--name", "黔西南州公安局", "--kind", "bureau")
	command("account", "unit", "XY", "--name", "兴义市公安局", "--kind", "county", "--parent", "QXN", "--area", "522301")
	link := regexp.MustCompile(`\S+/sign-in#link=(l_\S+)`)
	f.Password = "correct horse battery"
	f.People = map[string]string{}
	for who, as := range map[string]string{
		"officer": "--role investigator --unit XY", "second": "--role investigator --unit XY", "other": "--role investigator --unit XY",
		"carrier": "--role carrier --carrier telecom", "auditor": "--role auditor --unit QXN", "household": "--role household --camera " + f.Past.Cameras[0].ID,
		"phone": "--role carrier --carrier telecom", "admin": "--role admin", "patrol": "--role investigator --unit XY",
		"leaver": "--role household --camera " + f.Codings.Cameras[0].ID, // far from the others
	} {
		login := who + ".1"
		m := link.FindStringSubmatch(command(append([]string{"account", "add", login, "--name", who}, strings.Fields(as)...)...))
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{t: t, http: http.Client{Jar: jar}, base: func() string { return p.url }}
		d.ask(http.StatusOK, login, http.MethodPost, "/api/v1/links", map[string]string{"link": m[1], "password": f.Password})
		f.People[who], f.Links.Used = login, m[0]
	}
	f.Links.Fresh = link.FindString(command("account", "add", "new.1", "--name", "新来的", "--role", "investigator", "--unit", "XY"))
	playwright(t, web, f, "ACCOUNTS=yes")
	p.terminate(t)
}
