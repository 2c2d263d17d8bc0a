package account

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"qianshao/registry/area"
	"qianshao/registry/label"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Role is what somebody is to the system. An account may have several.
type Role string

// The roles.
const (
	Investigator Role = "investigator"
	Carrier      Role = "carrier"
	Admin        Role = "admin"
	Auditor      Role = "auditor"
	Household    Role = "household"
)

// Roles are all of them.
var Roles = []Role{Investigator, Carrier, Admin, Auditor, Household}

// UnitKind is a level of the tree of units.
type UnitKind string

// The levels.
const (
	Bureau  UnitKind = "bureau"
	County  UnitKind = "county"
	Station UnitKind = "station"
)

// Unit is a bureau, a county's or a police station, with what it looks after.
type Unit struct {
	ID     string   `json:"id"` // as the bureau names it
	Parent string   `json:"parent,omitempty"`
	Kind   UnitKind `json:"kind"`
	Name   string   `json:"name"`
	Areas  []string `json:"areas,omitempty"` // division codes: 6, 9 or 12 digits
	// Polygons are areas that are no divisions.
	Polygons []area.Polygon `json:"polygons,omitempty"`
}

// Account is somebody who may sign in.
type Account struct {
	ID       string           `json:"id"` // u_…, set by Add
	Login    string           `json:"login"`
	Name     string           `json:"name"`
	Unit     string           `json:"unit,omitempty"`
	Carrier  string           `json:"carrier,omitempty"` // of role carrier: whose cameras
	Cameras  []media.CameraID `json:"cameras,omitempty"` // of role household: their own
	Roles    []Role           `json:"roles"`
	Created  timeline.Micros  `json:"created"`
	Disabled timeline.Micros  `json:"disabled,omitempty"` // since; 0: not
	Password bool             `json:"password"`           // one is set
	TOTP     bool             `json:"totp"`               // a second factor is asked for
	// Directory is the name a directory has for them (issuer and subject), through
	// which they sign in; empty: a local account.
	Directory string `json:"directory,omitempty"`
}

// Has reports whether the account has a role.
func (a *Account) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Errors that callers tell apart.
var (
	// ErrBad is wrapped for what an account, unit, token or password cannot be.
	ErrBad = label.ErrBad
	// ErrUnknown is returned (wrapped) where there is no such account, unit or token.
	ErrUnknown = errors.New("unknown")
	// ErrTaken is returned (wrapped) for a login that another account has.
	ErrTaken = errors.New("the login is taken")
	// ErrDenied is returned by whatever lets people in. It does not say what was
	// wrong: the login, the password, the code, or that the account is closed.
	ErrDenied = errors.New("login, password or code is wrong, or there were too many attempts: wait a minute and try again")
	// ErrLocked is ErrDenied after too many attempts. It is for the register: who tries
	// is not told the difference.
	ErrLocked = fmt.Errorf("%w (locked)", ErrDenied)
	// ErrNeedCode is returned by SignIn for the right password of an account with a
	// second factor when no code was given.
	ErrNeedCode = errors.New("the code of the second factor is needed")
	// ErrExpired is returned for sessions and links that are over, or never were.
	ErrExpired = errors.New("it has expired: sign in again, or ask for a new link")
)

var (
	loginForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)
	unitForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	carrierForm = regexp.MustCompile(`^[a-z0-9._-]{1,32}$`)
)

// maxCameras bounds the cameras of one household.
const maxCameras = 32

// operator is who gives commands on the server, in the access register.
const operator = "operator"

// CheckName says whether a text may be a name: UTF-8, at most 128 characters, no
// control and no bidirectional formatting characters (Unicode TR36). The error
// wraps ErrBad.
func CheckName(name string) error {
	if label.Empty(name) {
		return fmt.Errorf("name: %w: it is empty", ErrBad)
	}
	if err := label.Check(name, label.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	return nil
}

func (a *Account) check() error {
	bad := func(field, why string) error { return fmt.Errorf("%s: %w: %s", field, ErrBad, why) }
	if !loginForm.MatchString(a.Login) {
		return bad("login", "use 2 to 64 of a-z 0-9 . _ @ -, beginning with a letter or digit")
	}
	if a.Login == operator {
		return bad("login", "the register calls commands on the server so; choose another")
	}
	if err := CheckName(a.Name); err != nil {
		return err
	}
	if a.Unit != "" && !unitForm.MatchString(a.Unit) {
		return bad("unit", "use the id of a unit")
	}
	if a.Carrier != "" && !carrierForm.MatchString(a.Carrier) {
		return bad("carrier", "use a-z 0-9 . _ -")
	}
	if len(a.Cameras) > maxCameras {
		return bad("cameras", fmt.Sprintf("at most %d", maxCameras))
	}
	for _, c := range a.Cameras {
		if _, err := media.ParseCameraID(string(c)); err != nil {
			return bad("cameras", err.Error())
		}
	}
	if len(a.Roles) == 0 {
		return bad("roles", "give one or more of "+roleNames())
	}
	for i, r := range a.Roles {
		if !slices.Contains(Roles, r) || slices.Contains(a.Roles[:i], r) {
			return bad("roles", fmt.Sprintf("%q: give each of %s once at most", r, roleNames()))
		}
	}
	switch {
	case a.Has(Carrier) && a.Carrier == "":
		return bad("carrier", "an account of role carrier needs one")
	case a.Has(Household) != (len(a.Cameras) > 0):
		return bad("cameras", "a household has one or more, others none")
	case a.Has(Household) && len(a.Roles) > 1:
		return bad("roles", "a household has no other role")
	case a.Has(Investigator) && a.Unit == "":
		return bad("unit", "an investigator needs one")
	case a.Has(Investigator) && a.Has(Auditor):
		return bad("roles", "an auditor does not audit their own viewings: use two accounts")
	}
	return nil
}

func roleNames() string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

func (u *Unit) check() error {
	bad := func(field, why string) error { return fmt.Errorf("%s: %w: %s", field, ErrBad, why) }
	switch {
	case !unitForm.MatchString(u.ID):
		return bad("id", "use 1 to 32 of A-Z a-z 0-9 . _ -")
	case u.Parent == u.ID:
		return bad("parent", "a unit does not belong to itself")
	case u.Kind != Bureau && u.Kind != County && u.Kind != Station:
		return bad("kind", "use bureau, county or station")
	case (u.Parent == "") != (u.Kind == Bureau):
		return bad("parent", "a bureau has none, all others have one")
	}
	if err := u.area().Check(); err != nil {
		return bad("areas", err.Error())
	}
	return CheckName(u.Name)
}

func (u *Unit) area() *area.Area { return &area.Area{Divisions: u.Areas, Polygons: u.Polygons} }

// AreaOf is what a unit looks after: its own area, and those of the units below.
func AreaOf(units []Unit, id string) area.Area {
	var out area.Area
	for _, u := range units {
		if Above(units, u.ID, id) || u.ID == id {
			out.Divisions = append(out.Divisions, u.Areas...)
			out.Polygons = append(out.Polygons, u.Polygons...)
		}
	}
	return out
}

// Above reports whether upper stands above a unit in the tree.
func Above(units []Unit, id, upper string) bool {
	for range units { // no longer than the tree is deep, whatever it looks like
		i := slices.IndexFunc(units, func(u Unit) bool { return u.ID == id })
		if i < 0 || units[i].Parent == "" {
			return false
		}
		if id = units[i].Parent; id == upper {
			return true
		}
	}
	return false
}
