package api

import (
	"context"
	"errors"
	"net/http"

	"qianshao/registry/account"
	"qianshao/registry/register"
	"qianshao/registry/secret"
)

// personJSON is who is signed in.
type personJSON struct {
	Login   string         `json:"login"`
	Name    string         `json:"name"`
	Unit    string         `json:"unit,omitempty"`
	Carrier string         `json:"carrier,omitempty"`
	Roles   []account.Role `json:"roles"`
	TOTP    bool           `json:"totp" doc:"a second factor is asked for"`
}

func personOf(a *account.Account) personJSON {
	return personJSON{Login: a.Login, Name: a.Name, Unit: a.Unit, Carrier: a.Carrier, Roles: a.Roles, TOTP: a.TOTP}
}

type signInIn struct {
	Body struct {
		Login    string `json:"login" maxLength:"64"`
		Password string `json:"password" maxLength:"256"`
		Code     string `json:"code,omitempty" maxLength:"16" doc:"of the second factor, where the account has one"`
	}
}

type waysOut struct {
	Body struct {
		Directory bool `json:"directory" doc:"through the bureau's directory, too"`
	}
}

// waysIn answers GET /api/v1/session/ways: what the page to sign in offers.
func (h *Handler) waysIn(context.Context, *asked, *emptyIn) (*waysOut, error) {
	out := &waysOut{}
	out.Body.Directory = h.cfg.Directory != nil
	return out, nil
}

type personOut struct {
	Cache  string `header:"Cache-Control"`
	Cookie string `header:"Set-Cookie"`
	Body   personJSON
}

// signIn answers POST /api/v1/session.
func (h *Handler) signIn(ctx context.Context, what *asked, in *signInIn) (*personOut, error) {
	bearer, a, err := h.cfg.Accounts.SignIn(ctx, in.Body.Login, secret.New(in.Body.Password), in.Body.Code, what.address)
	if err != nil {
		h.notLetIn(ctx, what, in.Body.Login, "", err)
		return nil, err
	}
	if err := h.act(ctx, what, &a, "session.begin", "", doNothing); err != nil {
		return nil, errors.Join(err, h.cfg.Accounts.SignOut(context.WithoutCancel(ctx), bearer))
	}
	return &personOut{Cache: "no-store", Cookie: cookie(bearer, what.secure), Body: personOf(&a)}, nil
}

// act writes what somebody does about accounts into the access register, and then
// does it. What can be wrong with it was looked at before: nobody fills the register
// by trying.
func (h *Handler) act(ctx context.Context, what *asked, a *account.Account, act, note string, do func() error) error {
	return h.cfg.Register.Act(ctx, &register.Entry{
		Kind: register.Admin, Who: register.Clean(a.Login), Unit: a.Unit, Act: act, Address: register.Clean(what.address), Note: note,
	}, do)
}

func doNothing() error { return nil }

// notLetIn counts for the register that somebody tried to sign in, or to prove who
// they are, and was not let in. A login that no account has is not written down:
// people type passwords there.
func (h *Handler) notLetIn(ctx context.Context, what *asked, login, note string, err error) {
	if errors.Is(err, account.ErrNeedCode) || ctx.Err() != nil {
		return
	}
	e := register.Entry{Kind: register.Admin, Act: "session.refused", Address: register.Clean(what.address), Result: register.Refused, Note: note}
	if errors.Is(err, account.ErrLocked) {
		e.Act = "session.locked"
	}
	a, gerr := h.cfg.Accounts.Get(ctx, login)
	switch {
	case gerr == nil && a.Login == login:
		e.Who, e.Unit = a.Login, a.Unit
	case note == "":
		e.Note = "a login that nobody has"
	}
	h.cfg.Register.Count(e)
}

