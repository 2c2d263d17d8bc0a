package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"qianshao/registry/account"
	"qianshao/storage/media"
)

type accountCmd struct {
	List   accountListCmd   `cmd:"" default:"withargs" help:"Who may sign in."`
	Add    accountAddCmd    `cmd:"" help:"Make an account, and the one-time link for its password."`
	Import accountImportCmd `cmd:"" help:"Make accounts from a CSV list."`
	Change accountChangeCmd `cmd:"" help:"Somebody is moved, or called otherwise: name, role, unit, carrier, cameras."`
	Link   accountLinkCmd   `cmd:"" help:"A new one-time link: the password was forgotten."`
	Close  accountCloseCmd  `cmd:"" help:"Somebody has left, or several: sign them out everywhere, for good."`
	Open   accountOpenCmd   `cmd:"" help:"Open a closed account again."`
	Phone  accountPhoneCmd  `cmd:"" name:"forget-phone" help:"The phone with the second factor is lost: it is asked for no more."`
	Unit   accountUnitCmd   `cmd:"" help:"Name a unit: a bureau, county or station, and its areas."`
	Units  accountUnitsCmd  `cmd:"" help:"The tree of units."`
}

type accountListCmd struct {
	folder
	All  bool `help:"Closed ones, too."`
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a line an account.
func (c *accountListCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var list []account.Account
		raw, err := conn.call(e.ctx, "GET", "/control/v1/accounts", url.Values{"all": {strconv.FormatBool(c.All)}}, nil, &list)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(e.out, "no accounts: qianshao account add LOGIN --name NAME --role ROLE")
			return err
		}
		t := table{head: []string{"LOGIN", "NAME", "ROLES", "UNIT", "CARRIER", "SECOND FACTOR", "STATE"}}
		for i := range list {
			a := &list[i]
			state, second := "", ""
			switch {
			case a.Disabled != 0:
				state = "closed " + a.Disabled.String()
			case !a.Password:
				state = "no password yet"
			}
			if a.TOTP {
				second = "yes"
			}
			t.add(a.Login, a.Name, roleText(a.Roles), a.Unit, a.Carrier, second, state)
		}
		return t.write(e.out)
	})
}

func roleText(roles []account.Role) string {
	texts := make([]string, len(roles))
	for i, r := range roles {
		texts[i] = string(r)
	}
	return strings.Join(texts, " ")
}

// printRaw prints a JSON answer as it came.
func printRaw(e *env, raw []byte) error {
	_, err := e.out.Write(raw)
	return err
}

type accountAddCmd struct {
	folder
	Login   string         `arg:"" placeholder:"LOGIN" help:"2 to 64 of a-z 0-9 . _ @ -"`
	Name    string         `required:"" placeholder:"NAME" help:"As people call them."`
	Role    []account.Role `required:"" placeholder:"ROLE" help:"investigator, carrier, admin, auditor or household; several with commas."`
	Unit    string         `placeholder:"ID" help:"Of an investigator: see qianshao account units."`
	Carrier string         `placeholder:"CARRIER" help:"Of role carrier: whose cameras."`
	Camera  []string       `placeholder:"CAMERA" help:"Of role household: the cameras at the house, by id or carrier:device, with commas."`
	JSON    bool           `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*accountAddCmd) Help() string {
	return `The link is told once and works for three days. Hand it to its owner: who opens it sets the password.

Example:
  qianshao account add wang.wei --name 王伟 --role investigator --unit XY-JP`
}

// linked is an account with the link for its password.
type linked struct {
	Account account.Account `json:"account"`
	Link    string          `json:"link"`
	Address string          `json:"address"` // of the page it is opened on; empty: no server runs
}

func (l *linked) print(e *env, done string) error {
	at := l.Address
	if at == "" {
		at = "http://127.0.0.1:8080"
	}
	_, err := fmt.Fprintf(e.out, "%s %s\nto set the password, within three days, once:\n  %s/sign-in#link=%s\n", done, l.Account.Login, at, l.Link)
	return err
}

// Run makes the account.
func (c *accountAddCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out linked
		a := account.Account{Login: c.Login, Name: c.Name, Roles: c.Role, Unit: c.Unit, Carrier: c.Carrier, Cameras: cameraRefs(c.Camera)}
		raw, err := conn.send(e.ctx, "POST", "/control/v1/accounts", a, &out)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		return out.print(e, "added")
	})
}

type accountChangeCmd struct {
	folder
	Login   string         `arg:"" placeholder:"LOGIN"`
	Name    *string        `placeholder:"NAME" help:"As people call them."`
	Role    []account.Role `placeholder:"ROLE" help:"All roles from now on: investigator, carrier, admin, auditor or household; several with commas."`
	Unit    *string        `placeholder:"ID" help:"See qianshao account units; empty: none."`
	Carrier *string        `placeholder:"CARRIER" help:"Of role carrier: whose cameras."`
	Camera  []string       `placeholder:"CAMERA" help:"Of role household: all cameras at the house, by id or carrier:device, with commas."`
	JSON    bool           `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*accountChangeCmd) Help() string {
	return `What is not given stays, but for the carrier and the cameras of a role that goes. Login, password and second factor stay. A change of role, unit, carrier or cameras ends the account's sessions; in the middle of a film within 20 s. Cases stay whose they are: see qianshao case list.

Example:
  qianshao account change wang.wei --unit XY-JP
  qianshao account change wang.wei --role auditor --unit QXN`
}

