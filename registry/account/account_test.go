package account_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"go.uber.org/goleak"

	"qianshao/registry/account"
	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type site struct {
	*account.Book
	t   *testing.T
	dir string
	mu  sync.Mutex
	at  time.Time // guarded by mu
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), at: time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC)}
	key, err := secret.MakeKey(filepath.Join(s.dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Book, err = account.Open(t.Context(), account.Config{Dir: s.dir, Key: key, Now: s.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, u := range []account.Unit{
		{ID: "QXN", Kind: account.Bureau, Name: "黔西南州公安局"},
		{ID: "XY", Parent: "QXN", Kind: account.County, Name: "兴义市公安局", Areas: []string{"522301"}},
		{ID: "XY-JP", Parent: "XY", Kind: account.Station, Name: "桔山派出所", Areas: []string{"522301004", "522301005001"}},
	} {
		if err := s.PutUnit(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const right = "三头黄牛在山坡上 cow"

// person adds an account with a password.
func (s *site) person(login string, roles ...account.Role) account.Account {
	s.t.Helper()
	a := account.Account{Login: login, Name: "张 " + login, Unit: "XY-JP", Roles: roles}
	if a.Has(account.Carrier) {
		a.Carrier = "unicom"
	}
	a, err := s.Add(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	link, err := s.NewLink(s.t.Context(), a.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	if a, err = s.UseLink(s.t.Context(), link, secret.New(right)); err != nil || !a.Password {
		s.t.Fatalf("%+v, %v", a, err)
	}
	return a
}

func (s *site) signIn(login, password string) (secret.Secret, error) {
	session, _, err := s.SignIn(s.t.Context(), login, secret.New(password), "", "192.0.2.1")
	return session, err
}

func TestTheFirstAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old, err := s.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		link     secret.Secret
		login    string
		password string
		want     error
	}{
		{old, "root", right, account.ErrExpired}, // a newer one was made
		{secret.New("l_aaaa"), "root", right, account.ErrExpired},
		{link, "Root!", right, account.ErrBad},
		{link, "root", "short", account.ErrBad},
		{link, "root", "my root password", account.ErrBad}, // has the login in it
		{link, "root", strings.Repeat("x", 30), account.ErrBad},
		{link, "root", strings.Repeat("xy", 200), account.ErrBad},
		{link, "root", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", account.ErrBad},
		{link, "root", right, nil},
		{link, "other", right, account.ErrBad}, // there is one now
	} {
		if err := s.CheckSetup(t.Context(), c.link, c.login, "管理员", secret.New(c.password)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v before, want %v", c.login, err, c.want)
		}
		a, err := s.UseSetup(t.Context(), c.link, c.login, "管理员", secret.New(c.password))
		if !errors.Is(err, c.want) || err == nil && (!a.Has(account.Admin) || !a.Password) {
			t.Errorf("%s: %+v, %v, want %v", c.login, a, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), c.password) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	if _, err := s.Setup(t.Context()); !errors.Is(err, account.ErrBad) {
		t.Errorf("another set-up: %v", err)
	}
	if _, err := s.signIn("root", right); err != nil {
		t.Error(err)
	}
	if n, err := s.Count(t.Context()); n != 1 || err != nil {
		t.Errorf("%d accounts, %v", n, err)
	}
}

func TestWhatAnAccountMayBe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ok := account.Account{Login: "li.si", Name: "李四", Unit: "XY-JP", Roles: []account.Role{account.Investigator}}
	for name, c := range map[string]struct {
		change func(*account.Account)
		want   error
	}{
		"fine":           {func(*account.Account) {}, nil},
		"taken":          {func(*account.Account) {}, account.ErrTaken},
		"upper case":     {func(a *account.Account) { a.Login = "LiSi" }, account.ErrBad},
		"the operator":   {func(a *account.Account) { a.Login = "operator" }, account.ErrBad},
		"no name":        {func(a *account.Account) { a.Login, a.Name = "a1", " " }, account.ErrBad},
		"control":        {func(a *account.Account) { a.Login, a.Name = "a2", "a\nb" }, account.ErrBad},
		"right to left":  {func(a *account.Account) { a.Login, a.Name = "a3", "a\u202eb" }, account.ErrBad},
		"long":           {func(a *account.Account) { a.Login, a.Name = "a4", strings.Repeat("李", 129) }, account.ErrBad},
		"128 characters": {func(a *account.Account) { a.Login, a.Name = "a5", strings.Repeat("李", 128) }, nil},
		"no role":        {func(a *account.Account) { a.Login, a.Roles = "a6", nil }, account.ErrBad},
		"strange role":   {func(a *account.Account) { a.Login, a.Roles = "a7", []account.Role{"god"} }, account.ErrBad},
		"twice":          {func(a *account.Account) { a.Login, a.Roles = "a8", []account.Role{account.Admin, account.Admin} }, account.ErrBad},
		"both sides": {func(a *account.Account) {
			a.Login, a.Roles = "a9", []account.Role{account.Investigator, account.Auditor}
		}, account.ErrBad},
		"no unit":             {func(a *account.Account) { a.Login, a.Unit = "b1", "" }, account.ErrBad},
		"unknown unit":        {func(a *account.Account) { a.Login, a.Unit = "b2", "NOWHERE" }, account.ErrUnknown},
		"carrier without one": {func(a *account.Account) { a.Login, a.Roles = "b3", []account.Role{account.Carrier} }, account.ErrBad},
	} {
		if name == "taken" {
			continue // after all others
		}
		a := ok
		c.change(&a)
		if a, err := s.Add(t.Context(), a); !errors.Is(err, c.want) || err == nil && (a.ID == "" || a.Password) {
			t.Errorf("%s: %+v, %v, want %v", name, a, err, c.want)
		}
	}
	if _, err := s.Add(t.Context(), ok); !errors.Is(err, account.ErrTaken) {
		t.Errorf("taken: %v", err)
	}
	for name, u := range map[string]account.Unit{
		"itself":        {ID: "A", Parent: "A", Kind: account.Station, Name: "x"},
		"in a circle":   {ID: "XY", Parent: "XY-JP", Kind: account.County, Name: "x"},
		"no parent":     {ID: "B", Kind: account.Station, Name: "x"},
		"strange kind":  {ID: "C", Parent: "QXN", Kind: "village", Name: "x"},
		"strange area":  {ID: "D", Parent: "QXN", Kind: account.County, Name: "x", Areas: []string{"52230"}},
		"strange id":    {ID: "../x", Parent: "QXN", Kind: account.County, Name: "x"},
		"root's parent": {ID: "E", Parent: "QXN", Kind: account.Bureau, Name: "x"},
	} {
		if err := s.PutUnit(t.Context(), u); !errors.Is(err, account.ErrBad) {
			t.Errorf("unit %s: %v", name, err)
		}
	}
	if err := s.PutUnit(t.Context(), account.Unit{ID: "F", Parent: "NOWHERE", Kind: account.County, Name: "x"}); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("unknown parent: %v", err)
	}
	units, err := s.Units(t.Context())
	if err != nil || len(units) != 3 || units[2].ID != "XY-JP" || len(units[2].Areas) != 2 {
		t.Errorf("%+v, %v", units, err)
	}
	a, err := s.Get(t.Context(), "li.si")
	if err != nil {
		t.Fatal(err)
	}
	a.Name, a.Roles = "李 四", []account.Role{account.Admin, account.Investigator}
	if err := s.Change(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Get(t.Context(), a.ID); err != nil || b.Name != a.Name || !b.Has(account.Admin) {
		t.Errorf("%+v, %v", b, err)
	}
	a.ID = "u_nobody"
	if err := s.Change(t.Context(), a); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("change nobody: %v", err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.person("zhang", account.Investigator)
	session, err := s.signIn("zhang", right)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Session(t.Context(), session); err != nil || got.ID != a.ID || !got.Has(account.Investigator) {
		t.Errorf("%+v, %v", got, err)
	}
	nobody, err := s.Add(t.Context(), account.Account{Login: "new", Name: "新", Roles: []account.Role{account.Admin}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"zhang", "wrong password"}, {"nobody", right}, {"new", right}, {"", ""}, {"new", ""}, {strings.Repeat("x", 100), right}} {
		if _, err := s.signIn(c[0], c[1]); !errors.Is(err, account.ErrDenied) {
			t.Errorf("%s: %v", c[0], err)
		}
	}

	// A new password ends what was begun with the old one, but for the session
	// that asks.
	other, err := s.signIn("zhang", right)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPassword(t.Context(), a.ID, secret.New("another long one"), session); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), session); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), other); !errors.Is(err, account.ErrExpired) {
		t.Errorf("the other session: %v", err)
	}
	if _, err := s.signIn("zhang", right); !errors.Is(err, account.ErrDenied) {
		t.Errorf("the old password: %v", err)
	}
	if err := s.SetPassword(t.Context(), nobody.ID, secret.New("short"), secret.Secret{}); !errors.Is(err, account.ErrBad) {
		t.Errorf("a short one: %v", err)
	}

	// Who leaves is out at once, and comes back without a password.
	link, err := s.NewLink(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Disable(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), session); !errors.Is(err, account.ErrExpired) {
		t.Errorf("a closed account's session: %v", err)
	}
	if _, err := s.UseLink(t.Context(), link, secret.New(right)); !errors.Is(err, account.ErrExpired) {
		t.Errorf("a closed account's link: %v", err)
	}
	if _, err := s.NewLink(t.Context(), a.ID); !errors.Is(err, account.ErrBad) {
		t.Errorf("a link for a closed account: %v", err)
	}
	if _, err := s.signIn("zhang", "another long one"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a closed account: %v", err)
	}
	if err := s.Disable(t.Context(), a.ID); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("closed twice: %v", err)
	}
	if open, err := s.List(t.Context(), false); err != nil || len(open) != 1 {
		t.Errorf("%+v, %v", open, err)
	}
	if all, err := s.List(t.Context(), true); err != nil || len(all) != 2 || all[1].Disabled == 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := s.Enable(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if back, err := s.Get(t.Context(), a.ID); err != nil || back.Password || back.Disabled != 0 {
		t.Errorf("%+v, %v", back, err)
	}
}

// Who is moved has what they may do from now on at once: their sessions end. A new
// name ends none, and the link that somebody has still to open stays.
func TestChangeEndsSessions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*account.Account)
		ends   bool
	}{
		"name":    {func(a *account.Account) { a.Name = "李 四" }, false},
		"roles":   {func(a *account.Account) { a.Roles = []account.Role{account.Carrier, account.Admin} }, true},
		"unit":    {func(a *account.Account) { a.Unit = "XY" }, true},
		"carrier": {func(a *account.Account) { a.Carrier = "telecom" }, true},
		"household": {func(a *account.Account) {
			a.Roles, a.Cameras = []account.Role{account.Household}, []media.CameraID{"c_aaaaaaaaaaaaaaaa"}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			a := s.person("zhang", account.Carrier)
			session, err := s.signIn("zhang", right)
			if err != nil {
				t.Fatal(err)
			}
			link, err := s.NewLink(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&a)
			if err := s.Change(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Session(t.Context(), session); errors.Is(err, account.ErrExpired) != c.ends {
				t.Errorf("its session: %v", err)
			}
			if _, err := s.UseLink(t.Context(), link, secret.New(right)); err != nil {
				t.Errorf("its link: %v", err)
			}
		})
	}
	s := newSite(t)
	_, a, err := s.SignInFrom(t.Context(), "https://sso.example 1", account.Account{Login: "wang", Name: "王", Roles: []account.Role{account.Admin}}, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	a.Roles = []account.Role{account.Auditor}
	if err := s.Change(t.Context(), a); !errors.Is(err, account.ErrBad) {
		t.Errorf("somebody of the directory: %v", err)
	}
}

// Too many failures lock a login, whether it exists or not, and for ever longer;
// an address that tries many logins is locked, too.
func TestLockout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: many password hashes")
	}
	s := newSite(t)
	s.person("zhang", account.Admin)
	for _, login := range []string{"zhang", "nobody"} {
		for n := range 5 {
			if _, err := s.signIn(login, "wrong password"); !errors.Is(err, account.ErrDenied) || errors.Is(err, account.ErrLocked) != (n == 4) {
				t.Fatalf("attempt %d: %v", n+1, err)
			}
		}
	}
	if _, err := s.signIn("zhang", right); !errors.Is(err, account.ErrDenied) || !errors.Is(err, account.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	s.pass(61 * time.Second)
	if _, err := s.signIn("zhang", "wrong password"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("%v", err)
	}
	s.pass(61 * time.Second)
	if _, err := s.signIn("zhang", right); !errors.Is(err, account.ErrDenied) {
		t.Errorf("locked for two minutes: %v", err)
	}
	s.pass(60 * time.Second)
	if _, err := s.signIn("zhang", right); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	// One that guesses at many doors.
	for n := range 40 {
		_, _, err := s.SignIn(t.Context(), fmt.Sprint("door", n), secret.New("wrong password"), "", "198.51.100.9")
		if !errors.Is(err, account.ErrDenied) {
			t.Fatal(err)
		}
	}
	if _, _, err := s.SignIn(t.Context(), "zhang", secret.New(right), "", "198.51.100.9"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("from the guesser's address: %v", err)
	}
	if _, err := s.signIn("zhang", right); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

// An office behind one address is not locked out by what it mistypes; somebody in
// it who has an account makes no room for guesses at others with it.
func TestSignInTakesBackItsOwnFailures(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: many password hashes")
	}
	s := newSite(t)
	s.person("zhang", account.Admin)
	s.person("wang", account.Admin)
	from := func(address, login, password string) error {
		_, _, err := s.SignIn(t.Context(), login, secret.New(password), "", address)
		return err
	}
	for n := range 35 {
		if err := from("192.0.2.1", "zhang", "wrong password"); !errors.Is(err, account.ErrDenied) {
			t.Fatal(err)
		}
		if err := from("192.0.2.1", "zhang", right); err != nil {
			t.Fatalf("after %d times: %v", n+1, err)
		}
	}
	for n := range 30 {
		if err := from("192.0.2.2", fmt.Sprint("door", n), "wrong password"); !errors.Is(err, account.ErrDenied) {
			t.Fatal(err)
		}
		if n%5 != 0 {
			continue
		}
		if err := from("192.0.2.2", "wang", right); err != nil {
			t.Fatalf("after %d guesses: %v", n+1, err)
		}
	}
	if err := from("192.0.2.2", "wang", right); !errors.Is(err, account.ErrDenied) {
		t.Errorf("after 30 guesses: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.person("zhang", account.Admin)
	begin := func() secret.Secret {
		t.Helper()
		session, err := s.signIn("zhang", right)
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	idle := begin()
	s.pass(61 * time.Minute)
	if _, err := s.Session(t.Context(), idle); !errors.Is(err, account.ErrExpired) {
		t.Errorf("idle: %v", err)
	}
	used := begin()
	for range 14 {
		s.pass(50 * time.Minute)
		if _, err := s.Session(t.Context(), used); err != nil {
			t.Fatalf("in use: %v", err)
		}
	}
	s.pass(50 * time.Minute) // 12.5 h
	if _, err := s.Session(t.Context(), used); !errors.Is(err, account.ErrExpired) {
		t.Errorf("after 12 hours: %v", err)
	}
	first, second := begin(), begin()
	if err := s.SignOut(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), first); !errors.Is(err, account.ErrExpired) {
		t.Errorf("signed out: %v", err)
	}
	if _, err := s.Session(t.Context(), second); err != nil {
		t.Errorf("the other: %v", err)
	}
	if err := s.EndSessions(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	for _, none := range []secret.Secret{second, {}, secret.New("s_"), secret.New("s_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")} {
		if _, err := s.Session(t.Context(), none); !errors.Is(err, account.ErrExpired) {
			t.Errorf("%v", err)
		}
	}
	link, err := s.NewLink(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.pass(73 * time.Hour)
	if _, err := s.UseLink(t.Context(), link, secret.New(right)); !errors.Is(err, account.ErrExpired) {
		t.Errorf("an old link: %v", err)
	}
}

// A link is used up by what succeeds, and not by a password that is refused.
func TestALinkWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, err := s.Add(t.Context(), account.Account{Login: "zhang", Name: "张", Roles: []account.Role{account.Admin}})
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.NewLink(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UseLink(t.Context(), link, secret.New("short")); !errors.Is(err, account.ErrBad) {
		t.Errorf("a bad password: %v", err)
	}
	if got, err := s.LinkOf(t.Context(), link); err != nil || got.Login != "zhang" {
		t.Errorf("of %+v, %v", got, err)
	}
	if _, err := s.UseLink(t.Context(), link, secret.New(right)); err != nil {
		t.Errorf("a good one: %v", err)
	}
	if got, err := s.LinkOf(t.Context(), link); !errors.Is(err, account.ErrExpired) {
		t.Errorf("used up, of %+v, %v", got, err)
	}
	if _, err := s.UseLink(t.Context(), link, secret.New(right)); !errors.Is(err, account.ErrExpired) {
		t.Errorf("again: %v", err)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.person("zhang", account.Admin)
	address, err := s.NewTOTP(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Query().Get("issuer") != "qianshao" {
		t.Fatalf("%v, %v", u, err)
	}
	code := func() string {
		t.Helper()
		c, err := totp.GenerateCode(u.Query().Get("secret"), s.now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	enter := func(code string) error {
		_, _, err := s.SignIn(t.Context(), "zhang", secret.New(right), code, "192.0.2.1")
		return err
	}
	if err := enter(""); err != nil {
		t.Errorf("not confirmed yet: %v", err)
	}
	if err := s.ConfirmTOTP(t.Context(), a.ID, address, "000000"); !errors.Is(err, account.ErrBad) {
		t.Errorf("a wrong code: %v", err)
	}
	if err := s.ConfirmTOTP(t.Context(), a.ID, secret.New("otpauth://totp/x?secret=A"), code()); !errors.Is(err, account.ErrBad) {
		t.Errorf("a strange URL: %v", err)
	}
	if err := s.ConfirmTOTP(t.Context(), a.ID, address, code()); err != nil {
		t.Fatal(err)
	}
	if err := enter(""); !errors.Is(err, account.ErrNeedCode) {
		t.Errorf("without a code: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "zhang", secret.New("wrong password"), "", "192.0.2.1"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a wrong password asks for no code: %v", err)
	}
	if err := enter(code()); !errors.Is(err, account.ErrDenied) {
		t.Errorf("the code that confirmed: %v", err)
	}
	s.pass(30 * time.Second)
	now := code()
	if err := enter(now); err != nil {
		t.Errorf("the next code: %v", err)
	}
	if err := enter(now); !errors.Is(err, account.ErrDenied) {
		t.Errorf("the same code again: %v", err)
	}
	s.pass(60 * time.Second)
	late := code()
	s.pass(29 * time.Second)
	if err := enter(late); err != nil {
		t.Errorf("a code of the step before: %v", err)
	}
	s.pass(10 * time.Minute)
	if err := enter(late); !errors.Is(err, account.ErrDenied) {
		t.Errorf("an old code: %v", err)
	}
	if err := s.DropTOTP(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if err := enter(""); err != nil {
		t.Errorf("the factor is off: %v", err)
	}
}

// A second factor is one that was drawn here, for this account, a short while ago:
// whoever has but a session cannot bring their own.
func TestOnlyADrawnFactorIsConfirmed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: many password hashes")
	}
	own := secret.New("otpauth://totp/qianshao:zhang?algorithm=SHA1&digits=6&issuer=qianshao&period=30&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
	for name, c := range map[string]struct {
		meanwhile func(s *site, zhang, li account.Account, drawn secret.Secret) (secret.Secret, error)
		want      error
	}{
		"as drawn": {func(_ *site, _, _ account.Account, drawn secret.Secret) (secret.Secret, error) { return drawn, nil }, nil},
		"one's own": {func(*site, account.Account, account.Account, secret.Secret) (secret.Secret, error) {
			return own, nil
		}, account.ErrNotDrawn},
		"another account's": {func(s *site, _, li account.Account, _ secret.Secret) (secret.Secret, error) {
			return s.NewTOTP(s.t.Context(), li.ID)
		}, account.ErrNotDrawn},
		"after nine minutes": {func(s *site, _, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			s.pass(9 * time.Minute)
			return drawn, nil
		}, nil},
		"expired": {func(s *site, _, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			s.pass(10 * time.Minute)
			return drawn, nil
		}, account.ErrNotDrawn},
		"a newer one was drawn": {func(s *site, zhang, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			_, err := s.NewTOTP(s.t.Context(), zhang.ID)
			return drawn, err
		}, account.ErrNotDrawn},
		"confirmed already": {func(s *site, zhang, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			return drawn, s.ConfirmTOTP(s.t.Context(), zhang.ID, drawn, shownFor(s, drawn))
		}, account.ErrNotDrawn},
		"the password changed": {func(s *site, zhang, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			return drawn, s.SetPassword(s.t.Context(), zhang.ID, secret.New("another long one"), secret.Secret{})
		}, account.ErrNotDrawn},
		"the factor was dropped": {func(s *site, zhang, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			return drawn, s.DropTOTP(s.t.Context(), zhang.ID)
		}, account.ErrNotDrawn},
		"the key changed": {func(s *site, _, _ account.Account, drawn secret.Secret) (secret.Secret, error) {
			_, _, err := s.Reseal(s.t.Context())
			return drawn, err
		}, account.ErrNotDrawn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			zhang, li := s.person("zhang", account.Admin), s.person("li", account.Admin)
			drawn, err := s.NewTOTP(t.Context(), zhang.ID)
			if err != nil {
				t.Fatal(err)
			}
			url, err := c.meanwhile(s, zhang, li, drawn)
			if err != nil {
				t.Fatal(err)
			}
			before, err := s.Get(t.Context(), zhang.ID)
			if err != nil {
				t.Fatal(err)
			}
			err = s.ConfirmTOTP(t.Context(), zhang.ID, url, shownFor(s, url))
			if !errors.Is(err, c.want) || err != nil && strings.Contains(err.Error(), "otpauth") {
				t.Errorf("%v, want %v", err, c.want)
			}
			if now, err := s.Get(t.Context(), zhang.ID); err != nil || now.TOTP != (before.TOTP || c.want == nil) {
				t.Errorf("a second factor: %v, %v", now.TOTP, err)
			}
		})
	}
}

// shownFor is the code that a phone with an otpauth:// URL shows now.
func shownFor(s *site, address secret.Secret) string {
	s.t.Helper()
	u, err := url.Parse(address.Reveal())
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := totp.GenerateCode(u.Query().Get("secret"), s.now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	year := timeline.FromTime(s.now().Add(365 * 24 * time.Hour))
	ok := account.Token{Name: "联通接入", Role: account.Carrier, Carrier: "unicom", Expires: year}
	bearer, made, err := s.IssueToken(t.Context(), ok)
	if err != nil || made.ID == "" {
		t.Fatal(err)
	}
	got, err := s.Token(t.Context(), bearer)
	if err != nil || got != made || got.Carrier != "unicom" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, change := range map[string]func(*account.Token){
		"no name":                 func(x *account.Token) { x.Name = "" },
		"no carrier":              func(x *account.Token) { x.Carrier = "" },
		"household":               func(x *account.Token) { x.Role = account.Household },
		"admin with a carrier":    func(x *account.Token) { x.Role = account.Admin },
		"investigator, no case":   func(x *account.Token) { x.Role, x.Carrier = account.Investigator, "" },
		"carrier with a case":     func(x *account.Token) { x.Case = "A1" },
		"over already":            func(x *account.Token) { x.Expires = 1 },
		"for longer than we want": func(x *account.Token) { x.Expires = timeline.Forever },
	} {
		bad := ok
		change(&bad)
		if _, _, err := s.IssueToken(t.Context(), bad); !errors.Is(err, account.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	named := ok
	named.ID = account.NewTokenID()
	if _, got, err := s.IssueToken(t.Context(), named); err != nil || got.ID != named.ID {
		t.Errorf("%+v, %v, want the id %s", got, err, named.ID)
	}
	if err := s.RevokeToken(t.Context(), named.ID); err != nil {
		t.Error(err)
	}
	named.ID = "t_1"
	if _, _, err := s.IssueToken(t.Context(), named); !errors.Is(err, account.ErrBad) {
		t.Errorf("an id that is none: %v", err)
	}
	second, _, err := s.IssueToken(t.Context(), account.Token{Name: "审计", Role: account.Auditor, Expires: timeline.FromTime(s.now()) + timeline.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Tokens(t.Context()); err != nil || len(list) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := s.RevokeToken(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeToken(t.Context(), made.ID); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("revoked twice: %v", err)
	}
	if _, err := s.Token(t.Context(), bearer); !errors.Is(err, account.ErrExpired) {
		t.Errorf("revoked: %v", err)
	}
	s.pass(2 * time.Hour)
	if _, err := s.Token(t.Context(), second); !errors.Is(err, account.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	if _, err := s.Token(t.Context(), secret.Secret{}); !errors.Is(err, account.ErrExpired) {
		t.Errorf("none: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rows, err := account.ReadCSV(strings.NewReader("\ufeffname,login,roles,unit\n王五,wang.wu,investigator admin,XY\n赵六,zhao,investigator,NOWHERE\n\"孙\n七\",sun,admin,\n钱八,wang.wu,admin,\n"))
	if err != nil || len(rows) != 4 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if err := s.AddAll(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		line int
		err  error
	}{{2, nil}, {3, account.ErrUnknown}, {4, account.ErrBad}, {6, account.ErrTaken}} {
		if rows[i].Line != want.line || !errors.Is(rows[i].Err, want.err) || want.err == nil && rows[i].Account.ID == "" {
			t.Errorf("row %d: %+v, want %+v", i, rows[i], want)
		}
	}
	for _, bad := range []string{"", "login,name\n", "login,name,roles,login\n", "login,name,roles,age\n", "login,name,roles\n\"x\n", "login,name,roles\n\xff"} {
		if rows, err := account.ReadCSV(strings.NewReader(bad)); !errors.Is(err, account.ErrBad) {
			t.Errorf("%q: %+v, %v", bad, rows, err)
		}
	}
}

// Households come from a list with their cameras; a row that was found wanting
// before is left.
func TestListOfHouseholds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rows, err := account.ReadCSV(strings.NewReader("login,name,roles,cameras\nzhou,周家,household, unicom:GATE  c_aaaaaaaaaaaaaaaa\nwu,吴家,household,\nli,李,admin,c_aaaaaaaaaaaaaaaa\nsun,孙家,household,c_aaaaaaaaaaaaaaaa\n"))
	if err != nil || len(rows) != 4 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if want := []media.CameraID{"unicom:GATE", "c_aaaaaaaaaaaaaaaa"}; !slices.Equal(rows[0].Account.Cameras, want) {
		t.Errorf("%q, want %q", rows[0].Account.Cameras, want)
	}
	rows[0].Account.Cameras[0] = "c_bbbbbbbbbbbbbbbb"
	unknown := errors.New("no such camera")
	rows[3].Err = unknown
	if err := s.AddAll(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, account.ErrBad, account.ErrBad, unknown} {
		if !errors.Is(rows[i].Err, want) {
			t.Errorf("row %d: %v, want %v", i, rows[i].Err, want)
		}
	}
	if a, err := s.Get(t.Context(), "zhou"); err != nil || len(a.Cameras) != 2 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := s.Get(t.Context(), "sun"); !errors.Is(err, account.ErrUnknown) {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestReadLogins(t *testing.T) {
	t.Parallel()
	got, err := account.ReadLogins(strings.NewReader("\ufeffwang.wei\r\n\n  li \nwang.wei\nzhao"))
	if want := []string{"wang.wei", "li", "zhao"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for text, want := range map[string]string{
		"li\nwang,王\n": "line 2", "Li\n": "line 1", "li wang\n": "line 1", "\xff\n": "line 1", strings.Repeat("x", 9<<20): "8 MB",
	} {
		if got, err := account.ReadLogins(strings.NewReader(text)); !errors.Is(err, account.ErrBad) || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("%.20q: %q, %v, want %s", text, got, err, want)
		}
	}
}

// Nothing that lets somebody in is in the files.
func TestNothingInClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.person("zhang", account.Admin)
	session, err := s.signIn("zhang", right)
	if err != nil {
		t.Fatal(err)
	}
	link, err1 := s.NewLink(t.Context(), a.ID)
	token, _, err2 := s.IssueToken(t.Context(), account.Token{Name: "x", Role: account.Admin, Expires: timeline.FromTime(s.now()) + timeline.Hour})
	factor, err3 := s.NewTOTP(t.Context(), a.ID)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(factor.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(u.Query().Get("secret"), s.now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ConfirmTOTP(t.Context(), a.ID, factor, code); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "accounts.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"password": right, "session": session.Reveal(), "link": link.Reveal(), "token": token.Reveal(), "second factor": u.Query().Get("secret"),
		} {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s has the %s", file, name)
			}
		}
	}
}

// keys is a sealer whose key may change.
type keys struct{ *secret.Key }

// After the key was changed and the old one forgotten, codes are taken as before.
func TestResealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	first, err := secret.MakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC)
	sealer := &keys{first}
	book, err := account.Open(t.Context(), account.Config{Dir: dir, Key: sealer, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // nothing was promised
	s := &site{Book: book, t: t}
	if err := s.PutUnit(t.Context(), account.Unit{ID: "XY-JP", Kind: account.Bureau, Name: "桔山"}); err != nil {
		t.Fatal(err)
	}
	a := s.person("zhang", account.Admin)
	address, err := s.NewTOTP(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	code := func() string {
		t.Helper()
		c, err := totp.GenerateCode(u.Query().Get("secret"), at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := s.ConfirmTOTP(t.Context(), a.ID, address, code()); err != nil {
		t.Fatal(err)
	}
	if sealer.Key, err = secret.Rotate(path); err != nil {
		t.Fatal(err)
	}
	if sealed, locked, err := s.Reseal(t.Context()); sealed != 1 || locked != 0 || err != nil {
		t.Fatalf("%d sealed, %d locked, %v", sealed, locked, err)
	}
	if err := secret.Retire(path); err != nil {
		t.Fatal(err)
	}
	if sealer.Key, err = secret.LoadKey(path); err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Minute)
	if _, _, err := s.SignIn(t.Context(), "zhang", secret.New(right), code(), "192.0.2.1"); err != nil {
		t.Errorf("after the old key is gone: %v", err)
	}
	// What no key opens is told, and stays.
	if sealer.Key, err = secret.MakeKey(filepath.Join(t.TempDir(), "secret.key")); err != nil {
		t.Fatal(err)
	}
	if sealed, locked, err := s.Reseal(t.Context()); sealed != 0 || locked != 1 || err != nil {
		t.Errorf("%d sealed, %d locked, %v", sealed, locked, err)
	}
}

// A picture for a phone is a PNG, of a URL that was given.
func TestQR(t *testing.T) {
	t.Parallel()
	b, err := account.QR(secret.New("otpauth://totp/qianshao:zhang?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=qianshao"), 220)
	if err != nil || !bytes.HasPrefix(b, []byte("\x89PNG")) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := account.QR(secret.New("http://x"), 220); !errors.Is(err, account.ErrBad) {
		t.Errorf("of another URL: %v", err)
	}
}
