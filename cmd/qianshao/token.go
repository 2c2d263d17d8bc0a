package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"qianshao/registry/account"
	"qianshao/registry/register"
	"qianshao/storage/timeline"
)

type tokenCmd struct {
	List   tokenListCmd   `cmd:"" default:"withargs" help:"The tokens that programs sign in with."`
	Issue  tokenIssueCmd  `cmd:"" help:"Make a token for a program."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
}

type tokenListCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a line a token.
func (c *tokenListCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var list []account.Token
		raw, err := conn.call(e.ctx, "GET", "/control/v1/tokens", nil, nil, &list)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		t := table{head: []string{"ID", "NAME", "ROLE", "CARRIER", "CASE", "UNTIL", "STATE"}}
		for _, x := range list {
			state := ""
			switch {
			case x.Revoked != 0:
				state = "revoked " + untilText(x.Revoked)
			case x.Expires <= timeline.FromTime(time.Now()):
				state = "expired"
			}
			t.add(x.ID, x.Name, string(x.Role), x.Carrier, x.Case, untilText(x.Expires), state)
		}
		return t.write(e.out)
	})
}

type tokenIssueCmd struct {
	folder
	Name    string       `required:"" placeholder:"TEXT" help:"What it is for."`
	Role    account.Role `required:"" placeholder:"ROLE" help:"carrier, admin, auditor or investigator."`
	Carrier string       `placeholder:"CARRIER" help:"Of role carrier: whose cameras."`
	Case    string       `placeholder:"NUMBER" help:"Of role investigator: the case it is bound to."`
	Days    int          `default:"90" help:"How long it works, at most 400."`
	JSON    bool         `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*tokenIssueCmd) Help() string {
	return `The token is told once. A program sends it as: Authorization: Bearer TOKEN

Example:
  qianshao token issue --name "unicom onboarding" --role carrier --carrier unicom`
}

// issued is a token with its bearer.
type issued struct {
	Token  account.Token `json:"token"`
	Bearer string        `json:"bearer"`
}

// Run makes the token.
func (c *tokenIssueCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out issued
		t := account.Token{
			Name: c.Name, Role: c.Role, Carrier: c.Carrier, Case: c.Case, By: operator,
			Expires: timeline.FromTime(time.Now().AddDate(0, 0, c.Days)),
		}
		raw, err := conn.send(e.ctx, "POST", "/control/v1/tokens", t, &out)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		_, err = fmt.Fprintf(e.out, "%s, told once, until %s:\n  %s\n", out.Token.ID, untilText(out.Token.Expires), out.Bearer)
		return err
	})
}

type tokenRevokeCmd struct {
	folder
	ID string `arg:"" placeholder:"ID" help:"t_…, as qianshao token list names it."`
}

// Run ends the token.
func (c *tokenRevokeCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		if _, err := conn.send(e.ctx, "DELETE", "/control/v1/tokens/"+c.ID, nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%s is revoked\n", c.ID)
		return err
	})
}

func (c *control) listTokens(w http.ResponseWriter, r *http.Request) error {
	list, err := c.d.people.Tokens(r.Context())
	if err != nil {
		return err
	}
	return answer(w, append([]account.Token{}, list...))
}

func (c *control) issueToken(w http.ResponseWriter, r *http.Request) error {
	var t account.Token
	if err := decode(r, &t); err != nil {
		return err
	}
	if t.Case != "" {
		if x, err := c.d.cases.Get(t.Case); err != nil || x.Number != t.Case {
			return fault(http.StatusUnprocessableEntity, fmt.Errorf("--case %.80q: there is no case of this number", t.Case))
		}
	}
	t.ID = account.NewTokenID()
	e := c.entry("token.issue", tokenText(&t))
	e.Case = register.Clean(t.Case)
	return c.act(r, e, func() error {
		bearer, t, err := c.d.people.IssueToken(r.Context(), t)
		if err != nil {
			return ofAccounts(err)
		}
		return answer(w, issued{t, bearer.Reveal()})
	})
}

// tokenText is a token for the register, without its bearer.
func tokenText(t *account.Token) string {
	text := fmt.Sprintf("%s %s (%s)", t.ID, t.Name, t.Role)
	if t.Carrier != "" {
		text += ", carrier " + t.Carrier
	}
	return text + ", until " + untilText(t.Expires)
}

func (c *control) revokeToken(w http.ResponseWriter, r *http.Request) error {
	return c.act(r, c.entry("token.revoke", r.PathValue("token")), func() error {
		if err := c.d.people.RevokeToken(r.Context(), r.PathValue("token")); err != nil {
			return ofAccounts(err)
		}
		return answer(w, struct{}{})
	})
}
