package main

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"qianshao/api/web/webtest"
)

// The first start's link makes the first administrator, whose accounts sign in
// with theirs; programs with tokens. Whoever has left is out.
func TestAccounts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	dir := filepath.Join(t.TempDir(), "data")
	p := program(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	p.waits = "until it is used)"
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	command := func(want string, args ...string) string {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", dir)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("%q: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	command("created", "camera", "add", "GATE", "rtsp://camera.invalid/", "--name", "村口")
	if code := get(t, p.url+"/api/v1/cameras", nil); code != http.StatusUnauthorized {
		t.Errorf("without signing in: HTTP %d", code)
	}
	setup := regexp.MustCompile(`http://\S+/sign-in#setup=l_\S+`).FindString(p.out)
	b := webtest.OpenApp(t, setup, 900, 700)
	b.Until("the form", "document.querySelector('h1')?.textContent === '创建第一个管理员' && location.hash === ''")
	b.Fill("#name", "赵", "#login", "zhao", "#password", "correct horse battery", "#again", "correct horse bakery")
	b.Do(chromedp.Click("[data-test=go]"))
	b.Until("that the passwords differ", "document.querySelector('[data-test=trouble]')?.innerText.includes('不一样')")
	b.Fill("#again", "correct horse battery")
	b.Follow("[data-test=go]")
	b.Until("the cameras", "location.pathname === '/cameras' && document.querySelector('main table')?.innerText.includes('村口') && document.querySelector('[data-test=me]')?.innerText === '赵'")
	b.Shot("admin")
	if webtest.Ask[bool](b, "document.querySelector('nav a[href=\"/audit\"]') !== null") {
		t.Error("an administrator is shown the way to the register")
	}
	// A second factor, and signing in with it.
	b.Do(chromedp.Click("[data-test=me]"))
	b.Until("that there is none", "document.querySelector('[data-test=factor]')?.innerText.includes('未启用')")
	b.Fill("#factor-password", "correct horse battery")
	b.Do(chromedp.Click("[data-test=factor-form] button"))
	b.Until("the picture to scan", "document.querySelector('#qr')?.naturalWidth === 220")
	b.Shot("second-factor")
	phone := webtest.Ask[string](b, "document.querySelector('[data-test=secret]').innerText")
	b.Fill("#shown", codeOf(t, phone, time.Now()))
	b.Do(chromedp.Click("[data-test=factor-form] button"))
	b.Until("that it is on", "document.querySelector('[data-test=factor]')?.innerText.includes('已启用')")
	b.Follow("[data-test=sign-out]")
	b.Until("the page to sign in", "document.querySelector('h1')?.textContent === '登录'")
	b.Fill("#login", "zhao", "#password", "correct horse battery")
	b.Do(chromedp.Click("[data-test=go]"))
	b.Until("to be asked for the code", "document.activeElement?.id === 'code'")
	b.Fill("#code", codeOf(t, phone, time.Now().Add(30*time.Second))) // each works once
	b.Follow("[data-test=go]")
	b.Until("the cameras again", "location.pathname === '/cameras' && document.querySelector('[data-test=me]')?.innerText === '赵'")
	command("password alone", "account", "forget-phone", "zhao")

	command("unit QXN", "account", "unit", "QXN", "--name", "黔西南州公安局", "--kind", "bureau")
	link := regexp.MustCompile(`http://\S+/sign-in#link=l_\S+`).FindString(command("added wang", "account", "add", "wang", "--name", "王", "--role", "auditor", "--unit", "QXN"))
	b = webtest.OpenApp(t, link, 900, 700)
	b.Fill("#password", "another long password", "#again", "another long password")
	b.Follow("[data-test=go]")
	b.Until("the register", "location.pathname === '/audit' && document.querySelector('[data-test=me]')?.innerText === '王 · QXN' && /新建账号[^]*wang/.test(document.querySelector('tbody')?.innerText)")

	bearer := regexp.MustCompile(`q_\S+`).FindString(command("told once", "token", "issue", "--name", "uptime", "--role", "admin"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("with a token: %s, %v", resp.Status, err)
	}

	command("is closed", "account", "close", "wang")
	b.Follow("[data-test=verify]")
	b.Until("why, on the page to sign in", "location.pathname === '/sign-in' && document.querySelector('[data-test=why]')?.innerText.includes('登录已失效')")
	if out, errs, code := qianshao(t, "account", "link", "wang", "--data", dir); code != exitFailed || !strings.Contains(errs, "the account is closed") {
		t.Errorf("a link for a closed account: exit %d\n%s%s", code, out, errs)
	}
	p.terminate(t)
	// A start with accounts prints no link.
	p = program(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	command("closed", "account", "list", "--all")
	p.terminate(t)
	// Lost, they come back from the store.
	for _, name := range []string{"accounts.db", "accounts.db-wal", "accounts.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	command("2 accounts restored", "reindex")
	if out := command("zhao", "account", "list", "--all"); !regexp.MustCompile(`(?m)^wang .* closed`).MatchString(out) {
		t.Errorf("after the loss:\n%s", out)
	}
}

// codeOf is what a phone shows at a moment.
func codeOf(t *testing.T, phone string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(phone, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