// cookie holds a session's bearer, out of reach of scripts and of other sites;
// an empty bearer removes it.
func cookie(bearer secret.Secret, secure bool) string {
	c := http.Cookie{
		Name: sessionCookie, Value: bearer.Reveal(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
	}
	if bearer.IsZero() {
		c.MaxAge = -1
	}
	return c.String()
}

type emptyIn struct{}

// whoAmI answers GET /api/v1/session.
func (h *Handler) whoAmI(_ context.Context, what *asked, _ *emptyIn) (*personOut, error) {
	a, err := h.session(what.request)
	if err != nil {
		return nil, err
	}
	return &personOut{Cache: "no-store", Body: personOf(&a)}, nil
}

type signOutOut struct {
	Cookie string `header:"Set-Cookie"`
}

// signOut answers DELETE /api/v1/session. Without a session it does nothing.
func (h *Handler) signOut(ctx context.Context, what *asked, _ *emptyIn) (*signOutOut, error) {
	if c, err := what.request.Cookie(sessionCookie); err == nil {
		end := func() error { return h.cfg.Accounts.SignOut(ctx, secret.New(c.Value)) }
		a, err := h.session(what.request)
		if err == nil {
			err = h.act(ctx, what, &a, "session.end", "", end)
		}
		switch {
		case errors.Is(err, register.ErrUnwritten): // whoever goes, goes
			h.cfg.Log.Error("a sign-out is not in the access register", "err", err)
			err = end()
		case errors.Is(err, errSignIn): // it has ended already
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	return &signOutOut{Cookie: cookie(secret.Secret{}, what.secure)}, nil
}

type useLinkIn struct {
	Body struct {
		Link     string `json:"link" maxLength:"128" doc:"the one-time link's last part, l_…"`
		Password string `json:"password" maxLength:"256" doc:"at least 10 characters"`
		Login    string `json:"login,omitempty" maxLength:"64" doc:"with the set-up link: of the first admin"`
		Name     string `json:"name,omitempty" maxLength:"512" doc:"with the set-up link: of the first admin"`
	}
}

// useLink answers POST /api/v1/links: it sets a password by a one-time link, or
// makes the first admin by the set-up link.
func (h *Handler) useLink(ctx context.Context, what *asked, in *useLinkIn) (*personOut, error) {
	link, password := secret.New(in.Body.Link), secret.New(in.Body.Password)
	use := h.useOneTime
	if in.Body.Login != "" {
		use = func(ctx context.Context, what *asked, link, password secret.Secret) (account.Account, error) {
			return h.setUp(ctx, what, link, in.Body.Login, in.Body.Name, password)
		}
	}
	a, err := use(ctx, what, link, password)
	if err != nil {
		return nil, err
	}
	return &personOut{Cache: "no-store", Body: personOf(&a)}, nil
}

// useOneTime sets the password of a one-time link's account.
func (h *Handler) useOneTime(ctx context.Context, what *asked, link, password secret.Secret) (a account.Account, err error) {
	if a, err = h.cfg.Accounts.LinkOf(ctx, link); err != nil {
		return a, err
	}
	if err = account.CheckPassword(a.Login, password); err != nil {
		return a, err
	}
	err = h.act(ctx, what, &a, "account.password", "by a one-time link", func() error {
		a, err = h.cfg.Accounts.UseLink(ctx, link, password)
		return err
	})
	return a, err
}

// setUp makes the first admin.
func (h *Handler) setUp(ctx context.Context, what *asked, link secret.Secret, login, name string, password secret.Secret) (a account.Account, err error) {
	if err = h.cfg.Accounts.CheckSetup(ctx, link, login, name, password); err != nil {
		return a, err
	}
	err = h.act(ctx, what, &account.Account{Login: login}, "account.setup", "the first admin, by the set-up link", func() error {
		a, err = h.cfg.Accounts.UseSetup(ctx, link, login, name, password)
		return err
	})
	return a, err
}

type proofIn struct {
	Body struct {
		Password string `json:"password" maxLength:"256" doc:"of the account as it is"`
		Code     string `json:"code,omitempty" maxLength:"16" doc:"of the second factor as it is, where there is one"`
		New      string `json:"new" maxLength:"256" doc:"the password to be"`
	}
}

// prove wants the password again before something about an account changes.
func (h *Handler) prove(ctx context.Context, what *asked, password, code string) (account.Account, error) {
	a, err := h.session(what.request)
	if err != nil {
		return a, err
	}
	proved, err := h.cfg.Accounts.Prove(ctx, a.Login, secret.New(password), code, what.address)
	if err != nil {
		h.notLetIn(ctx, what, a.Login, "signed in, to change something of the account", err)
	}
	return proved, err
}

type doneOut struct{}

// changePassword answers PUT /api/v1/session/password: the account's other sessions
// end.
func (h *Handler) changePassword(ctx context.Context, what *asked, in *proofIn) (*doneOut, error) {
	a, err := h.prove(ctx, what, in.Body.Password, in.Body.Code)
	if err != nil {
		return nil, err
	}
	own, err := what.request.Cookie(sessionCookie)
	if err != nil {
		return nil, errSignIn
	}
	if err := account.CheckPassword(a.Login, secret.New(in.Body.New)); err != nil {
		return nil, err
	}
	return &doneOut{}, h.act(ctx, what, &a, "account.password", "", func() error {
		return h.cfg.Accounts.SetPassword(ctx, a.ID, secret.New(in.Body.New), secret.New(own.Value))
	})
}

type newFactorIn struct {
	Body struct {
		Password string `json:"password" maxLength:"256"`
		Code     string `json:"code,omitempty" maxLength:"16" doc:"of the second factor as it is, where there is one"`
	}
}

type newFactorOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		URL string `json:"url" doc:"otpauth://…, for an authenticator app"`
		PNG []byte `json:"png" doc:"the same as a QR code, base64"`
	}
}

// newFactor answers POST /api/v1/session/second-factor. Nothing is asked for yet.
// What is drawn here, by whoever has the password and the code as it is, is all
// that confirmFactor takes.
func (h *Handler) newFactor(ctx context.Context, what *asked, in *newFactorIn) (*newFactorOut, error) {
	a, err := h.prove(ctx, what, in.Body.Password, in.Body.Code)
	if err != nil {
		return nil, err
	}
	url, err := h.cfg.Accounts.NewTOTP(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	out := &newFactorOut{Cache: "no-store"}
	out.Body.URL = url.Reveal()
	out.Body.PNG, err = account.QR(url, 220)
	return out, err
}

type factorIn struct {
	Body struct {
		URL  string `json:"url" maxLength:"1024" doc:"as it was drawn, ten minutes ago at most"`
		Code string `json:"code" maxLength:"16" doc:"that the app shows for it"`
	}
}

// confirmFactor answers PUT /api/v1/session/second-factor: from now on its code is
// asked for.
func (h *Handler) confirmFactor(ctx context.Context, what *asked, in *factorIn) (*doneOut, error) {
	a, err := h.session(what.request)
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Accounts.CheckTOTP(ctx, a.ID, secret.New(in.Body.URL), in.Body.Code); err != nil {
		return nil, err
	}
	return &doneOut{}, h.act(ctx, what, &a, "account.second-factor", "", func() error {
		return h.cfg.Accounts.ConfirmTOTP(ctx, a.ID, secret.New(in.Body.URL), in.Body.Code)
	})
}

// accountProblem finds the answer for what the accounts say; nil: it is not theirs.
func accountProblem(err error) *Problem {
	switch {
	case errors.Is(err, account.ErrNeedCode):
		return &Problem{Status: http.StatusUnauthorized, Code: "need_code", Detail: account.ErrNeedCode.Error(), Next: "send the six digits that the authenticator app shows as code"}
	case errors.Is(err, account.ErrDenied):
		return &Problem{Status: http.StatusUnauthorized, Code: "denied", Detail: account.ErrDenied.Error(), Next: "try again, or ask an administrator for a new link"}
	case errors.Is(err, account.ErrExpired):
		return &Problem{Status: http.StatusGone, Code: "link_expired", Detail: "the link has expired or was used", Next: "ask an administrator for a new link"}
	case errors.Is(err, account.ErrNotDrawn):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "factor_not_drawn", Detail: err.Error(), Next: "draw a new one and scan it: POST /api/v1/session/second-factor"}
	case errors.Is(err, account.ErrTaken):
		return &Problem{Status: http.StatusConflict, Code: "login_taken", Detail: err.Error(), Next: "choose another login"}
	case errors.Is(err, account.ErrBad):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "not_possible", Detail: err.Error(), Next: "correct it and send it again"}
	case errors.Is(err, account.ErrUnknown):
		return &Problem{Status: http.StatusNotFound, Code: "unknown_account", Detail: err.Error(), Next: "qianshao account list"}
	}
	return nil
}
