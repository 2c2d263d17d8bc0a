package account_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"qianshao/registry/account"
	"qianshao/registry/copies"
	"qianshao/registry/secret"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/timeline"
)

func stored(t *testing.T, store *memblob.Store) (keys []string) {
	t.Helper()
	for info, err := range store.List(t.Context(), "v1/accounts/", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// A machine that lost its accounts gets them back from the store: the same people
// sign in with the same passwords, closed ones stay closed, tokens work.
func TestShippedAndRestored(t *testing.T) {
	t.Parallel()
	store := memblob.New(t)
	s := newSite(t)
	zhang, li := s.person("zhang", account.Admin), s.person("li", account.Investigator)
	if err := s.Disable(t.Context(), li.ID); err != nil {
		t.Fatal(err)
	}
	bearer, token, err := s.IssueToken(t.Context(), account.Token{
		Name: "x", Role: account.Carrier, Carrier: "unicom", Expires: timeline.FromTime(s.now().Add(time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ship := func() {
		t.Helper()
		s.pass(time.Second)
		if err := s.Ship(t.Context(), store); err != nil {
			t.Fatal(err)
		}
	}
	ship()
	ship() // nothing has changed
	if n := len(stored(t, store)); n != 1 {
		t.Errorf("%d copies, want 1", n)
	}
	for i := range 7 {
		zhang.Name = string(rune('A' + i))
		if err := s.Change(t.Context(), zhang); err != nil {
			t.Fatal(err)
		}
		ship()
	}
	if n := len(stored(t, store)); n != 5 {
		t.Errorf("%d copies, want 5", n)
	}

	open := func(key copies.Sealer) *account.Book {
		t.Helper()
		b, err := account.Open(t.Context(), account.Config{Dir: t.TempDir(), Key: key, Now: s.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		return b
	}
	key, err := secret.LoadKey(filepath.Join(s.dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	again := open(key)
	if err := again.Ship(t.Context(), store); err != nil || len(stored(t, store)) != 5 {
		t.Errorf("an empty book: %v, %d copies", err, len(stored(t, store)))
	}
	if _, err := again.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := again.Restore(t.Context(), store); n != 2 || err != nil {
		t.Fatalf("%d accounts, %v", n, err)
	}
	if n, err := again.Restore(t.Context(), store); n != 0 || err != nil {
		t.Errorf("a second time: %d accounts, %v", n, err)
	}
	if _, a, err := again.SignIn(t.Context(), "zhang", secret.New(right), "", "192.0.2.1"); err != nil || a.Name != "G" || a.ID != zhang.ID {
		t.Errorf("%+v, %v", a, err)
	}
	if _, _, err := again.SignIn(t.Context(), "li", secret.New(right), "", "192.0.2.1"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("who was closed: %v", err)
	}
	if got, err := again.Token(t.Context(), bearer); err != nil || got.ID != token.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if units, err := again.Units(t.Context()); err != nil || len(units) != 3 || len(units[2].Areas) == 0 && len(units[1].Areas) == 0 {
		t.Errorf("%+v, %v", units, err)
	}

	// Under another key it is told what is missing, and nothing is made up.
	other, err := secret.MakeKey(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := open(other).Restore(t.Context(), store); n != 0 || !errors.Is(err, secret.ErrOtherKey) {
		t.Errorf("%d accounts, %v", n, err)
	}
	// After the key was changed no copy under the old one is left.
	s.pass(time.Second)
	if err := s.Replace(t.Context(), store); err != nil || len(stored(t, store)) != 1 {
		t.Errorf("%v, %d copies", err, len(stored(t, store)))
	}
}
