package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"qianshao/registry/account"
	"qianshao/registry/oidc"
)

// ticketCookie is what a browser carries while its owner is at the directory. It is
// sent along when the directory's page leads back: SameSite=Lax.
const ticketCookie = "qianshao_oidc"

const directoryPath = "/api/v1/session/directory"

// DirectoryCallback is where the directory leads back to, below the server's own
// address.
const DirectoryCallback = directoryPath + "/callback"

// toDirectory answers GET /api/v1/session/directory: off to sign in there.
func (h *Handler) toDirectory(w http.ResponseWriter, r *http.Request) error {
	back := r.URL.Query().Get("back")
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n") || len(back) > 1024 {
		back = "/"
	}
	to, carried, err := h.cfg.Directory.Begin(r.Context(), back)
	if err != nil {
		h.cfg.Log.Error("nobody can sign in through the directory", "err", err)
		signInFailed(w, r, "directory_away")
		return nil
	}
	http.SetCookie(w, ticketOf(carried, 600, secure(r)))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func ticketOf(value string, seconds int, secure bool) *http.Cookie {
	return &http.Cookie{Name: ticketCookie, Value: value, Path: directoryPath, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
}

// signInFailed leads to the page to sign in, which says why.
func signInFailed(w http.ResponseWriter, r *http.Request, code string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/sign-in?failed="+url.QueryEscape(code), http.StatusSeeOther)
}

// fromDirectory answers GET /api/v1/session/directory/callback, to where the
// directory sends people back: a session, or why there is none.
func (h *Handler) fromDirectory(w http.ResponseWriter, r *http.Request) error {
	carried := ""
	if c, err := r.Cookie(ticketCookie); err == nil {
		carried = c.Value
	}
	http.SetCookie(w, ticketOf("", -1, secure(r)))
	q := r.URL.Query()
	p, back, err := h.cfg.Directory.End(r.Context(), carried, q.Get("state"), q.Get("code"))
	if err != nil {
		h.cfg.Log.Warn("a sign-in through the directory failed", "err", err, "directory", clipped(q.Get("error")))
		h.notLetIn(r.Context(), h.of(r), "", directoryCode(err), err)
		signInFailed(w, r, directoryCode(err))
		return nil
	}
	what := h.of(r)
	bearer, a, err := h.cfg.Accounts.SignInFrom(r.Context(), p.Subject, account.Account{
		Login: p.Login, Name: p.Name, Roles: p.Roles, Unit: p.Unit, Carrier: p.Carrier,
	}, what.address)
	if err != nil {
		h.cfg.Log.Warn("whom the directory vouched for was not let in", "login", clipped(p.Login), "err", err)
		h.notLetIn(r.Context(), what, p.Login, directoryCode(err), err)
		signInFailed(w, r, directoryCode(err))
		return nil
	}
	if err := h.act(r.Context(), what, &a, "session.begin", "directory", doNothing); err != nil {
		return errors.Join(err, h.cfg.Accounts.SignOut(r.Context(), bearer))
	}
	w.Header().Add("Set-Cookie", cookie(bearer, what.secure))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// clipped is a foreign text for the log.
func clipped(text string) string { return text[:min(len(text), 64)] }

// directoryCode is what the page is told of an error.
func directoryCode(err error) string {
	for code, is := range map[string]error{
		"directory_away": oidc.ErrAway, "directory_stale": oidc.ErrStale, "directory_refused": oidc.ErrRefused, "directory_no_role": oidc.ErrNoRole,
		"directory_closed": account.ErrDenied, "directory_taken": account.ErrTaken, "directory_bad": account.ErrBad, "directory_unit": account.ErrUnknown,
	} {
		if errors.Is(err, is) {
			return code
		}
	}
	return "directory_failed"
}