// accountChange is what an account is to have from now on; what is not there stays.
type accountChange struct {
	Name    *string          `json:"name,omitempty"`
	Roles   []account.Role   `json:"roles,omitempty"`
	Unit    *string          `json:"unit,omitempty"`
	Carrier *string          `json:"carrier,omitempty"`
	Cameras []media.CameraID `json:"cameras,omitempty"`
}

// of is the account as it is to be.
func (c *accountChange) of(a account.Account) account.Account {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	if len(c.Roles) > 0 {
		a.Roles = c.Roles
	}
	if !a.Has(account.Carrier) {
		a.Carrier = ""
	}
	if !a.Has(account.Household) {
		a.Cameras = nil
	}
	if len(c.Cameras) > 0 {
		a.Cameras = c.Cameras
	}
	set(&a.Name, c.Name)
	set(&a.Unit, c.Unit)
	set(&a.Carrier, c.Carrier)
	return a
}

// Run changes the account.
func (c *accountChangeCmd) Run(e *env) error {
	to := accountChange{Name: c.Name, Roles: c.Role, Unit: c.Unit, Carrier: c.Carrier, Cameras: cameraRefs(c.Camera)}
	if to.Name == nil && to.Roles == nil && to.Unit == nil && to.Carrier == nil && to.Cameras == nil {
		return errors.New("say what changes: --name, --role, --unit, --carrier or --camera")
	}
	return c.connected(e, func(conn *client) error {
		var a account.Account
		raw, err := conn.send(e.ctx, "POST", accountPath(c.Login, "change"), to, &a)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		_, err = fmt.Fprintf(e.out, "%s is %s; where that changes what they may do, their sessions have ended\n", a.Login, described(&a))
		return err
	})
}

// described is an account's name, roles, and whose they are for.
func described(a *account.Account) string {
	text := a.Name + " (" + roleText(a.Roles) + ")"
	if a.Unit != "" {
		text += ", unit " + a.Unit
	}
	if a.Carrier != "" {
		text += ", carrier " + a.Carrier
	}
	if len(a.Cameras) > 0 {
		text += fmt.Sprintf(", cameras: %d", len(a.Cameras))
	}
	return text
}

// cameraRefs are cameras as somebody names them; the server finds their ids.
func cameraRefs(texts []string) (refs []media.CameraID) {
	for _, text := range texts {
		refs = append(refs, media.CameraID(text))
	}
	return refs
}

type accountLinkCmd struct {
	folder
	Login string `arg:"" placeholder:"LOGIN"`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run makes the link.
func (c *accountLinkCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out linked
		raw, err := conn.send(e.ctx, "POST", accountPath(c.Login, "link"), nil, &out)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		return out.print(e, "a new link for")
	})
}

func accountPath(login, what string) string {
	return "/control/v1/accounts/" + login + "/" + what
}

