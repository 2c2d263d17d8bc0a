package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"qianshao/registry/account"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// accountRoutes are the control routes about accounts, units and tokens.
func (c *control) accountRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/v1/accounts", returns(c.listAccounts))
	mux.HandleFunc("POST /control/v1/accounts", returns(c.addAccount))
	mux.HandleFunc("POST /control/v1/accounts/import", returns(c.importAccounts))
	mux.HandleFunc("POST /control/v1/accounts/{login}/link", returns(c.linkAccount))
	mux.HandleFunc("POST /control/v1/accounts/{login}/change", returns(c.changeAccount))
	mux.HandleFunc("POST /control/v1/accounts/{login}/close", returns(c.closeAccount))
	mux.HandleFunc("POST /control/v1/accounts/{login}/open", c.changing("account.open", c.d.people.Enable))
	mux.HandleFunc("POST /control/v1/accounts/{login}/forget-phone", c.changing("account.forget-phone", c.d.people.DropTOTP))
	mux.HandleFunc("GET /control/v1/units", returns(c.listUnits))
	mux.HandleFunc("POST /control/v1/units", returns(c.putUnit))
	mux.HandleFunc("GET /control/v1/tokens", returns(c.listTokens))
	mux.HandleFunc("POST /control/v1/tokens", returns(c.issueToken))
	mux.HandleFunc("DELETE /control/v1/tokens/{token}", returns(c.revokeToken))
}

// ofAccounts gives errors of the accounts their status.
func ofAccounts(err error) error {
	for _, x := range []struct {
		is     error
		status int
	}{{account.ErrBad, http.StatusUnprocessableEntity}, {account.ErrTaken, http.StatusConflict}, {account.ErrUnknown, http.StatusNotFound}} {
		if errors.Is(err, x.is) {
			return fault(x.status, err)
		}
	}
	return err
}

func (c *control) listAccounts(w http.ResponseWriter, r *http.Request) error {
	list, err := c.d.people.List(r.Context(), r.URL.Query().Get("all") == "true")
	if err != nil {
		return err
	}
	return answer(w, append([]account.Account{}, list...))
}

func (c *control) addAccount(w http.ResponseWriter, r *http.Request) error {
	var a account.Account
	if err := decode(r, &a); err != nil {
		return err
	}
	if err := c.find(r.Context(), a.Cameras); err != nil {
		return err
	}
	return c.act(r, c.entry("account.add", accountText(&a), a.Cameras...), func() error {
		added, err := c.d.people.Add(r.Context(), a)
		if err != nil {
			return ofAccounts(err)
		}
		return c.link(w, r, added)
	})
}

// accountText is an account for the register.
func accountText(a *account.Account) string {
	text := fmt.Sprintf("%s (%s)", a.Login, roleText(a.Roles))
	for _, x := range [][2]string{{"unit", a.Unit}, {"carrier", a.Carrier}} {
		if x[1] != "" {
			text += fmt.Sprintf(", %s %s", x[0], x[1])
		}
	}
	return text
}

// find puts the ids of cameras where they are named otherwise.
func (c *control) find(ctx context.Context, refs []media.CameraID) error {
	for i, ref := range refs {
		cam, err := c.d.reg.Resolve(ctx, string(ref))
		if err != nil {
			return fault(http.StatusUnprocessableEntity, fmt.Errorf("cameras: %w: qianshao camera list shows all", err))
		}
		refs[i] = cam.ID
	}
	return nil
}

func (c *control) changeAccount(w http.ResponseWriter, r *http.Request) error {
	var to accountChange
	if err := decode(r, &to); err != nil {
		return err
	}
	if err := c.find(r.Context(), to.Cameras); err != nil {
		return err
	}
	old, err := c.d.people.Get(r.Context(), r.PathValue("login"))
	if err != nil {
		return ofAccounts(err)
	}
	a := to.of(old)
	return c.act(r, c.entry("account.change", fmt.Sprintf("%s: %s → %s", a.Login, described(&old), described(&a)), to.Cameras...), func() error {
		if err := c.d.people.Change(r.Context(), a); err != nil {
			return ofAccounts(err)
		}
		return answer(w, a)
	})
}

func (c *control) closeAccount(w http.ResponseWriter, r *http.Request) error {
	a, err := c.d.people.Get(r.Context(), r.PathValue("login"))
	if err != nil {
		return ofAccounts(err)
	}
	if a.Disabled != 0 {
		return answer(w, closedAccount{Already: true})
	}
	return c.act(r, c.entry("account.close", accountText(&a)), func() error {
		if err := c.d.people.Disable(r.Context(), a.ID); err != nil {
			return ofAccounts(err)
		}
		return answer(w, closedAccount{})
	})
}

