package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qianshao/api"
	"qianshao/registry/oidc/oidctest"
)

// The bureau's directory, by the settings of a real program: a group of its is a role
// here, and who signed in is in the access register.
func TestServeWithDirectory(t *testing.T) {
	t.Parallel()
	const outside = "https://qianshao.test" // as the directory knows us
	server := oidctest.Start(t, outside+api.DirectoryCallback)
	server.SetGroups("choir", "qxn-audit")
	file := filepath.Join(t.TempDir(), "client-secret")
	if err := os.WriteFile(file, []byte(oidctest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := settingsFile(t, fmt.Sprintf("oidc:\n  issuer: %q\n  client_id: %q\n  client_secret_file: %q\n  base_url: %q\n  groups: [qxn-audit auditor, it admin]\n",
		server.Issuer, oidctest.ClientID, file, outside))
	p := program(t, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"))
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	// get asks a path, and tells where the answer leads, and what it says.
	get := func(path string, want int) (to, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%s: %s %s, %v", path, resp.Status, b, err)
		}
		return resp.Header.Get("Location"), string(b)
	}
	get("/api/v1/session", http.StatusUnauthorized)
	there, _ := get("/api/v1/session/directory?back=/audit", http.StatusSeeOther)
	back, ok := strings.CutPrefix(server.Visit(t, client, there, "test-user2", oidctest.Password), outside)
	if !ok {
		t.Fatalf("the directory leads to %s", back)
	}
	if to, _ := get(back, http.StatusSeeOther); to != "/audit" {
		t.Fatalf("led to %s", to)
	}
	if _, body := get("/api/v1/session", http.StatusOK); !strings.Contains(body, `"login":"test-user2"`) || !strings.Contains(body, `"roles":["auditor"]`) {
		t.Errorf("they are %s", body)
	}
	if _, body := get("/api/v1/register?act=session.begin", http.StatusOK); !strings.Contains(body, `"who":"test-user2"`) || !strings.Contains(body, `"note":"directory"`) {
		t.Errorf("the register has %s", body)
	}
}