type accountCloseCmd struct {
	folder
	Login []string `arg:"" optional:"" placeholder:"LOGIN"`
	From  string   `placeholder:"FILE" help:"Logins from a list, one a line, too; - reads standard input."`
}

// Help is printed below the flags.
func (*accountCloseCmd) Help() string {
	return `Each is closed by itself: one that cannot be does not stop the others, and is told in the end (exit code 1). One that is closed already stays so. A list with a line that is no login closes nobody.

Example:
  qianshao account close wang.wei li.si
  qianshao account close --from leavers.txt`
}

// closedAccount answers the closing of one.
type closedAccount struct {
	Already bool `json:"already"` // it was closed before
}

// Run closes the accounts.
func (c *accountCloseCmd) Run(e *env) error {
	logins := c.Login
	if c.From != "" {
		text, err := readFile(e, c.From)
		if err != nil {
			return err
		}
		more, err := account.ReadLogins(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("%s: %w", c.From, err)
		}
		logins = append(logins, more...)
	}
	if len(logins) == 0 {
		return errors.New("nobody to close: name logins, or give a list with --from FILE")
	}
	return c.connected(e, func(conn *client) error {
		var failed error
		for _, login := range logins {
			var done closedAccount
			_, err := conn.send(e.ctx, "POST", accountPath(login, "close"), nil, &done)
			said := "%s is closed: sessions and links have ended; what was seen stays in the access register\n"
			var p *problem
			switch {
			case errors.As(err, &p):
				failed = errors.Join(failed, fmt.Errorf("%s: %w", login, err))
				continue
			case err != nil:
				return errors.Join(failed, fmt.Errorf("%s, and whoever comes after: %w", login, err))
			case done.Already:
				said = "%s was closed already\n"
			}
			if _, err := fmt.Fprintf(e.out, said, login); err != nil {
				return errors.Join(failed, err)
			}
		}
		return failed
	})
}

type accountOpenCmd struct {
	folder
	Login string `arg:"" placeholder:"LOGIN"`
}

// Run opens a closed account.
func (c *accountOpenCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		if _, err := conn.send(e.ctx, "POST", accountPath(c.Login, "open"), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%s is open again; qianshao account link %s lets them set a password\n", c.Login, c.Login)
		return err
	})
}

type accountPhoneCmd struct {
	folder
	Login string `arg:"" placeholder:"LOGIN"`
}

// Run turns the second factor off.
func (c *accountPhoneCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		if _, err := conn.send(e.ctx, "POST", accountPath(c.Login, "forget-phone"), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%s signs in with the password alone; their sessions have ended\n", c.Login)
		return err
	})
}

type accountImportCmd struct {
	folder
	File string `arg:"" type:"existingfile" placeholder:"FILE" help:"CSV in UTF-8 with the columns login, name, roles, and unit, carrier or cameras."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*accountImportCmd) Help() string {
	return `Several roles of an account are separated by spaces, and so are the cameras of a household, by id or carrier:device. Each account is added by itself: exit code 1 if any was not; the others are in.

Example, of a list:
  login,name,roles,unit,cameras
  wang.wei,王伟,investigator,XY-JP,
  zhou.jia,周家,household,,unicom:XY-JP-0017 unicom:XY-JP-0018`
}

// importedAccount is what came of a line of the list.
type importedAccount struct {
	Line  int    `json:"line"`
	Login string `json:"login"`
	Link  string `json:"link,omitempty"`
	Error string `json:"error,omitempty"`
}

// Run makes the accounts of a list.
func (c *accountImportCmd) Run(e *env) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error {
		var out []importedAccount
		raw, err := conn.call(e.ctx, "POST", "/control/v1/accounts/import", nil, b, &out)
		if err != nil {
			return err
		}
		bad := 0
		t := table{head: []string{"LINE", "LOGIN", "LINK (#link=…)", "ERROR"}}
		for _, r := range out {
			if r.Error != "" {
				bad++
			}
			t.add(fmt.Sprint(r.Line), r.Login, r.Link, r.Error)
		}
		if c.JSON {
			err = printRaw(e, raw)
		} else {
			err = t.write(e.out)
		}
		return errors.Join(err, foundIf(bad > 0))
	})
}
