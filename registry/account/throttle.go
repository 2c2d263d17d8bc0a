package account

import (
	"sync"
	"time"
)

// Failures are counted for each login, whether it exists or not, and for each
// address. Beyond a number every further one locks for twice as long.
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
}

// locked reports whether one of the keys is locked now.
func (t *throttle) locked(keys ...string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		if f := t.of[k]; f != nil && t.now().Before(f.until) {
			return true
		}
	}
	return false
}

// failed counts a failure of a key that may fail so often, and reports whether the
// key is locked from now on.
func (t *throttle) failed(key string, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
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
	return over >= 0
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

// fine forgets a key's failures.
func (t *throttle) fine(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, key)
}
