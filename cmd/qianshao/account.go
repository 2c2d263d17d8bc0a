package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"qianshao/registry/account"
	"qianshao/registry/area"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
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

type accountUnitCmd struct {
	folder
	ID     string           `arg:"" placeholder:"ID" help:"As the bureau names it."`
	Name   string           `required:"" placeholder:"NAME"`
	Kind   account.UnitKind `required:"" placeholder:"KIND" help:"bureau, county or station."`
	Parent string           `placeholder:"ID" help:"The unit it belongs to; a bureau has none."`
	Area   []string         `placeholder:"CODE" help:"Division codes of 6, 9 or 12 digits, with commas."`
	Ring   []string         `name:"polygon" sep:"none" placeholder:"'LON,LAT LON,LAT LON,LAT'" help:"An area that is no division: its corners, WGS-84. May be given again."`
}

// Help is printed below the flags.
func (*accountUnitCmd) Help() string {
	return `Makes a unit, or changes it.

Example:
  qianshao account unit QXN --name 黔西南州公安局 --kind bureau
  qianshao account unit XY --name 兴义市公安局 --kind county --parent QXN --area 522301`
}

// Run puts the unit.
func (c *accountUnitCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		u := account.Unit{ID: c.ID, Name: c.Name, Kind: c.Kind, Parent: c.Parent, Areas: c.Area}
		for _, text := range c.Ring {
			p, err := area.ParsePolygon(text)
			if err != nil {
				return fmt.Errorf("--polygon: %w", err)
			}
			u.Polygons = append(u.Polygons, p)
		}
		if _, err := conn.send(e.ctx, "POST", "/control/v1/units", u, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "unit %s %s\n", c.ID, c.Name)
		return err
	})
}

type accountUnitsCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints a line a unit.
func (c *accountUnitsCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var list []account.Unit
		raw, err := conn.call(e.ctx, "GET", "/control/v1/units", nil, nil, &list)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		t := table{head: []string{"ID", "KIND", "NAME", "BELONGS TO", "AREAS"}}
		for _, u := range list {
			t.add(u.ID, string(u.Kind), u.Name, u.Parent, strings.Join(u.Areas, " "))
		}
		return t.write(e.out)
	})
}

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
		text += fmt.Sprintf(" (%s)", andMore(u.Areas[:min(len(u.Areas), mostNamed)], len(u.Areas)))
	}
	return text + ", " + plural(len(u.Polygons), "polygon")
}

// untilText says when something ends.
func untilText(t timeline.Micros) string { return t.Time().Format("2006-01-02 15:04Z") }
