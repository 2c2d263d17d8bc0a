// Package oidctest starts an OpenID Connect server for tests: a certified library's
// own example server, with users whose groups the test says.
package oidctest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// ClientID and Secret are what a server under test signs in to the directory with.
const (
	ClientID = "qianshao"
	Secret   = "client-secret-7Qx"
	Password = "verysecure" // of all users
)

// Server is a directory.
type Server struct {
	Issuer string

	mu     sync.Mutex
	groups []string
	http   *httptest.Server
}

// SetGroups says in which groups whoever signs in from now on is.
func (s *Server) SetGroups(groups ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = groups
}

// Stop ends the server early.
func (s *Server) Stop() { s.http.Close() }

// book is the example's storage; groups are ours.
type book struct {
	*storage.Storage
	s *Server
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest.
func (b book) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	if err := b.Storage.SetUserinfoFromRequest(ctx, info, token, append(scopes, oidc.ScopeProfile)); err != nil {
		return err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	info.AppendClaims("groups", append([]string{}, b.s.groups...))
	return nil
}

// starting is held while a server starts: the example keeps its clients in a table
// of its package.
var starting sync.Mutex

// Start starts a directory that ends with the test. It leads people back to redirect.
func Start(t testing.TB, redirect string) *Server {
	t.Helper()
	s := &Server{}
	var handler http.Handler
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(s.http.Close)
	s.Issuer = strings.Replace(s.http.URL, "127.0.0.1", "localhost", 1)
	starting.Lock()
	defer starting.Unlock()
	users := storage.NewUserStore(s.Issuer)
	clients := map[string]*storage.Client{ClientID: storage.WebClient(ClientID, Secret, redirect)}
	handler = exampleop.SetupServer(s.Issuer, book{storage.NewStorageWithClients(users, clients), s}, nil, false, op.WithAllowInsecure())
	return s
}

var loginID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// Visit goes through the directory as a person with a browser does: from the address
// it was sent to, over the page to sign in, to where it is led back. The client must
// not follow redirects.
func (s *Server) Visit(t testing.TB, client *http.Client, to, user, password string) (back string) {
	t.Helper()
	form := url.Values{}
	for range 10 {
		if !strings.HasPrefix(to, s.Issuer) {
			return to
		}
		method, body := http.MethodGet, ""
		if form.Get("id") != "" {
			method, body = http.MethodPost, form.Encode()
			form = url.Values{}
		}
		req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		page := make([]byte, 64<<10)
		n, _ := resp.Body.Read(page)
		_ = resp.Body.Close()
		if where := resp.Header.Get("Location"); where != "" {
			u, err := resp.Request.URL.Parse(where)
			if err != nil {
				t.Fatal(err)
			}
			to = u.String()
			continue
		}
		m := loginID.FindSubmatch(page[:n])
		if m == nil {
			t.Fatalf("the directory says %s %s", resp.Status, page[:n])
		}
		form = url.Values{"id": {string(m[1])}, "username": {user}, "password": {password}}
		to = s.Issuer + "/login/username"
	}
	t.Fatal("the directory leads in circles")
	return ""
}
