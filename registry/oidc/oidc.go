// Package oidc lets people sign in through the bureau's own directory: OpenID
// Connect Core 1.0, authorization code with PKCE (RFC 7636). The directory says who
// somebody is and in which groups; rules make roles of groups.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"qianshao/registry/account"
	"qianshao/registry/copies"
	"qianshao/registry/secret"
)

// Config says which directory, and what its groups mean.
type Config struct {
	Issuer   string        // https://…; where /.well-known/openid-configuration is
	ClientID string        // as the directory knows this server
	Secret   secret.Secret // zero: a public client, PKCE alone
	Redirect string        // where the directory sends people back to, whole
	Rules    []Rule
	Groups   string        // claim of groups; default "groups"
	Login    string        // claim that becomes the login; default "preferred_username"
	Key      copies.Sealer // required: of what a browser carries meanwhile
	HTTP     *http.Client  // default: 10 s for each request
	Now      func() time.Time
}

// Rule makes a role of a group.
type Rule struct {
	Group string
	Role  account.Role
	Of    string // of an investigator the unit, of a carrier which one; else empty
}

// ParseRule reads GROUP ROLE, and UNIT or CARRIER behind it. A group's name with
// spaces is not possible.
func ParseRule(text string) (Rule, error) {
	f := strings.Fields(text)
	if len(f) < 2 || len(f) > 3 || !slices.Contains(account.Roles, account.Role(f[1])) {
		return Rule{}, fmt.Errorf("%q: use GROUP ROLE [UNIT or CARRIER], for example: xingyi-cid investigator XY", text)
	}
	r := Rule{Group: f[0], Role: account.Role(f[1])}
	if r.Role == account.Household {
		return Rule{}, fmt.Errorf("%q: a household is bound to cameras, of which a group says nothing: leave the rule out, and use qianshao account add LOGIN --role household --camera ID", text)
	}
	if len(f) == 3 {
		r.Of = f[2]
	}
	if r.Of == "" && (r.Role == account.Investigator || r.Role == account.Carrier) {
		return Rule{}, fmt.Errorf("%q: an investigator needs a unit, a carrier its name, behind the role", text)
	}
	return r, nil
}

// Errors that callers tell apart.
var (
	// ErrAway is wrapped when the directory does not answer as it should.
	ErrAway = errors.New("the directory cannot be asked")
	// ErrStale is wrapped for an answer that belongs to no sign-in under way in this
	// browser, or to one that took too long.
	ErrStale = errors.New("the sign-in took too long, or was not begun here")
	// ErrRefused is wrapped for people that the directory did not let in, and for
	// tokens that are not as they should be.
	ErrRefused = errors.New("the directory did not let you in")
	// ErrNoRole is returned for people whose groups mean no role here.
	ErrNoRole = errors.New("none of your groups has a role here")
)

// Directory is where people sign in. Its methods may be called by many goroutines.
type Directory struct {
	cfg Config

	mu       sync.Mutex
	provider *coreos.Provider // nil: not asked yet
}

// New makes a Directory. It asks nothing: the directory may be away when the server
// starts.
func New(cfg Config) (*Directory, error) {
	if cfg.Issuer == "" || cfg.ClientID == "" || cfg.Redirect == "" || cfg.Key == nil {
		return nil, errors.New("oidc: Config needs Issuer, ClientID, Redirect and Key")
	}
	if cfg.Groups == "" {
		cfg.Groups = "groups"
	}
	if cfg.Login == "" {
		cfg.Login = "preferred_username"
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Directory{cfg: cfg}, nil
}

// ask learns where the directory has what, the first time.
func (d *Directory) ask(ctx context.Context) (*coreos.Provider, *oauth2.Config, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.provider == nil {
		// The provider keeps the context to fetch keys with, later.
		p, err := coreos.NewProvider(coreos.ClientContext(context.WithoutCancel(ctx), d.cfg.HTTP), d.cfg.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrAway, err)
		}
		d.provider = p
	}
	return d.provider, &oauth2.Config{
		ClientID: d.cfg.ClientID, ClientSecret: d.cfg.Secret.Reveal(), Endpoint: d.provider.Endpoint(), RedirectURL: d.cfg.Redirect,
		Scopes: []string{coreos.ScopeOpenID, "profile", d.cfg.Groups},
	}, nil
}

