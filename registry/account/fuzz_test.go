package account

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"qianshao/registry/secret"
)

// A hash that is not ours is refused, and costs no memory.
func FuzzSamePassword(f *testing.F) {
	f.Add(hashPassword(secret.New("right")), "right")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "x")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$", "x")
	f.Add("$2a$10$", "x")
	f.Fuzz(func(t *testing.T, phc, password string) {
		if strings.Count(phc, "$") == 5 && !strings.Contains(phc, "m=8,t=1,p=1") && !strings.Contains(phc, "m=4294967295") {
			t.Skip("would take its time")
		}
		same, err := samePassword(phc, secret.New(password))
		if err != nil && same {
			t.Fatalf("%q: %v", phc, err)
		}
	})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: many password hashes")
	}
	phc := hashPassword(secret.New("right"))
	for password, want := range map[string]bool{"right": true, "Right": false, "": false, "right ": false} {
		if same, err := samePassword(phc, secret.New(password)); err != nil || same != want {
			t.Errorf("%q: %v, %v", password, same, err)
		}
	}
	if again := hashPassword(secret.New("right")); again == phc {
		t.Error("the same salt twice")
	}
	// RFC 9106 5.3 has a secret and data that PHC strings cannot carry; this one
	// was made by argon2(1): echo -n password | argon2 somesalt -id -v 13 -m 16 -t 2 -p 1 -e
	const theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if same, err := samePassword(theirs, secret.New("password")); err != nil || !same {
		t.Errorf("argon2(1)'s: %v, %v", same, err)
	}
	for _, bad := range []string{"", "right", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=18$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=8,t=0,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"} {
		if same, err := samePassword(bad, secret.New("right")); err == nil || same {
			t.Errorf("%q: %v, %v", bad, same, err)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("login,name,roles\nzhang,张,admin\n")
	f.Add("login,name,roles,cameras\nzhou,周,household,unicom:XY-JP-0017 c_aaaaaaaaaaaaaaaa\n")
	f.Add("\ufefflogin,name,roles,unit,carrier\n\"a\nb\",,,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadCSV(strings.NewReader(text))
		if err != nil && len(rows) > 0 {
			t.Fatalf("%d rows and %v", len(rows), err)
		}
		for _, r := range rows {
			if r.Line < 2 || r.Account.ID != "" {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// What is read of a list are logins, each once.
func FuzzReadLogins(f *testing.F) {
	f.Add("wang.wei\r\n\r\nli\n")
	f.Add("\ufeffzhao\nzhao\n")
	f.Add("login,name\nzhang,张\n")
	f.Fuzz(func(t *testing.T, text string) {
		logins, err := ReadLogins(strings.NewReader(text))
		if err != nil && (len(logins) > 0 || !errors.Is(err, ErrBad)) {
			t.Fatalf("%q, %v", logins, err)
		}
		for i, login := range logins {
			if !loginForm.MatchString(login) || slices.Contains(logins[:i], login) {
				t.Fatalf("%q", logins)
			}
		}
	})
}