// link answers with a new link for an account's password.
func (c *control) link(w http.ResponseWriter, r *http.Request, a account.Account) error {
	link, err := c.d.people.NewLink(r.Context(), a.ID)
	if err != nil {
		return ofAccounts(err)
	}
	out := linked{Account: a, Link: link.Reveal()}
	if c.node != nil {
		out.Address = c.node.site
	}
	return answer(w, out)
}

// toChange finds the account of a command, registers that it changes, and changes
// it.
func (c *control) toChange(r *http.Request, act string, change func(a account.Account) error) error {
	a, err := c.d.people.Get(r.Context(), r.PathValue("login"))
	if err != nil {
		return ofAccounts(err)
	}
	return c.act(r, c.entry(act, accountText(&a)), func() error { return change(a) })
}

// changing is a handler that does something to the account of a command.
func (c *control) changing(act string, change func(ctx context.Context, id string) error) http.HandlerFunc {
	return returns(func(w http.ResponseWriter, r *http.Request) error {
		return c.toChange(r, act, func(a account.Account) error {
			if err := change(r.Context(), a.ID); err != nil {
				return ofAccounts(err)
			}
			return answer(w, struct{}{})
		})
	})
}

func (c *control) linkAccount(w http.ResponseWriter, r *http.Request) error {
	return c.toChange(r, "account.link", func(a account.Account) error { return c.link(w, r, a) })
}

func (c *control) importAccounts(w http.ResponseWriter, r *http.Request) error {
	rows, err := account.ReadCSV(r.Body)
	if err != nil {
		return ofAccounts(err)
	}
	entries := make([]*register.Entry, len(rows))
	for i := range rows {
		a := &rows[i].Account
		entries[i] = c.entry("account.import", fmt.Sprintf("%d of %d: %s", i+1, len(rows), accountText(a)))
		if rows[i].Err = c.find(r.Context(), a.Cameras); rows[i].Err == nil { // else they are no ids
			entries[i].Cameras = a.Cameras
		}
	}
	if err := c.d.book.Append(r.Context(), entries...); err != nil {
		return c.unwritten(fmt.Errorf("%w: %w", register.ErrUnwritten, err))
	}
	broken := c.d.people.AddAll(r.Context(), rows)
	out := make([]importedAccount, len(rows))
	failed := map[int]error{}
	for i := range rows {
		out[i] = importedAccount{Line: rows[i].Line, Login: rows[i].Account.Login}
		err := rows[i].Err
		switch {
		case err == nil && rows[i].Account.ID != "":
			link, lerr := c.d.people.NewLink(r.Context(), rows[i].Account.ID)
			out[i].Link = link.Reveal()
			if lerr != nil {
				err = fmt.Errorf("added, without a link: %w", lerr)
			}
		case err == nil:
			err = broken // before its turn came
		}
		if err != nil {
			failed[i], out[i].Error = err, err.Error()
		}
	}
	if err := errors.Join(broken, c.d.book.Outcomes(r.Context(), entries, failed)); err != nil {
		return err
	}
	return answer(w, out)
}

func (c *control) listUnits(w http.ResponseWriter, r *http.Request) error {
	list, err := c.d.people.Units(r.Context())
	if err != nil {
		return err
	}
	return answer(w, append([]account.Unit{}, list...))
}

func (c *control) putUnit(w http.ResponseWriter, r *http.Request) error {
	var u account.Unit
	if err := decode(r, &u); err != nil {
		return err
	}
	return c.act(r, c.entry("unit.put", unitText(&u)), func() error {
		if err := c.d.people.PutUnit(r.Context(), u); err != nil {
			return ofAccounts(err)
		}
		return answer(w, u)
	})
}

// unitText is a unit for the register.
func unitText(u *account.Unit) string {
	text := fmt.Sprintf("%s %s, %s", u.ID, u.Name, u.Kind)
	if u.Parent != "" {
		text += " of " + u.Parent
	}
	text += ": " + plural(len(u.Areas), "division")
	if len(u.Areas) > 0 {
		text += fmt.Sprintf(" (%s)", register.AndMore(u.Areas[:min(len(u.Areas), register.MostNamed)], len(u.Areas)))
	}
	return text + ", " + plural(len(u.Polygons), "polygon")
}

// untilText says when something ends.
func untilText(t timeline.Micros) string { return t.Time().Format("2006-01-02 15:04Z") }
