package account

import (
	"sync"
	"time"
)

// Failures are counted for each login, whether it exists or not, and for each
// address. Beyond a number every further one locks for twice as long. Who signs in
// takes back the failures of their own login, with its address as well: an office
// behind one address is not locked out by what it mistypes, and whoever has an
// account there cannot make room for guesses at others.
const (
	loginFailures   = 5
	addressFailures = 30
	lockFirst       = time.Minute
	lockMost        = time.Hour
	remembered      = 10_000 // of each kind
)

type throttle struct {
	now func() time.Time

	mu sync.Mutex // guards below
	of map[string]*failing
}

type failing struct {
	n     int
	last  time.Time
	until time.Time
	// of an address: how many of n were of which login
	logins map[string]int
}

// locked reports whether a login or an address is locked now.
func (t *throttle) locked(login, address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range []string{loginKey(login), addressKey(address)} {
		if f := t.of[k]; f != nil && t.now().Before(f.until) {
			return true
		}
	}
	return false
}

// failed counts a failure of a login, from an address, and reports whether either is
// locked from now on.
func (t *throttle) failed(login, address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, f := t.count(loginKey(login), loginFailures), t.count(addressKey(address), addressFailures)
	if f.logins == nil {
		f.logins = map[string]int{}
	}
	f.logins[login]++
	return l.n >= loginFailures || f.n >= addressFailures
}

// count adds a failure to a key that may fail so often. The caller has the lock.
func (t *throttle) count(key string, most int) *failing {
	now := t.now()
	f := t.of[key]
	if f == nil || now.Sub(f.last) > 2*lockMost {
		if t.of == nil {
			t.of = map[string]*failing{}
		}
		t.makeRoom(now)
		f = &failing{}
		t.of[key] = f
	}
	f.n++
	f.last = now
	over := f.n - most
	if over >= 0 {
		f.until = now.Add(min(lockFirst<<min(over, 10), lockMost))
	}
	return f
}

// makeRoom forgets what is long past, and else whoever is not locked.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.of) < remembered {
		return
	}
	for k, f := range t.of {
		if now.After(f.until) {
			delete(t.of, k)
		}
	}
}

// fine forgets a login's failures, and takes them back where they came from the
// address that it signs in from. An address that is locked stays so.
func (t *throttle) fine(login, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, loginKey(login))
	f := t.of[addressKey(address)]
	if f == nil {
		return
	}
	f.n -= f.logins[login]
	delete(f.logins, login)
	if f.n == 0 && !t.now().Before(f.until) {
		delete(t.of, addressKey(address))
	}
}

func loginKey(login string) string     { return "login " + login }
func addressKey(address string) string { return "address " + address }
