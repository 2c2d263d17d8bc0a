package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/account"
	"qianshao/registry/cases"
	"qianshao/registry/secret"
)

// sessionCookie holds the bearer of a session.
const sessionCookie = "qianshao_session"

// operator is who gives commands on this machine.
const operator = "operator"

// identify says who asks. Without accounts that is anyone; else the error is
// errSignIn for a request that nobody signed in for.
func (h *Handler) identify(r *http.Request) (access.Subject, error) {
	switch {
	case overUnix(r):
		return access.Subject{Kind: access.Operator, ID: operator}, nil
	case h.cfg.Accounts == nil:
		return access.Subject{Kind: access.Anyone}, nil
	}
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		t, err := h.cfg.Accounts.Token(r.Context(), secret.New(strings.TrimSpace(text)))
		if errors.Is(err, account.ErrExpired) {
			return access.Subject{}, errBadToken
		}
		return access.Subject{
			Kind: access.Program, ID: t.ID, Unit: h.unitOf(r.Context(), &t), Roles: []string{string(t.Role)}, Carrier: t.Carrier, Case: t.Case,
		}, err
	}
	a, err := h.session(r)
	if err != nil {
		return access.Subject{}, err
	}
	s := access.Subject{Kind: access.Account, ID: a.Login, Unit: a.Unit, Carrier: a.Carrier, Cameras: a.Cameras}
	for _, role := range a.Roles {
		s.Roles = append(s.Roles, string(role))
	}
	return s, nil
}

// unitOf is the unit that a program works for: that of its case, or of who issued
// its token.
func (h *Handler) unitOf(ctx context.Context, t *account.Token) string {
	if t.Case != "" {
		c, err := h.cfg.Cases.Get(t.Case)
		if err == nil {
			return c.Unit
		}
	}
	if t.By == "" || t.By == operator {
		return ""
	}
	a, err := h.cfg.Accounts.Get(ctx, t.By)
	if err != nil {
		return "" // the entry has the token's id
	}
	return a.Unit
}

// session returns the account that a request's cookie stands for.
func (h *Handler) session(r *http.Request) (account.Account, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return account.Account{}, errSignIn
	}
	a, err := h.cfg.Accounts.Session(r.Context(), secret.New(c.Value))
	if errors.Is(err, account.ErrExpired) {
		err = errSignIn
	}
	return a, err
}

// They are answered many at a time, and never changed.
var (
	errSignIn = &Problem{
		Status: http.StatusUnauthorized, Title: "Unauthorized", Code: "sign_in", Detail: "nobody is signed in, or the session has ended",
		Next: "sign in at /sign-in; a program sends Authorization: Bearer with a token (qianshao token issue)",
	}
	errBadToken = &Problem{
		Status: http.StatusUnauthorized, Title: "Unauthorized", Code: "bad_token", Detail: "the token has expired, was revoked, or never was",
		Next: "ask an administrator for a new one (qianshao token issue)",
	}
)

// askAgain is how often it is asked whether who receives a long answer still may.
const askAgain = 20 * time.Second

// watch asks again, as long as an answer is sent, whether its request would be
// let in, and breaks it off when not: somebody who was signed out sees no more.
// stop ends the watching.
func (h *Handler) watch(ctx context.Context, rt *route, r *http.Request, cut func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var again func()
	again = func() {
		if ctx.Err() != nil {
			return
		}
		r := r.WithContext(ctx)
		a, err := h.identified(r)
		if err == nil {
			err = h.admit(rt, r, a)
		}
		var p *Problem
		switch {
		case ctx.Err() != nil:
		case errors.As(err, &p) && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden),
			errors.Is(err, access.ErrForbidden), errors.Is(err, registry.ErrUnknown), errors.Is(err, cases.ErrUnknown):
			h.cfg.Log.Info("an answer is broken off: its request would not be let in any more", "path", r.URL.Path, "err", err)
			cut()
		default:
			time.AfterFunc(h.cfg.AskAgain, again)
		}
	}
	t := time.AfterFunc(h.cfg.AskAgain, again)
	return func() { cancel(); t.Stop() }
}
