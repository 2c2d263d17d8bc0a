package api_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"qianshao/api"
	"qianshao/registry/account"
	"qianshao/registry/oidc"
	"qianshao/registry/oidc/oidctest"
	"qianshao/registry/secret"
)

// People sign in through a real directory: what its groups mean, who it has for the
// first time and again, whom it and we do not let in.
func TestSignInThroughDirectory(t *testing.T) {
	t.Parallel()
	const outside = "https://qianshao.test" // as the directory knows us
	away := oidctest.Start(t, outside+api.DirectoryCallback)
	server := oidctest.Start(t, outside+api.DirectoryCallback)
	rule := func(text string) oidc.Rule {
		r, err := oidc.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var config oidc.Config
	p := newPeople(t, func(cfg *api.Config) {
		config = oidc.Config{
			Issuer: server.Issuer, ClientID: oidctest.ClientID, Secret: secret.New(oidctest.Secret), Redirect: outside + api.DirectoryCallback,
			Key: cfg.Registry.Sealer(), Rules: []oidc.Rule{rule("cid investigator XY"), rule("it admin"), rule("lost investigator NOWHERE"), rule("unicom-staff carrier unicom")},
		}
		var err error
		if cfg.Directory, err = oidc.New(config); err != nil {
			t.Fatal(err)
		}
	})
	browser := func() *person {
		b := p.browser()
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return b
	}
	// begin leads to the directory; end brings what it sends back, and says where to.
	begin := func(b *person, back string) string {
		t.Helper()
		resp, _ := b.send("GET", "/api/v1/session/directory?back="+url.QueryEscape(back), nil)
		to := resp.Header.Get("Location")
		if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, server.Issuer) || !strings.Contains(to, "code_challenge_method=S256") {
			t.Fatalf("%s to %s", resp.Status, to)
		}
		if c := resp.Header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("%s", c)
		}
		return to
	}
	end := func(b *person, from string) string {
		t.Helper()
		path, ok := strings.CutPrefix(from, outside)
		if !ok {
			t.Fatalf("the directory leads to %s", from)
		}
		resp, answer := b.send("GET", path, nil)
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		return resp.Header.Get("Location")
	}
	in := func(b *person, back string) string {
		t.Helper()
		return end(b, server.Visit(t, &b.http, begin(b, back), "test-user2", oidctest.Password))
	}

	b := browser()
	b.want(200, `"directory":true`, "GET", "/api/v1/session/ways", nil)
	server.SetGroups("choir")
	if to := in(b, "/"); to != "/sign-in?failed=directory_no_role" {
		t.Errorf("without a role: %s", to)
	}
	b.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	server.SetGroups("lost")
	if to := in(b, "/"); to != "/sign-in?failed=directory_unit" {
		t.Errorf("of a unit that there is not: %s", to)
	}
	server.SetGroups("choir", "cid")
	if to := in(b, "/cases"); to != "/cases" {
		t.Fatalf("%s", to)
	}
	b.want(200, `{"login":"test-user2","name":"Test User2","unit":"XY","roles":["investigator"]`, "GET", "/api/v1/session", nil)
	b.want(200, `"items":[]`, "GET", "/api/v1/cases", nil)
	p.add("qian", "", account.Auditor)
	p.signedIn("qian").want(200, `"note":"directory"`, "GET", "/api/v1/register?act=session.begin&who=test-user2", nil)

	// Other groups, other roles: the same account. Nobody is led to another site.
	first, err := p.book.Get(t.Context(), "test-user2")
	if err != nil {
		t.Fatal(err)
	}
	server.SetGroups("it", "unicom-staff")
	if to := in(b, "//evil.example/"); to != "/" {
		t.Errorf("led to %s", to)
	}
	b.want(200, `"carrier":"unicom","roles":["admin","carrier"]`, "GET", "/api/v1/session", nil)
	if again, err := p.book.Get(t.Context(), "test-user2"); err != nil || again.ID != first.ID {
		t.Errorf("%+v, %v; want the account of before", again, err)
	}
	// They have no password here, and get none.
	if _, err := p.book.NewLink(t.Context(), first.ID); err == nil {
		t.Error("a link for a password")
	}
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"test-user2", ""})

	// Another browser's answer, one twice, none, and one that was refused there.
	from := server.Visit(t, &b.http, begin(b, "/"), "test-user2", oidctest.Password)
	if to := end(browser(), from); to != "/sign-in?failed=directory_stale" {
		t.Errorf("an answer in another browser: %s", to)
	}
	if to := end(b, from); to != "/" {
		t.Errorf("%s", to)
	}
	if to := end(b, from); to != "/sign-in?failed=directory_stale" {
		t.Errorf("the same answer twice: %s", to)
	}
	state := func() string {
		u, err := url.Parse(begin(b, "/"))
		if err != nil {
			t.Fatal(err)
		}
		return outside + api.DirectoryCallback + "?state=" + u.Query().Get("state")
	}
	for _, more := range []string{"&error=access_denied", "&code=", "&code=made-up"} {
		if to := end(b, state()+more); to != "/sign-in?failed=directory_refused" {
			t.Errorf("%s: %s", more, to)
		}
	}

	// Closed here, whatever the directory says.
	if err := p.book.Disable(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	b.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	if to := in(b, "/"); to != "/sign-in?failed=directory_closed" {
		t.Errorf("a closed account: %s", to)
	}
	// A directory that is away.
	config.Issuer = away.Issuer
	away.Stop()
	gone, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := gone.Begin(context.Background(), "/"); err == nil {
		t.Error("it is away")
	}
	server.Stop()
	if to := end(b, state2(t, b)); to != "/sign-in?failed=directory_away" {
		t.Errorf("away in between: %s", to)
	}
}

// state2 begins a sign-in with a directory that was asked before.
func state2(t *testing.T, b *person) string {
	t.Helper()
	resp, _ := b.send("GET", "/api/v1/session/directory", nil)
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return "https://qianshao.test" + api.DirectoryCallback + "?code=x&state=" + u.Query().Get("state")
}

// A local account is not taken over by whoever has its login in the directory.
func TestDirectoryTakesNobodysLogin(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("li", "", account.Admin)
	as := account.Account{Login: "li", Name: "Li", Roles: []account.Role{account.Admin}}
	if _, _, err := p.book.SignInFrom(t.Context(), "issuer 1", as, "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("%v", err)
	}
	as.Login = "wang"
	if _, _, err := p.book.SignInFrom(t.Context(), "", as, ""); err == nil {
		t.Error("nobody was let in")
	}
	if _, a, err := p.book.SignInFrom(t.Context(), "issuer 1", as, ""); err != nil || a.Login != "wang" {
		t.Fatalf("%+v, %v", a, err)
	}
	as.Login = "li" // renamed there
	if _, _, err := p.book.SignInFrom(t.Context(), "issuer 1", as, ""); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("%v", err)
	}
	as.Login = "wang.wei"
	if _, a, err := p.book.SignInFrom(t.Context(), "issuer 1", as, ""); err != nil || a.Login != "wang.wei" {
		t.Errorf("%+v, %v", a, err)
	}
}