// ticket is what a browser carries, sealed, while its owner is at the directory.
type ticket struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Back     string `json:"back"`
	Until    int64  `json:"until"` // s since 1970
}

const (
	ticketPlace = "oidc ticket 1"
	ticketTime  = 10 * time.Minute
	maxTicket   = 4096
)

// Begin returns where the browser is to go, and what it is to carry meanwhile; back
// is where it shall be in the end.
func (d *Directory) Begin(ctx context.Context, back string) (url, carried string, err error) {
	_, client, err := d.ask(ctx)
	if err != nil {
		return "", "", err
	}
	t := ticket{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Back: back, Until: d.cfg.Now().Add(ticketTime).Unix()}
	text, err := json.Marshal(t)
	if err != nil {
		return "", "", err
	}
	carried = base64.RawURLEncoding.EncodeToString(d.cfg.Key.Seal(text, ticketPlace))
	return client.AuthCodeURL(t.State, coreos.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), carried, nil
}

// Person is who came back.
type Person struct {
	Subject string // issuer and subject: never the same of two people
	Login   string
	Name    string
	Roles   []account.Role
	Unit    string
	Carrier string
}

// open reads what the browser carried.
func (d *Directory) open(carried, state string) (t ticket, err error) {
	box, err := base64.RawURLEncoding.DecodeString(carried)
	if err != nil || carried == "" || len(carried) > maxTicket {
		return t, ErrStale
	}
	text, err := d.cfg.Key.Open(box, ticketPlace)
	if err != nil || json.Unmarshal(text, &t) != nil {
		return t, ErrStale
	}
	if subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) != 1 || d.cfg.Now().Unix() >= t.Until {
		return t, ErrStale
	}
	return t, nil
}

// End takes what the directory sent back by the browser (OpenID Connect Core
// §3.1.2.5) and says who it is.
func (d *Directory) End(ctx context.Context, carried, state, code string) (p Person, back string, err error) {
	t, err := d.open(carried, state)
	if err != nil {
		return p, "", err
	}
	if code == "" {
		return p, t.Back, ErrRefused
	}
	provider, client, err := d.ask(ctx)
	if err != nil {
		return p, t.Back, err
	}
	ctx = coreos.ClientContext(ctx, d.cfg.HTTP)
	token, err := client.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return p, t.Back, fmt.Errorf("%w: %s", ErrRefused, refused.ErrorCode)
		}
		return p, t.Back, fmt.Errorf("%w: %w", ErrAway, err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &coreos.Config{ClientID: d.cfg.ClientID, Now: d.cfg.Now}).Verify(ctx, raw)
	if err != nil {
		return p, t.Back, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return p, t.Back, fmt.Errorf("%w: another nonce", ErrRefused)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return p, t.Back, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if claims[d.cfg.Groups] == nil || claims[d.cfg.Login] == nil { // some directories tell them apart from the token
		if info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token)); err == nil && info.Subject == id.Subject {
			more := map[string]any{}
			if info.Claims(&more) == nil {
				for k, v := range more {
					if claims[k] == nil {
						claims[k] = v
					}
				}
			}
		}
	}
	p, err = d.person(id.Issuer+" "+id.Subject, claims)
	return p, t.Back, err
}

// person makes one of what the directory says.
func (d *Directory) person(subject string, claims map[string]any) (Person, error) {
	text := func(key string) string { s, _ := claims[key].(string); return strings.TrimSpace(s) }
	p := Person{Subject: subject, Login: strings.ToLower(text(d.cfg.Login)), Name: text("name")}
	if p.Name == "" {
		p.Name = p.Login
	}
	var groups []string
	switch v := claims[d.cfg.Groups].(type) {
	case string:
		groups = strings.Fields(v)
	case []any:
		for _, g := range v {
			if s, ok := g.(string); ok {
				groups = append(groups, s)
			}
		}
	}
	for _, r := range d.cfg.Rules {
		if !slices.Contains(groups, r.Group) {
			continue
		}
		if !slices.Contains(p.Roles, r.Role) {
			p.Roles = append(p.Roles, r.Role)
		}
		switch {
		case r.Role == account.Carrier && p.Carrier == "":
			p.Carrier = r.Of
		case r.Role != account.Carrier && p.Unit == "":
			p.Unit = r.Of
		}
	}
	if len(p.Roles) == 0 {
		return p, ErrNoRole
	}
	return p, nil
}
