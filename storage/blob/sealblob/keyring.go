package sealblob

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"qianshao/storage/blob"
)

// Scope is what one data key seals: a camera's objects of a UTC month.
type Scope struct {
	Camera string
	Month  string // yyyymm
}

// Sealer seals data keys; registry.Sealer is one.
type Sealer interface {
	Seal(plain []byte, place string) []byte
	Open(box []byte, place string) ([]byte, error)
	Sealed(box []byte) bool // by the key that Seal uses now
}

// keysRoot is the folder of all keys in the store below.
const keysRoot = "v1/keys/"

func (s Scope) folder() string { return keysRoot + s.Camera + "/" + s.Month + "/" }

// Keyring is the data keys of a store. One process writes them; its methods may be
// called by many goroutines.
type Keyring struct {
	base blob.Store
	site Sealer
	load singleflight.Group

	mu    sync.Mutex // guards what follows
	known map[Scope]*entry
	turn  map[Scope]*sync.Mutex // who makes or destroys the keys of a scope
}

// entry is what there is of a scope. It does not change.
type entry struct {
	key    []byte            // the data key; nil: there is none, it was destroyed, or see lost
	lost   error             // why the data key that is there cannot be unsealed
	newest map[string]string // slot → name of its newest key, or of its destruction
}

// cacheMost bounds the scopes in memory: beyond it all are forgotten, and read again
// as they are needed.
const cacheMost = 200_000

func newKeyring(base blob.Store, site Sealer) *Keyring {
	return &Keyring{base: base, site: site, known: map[Scope]*entry{}, turn: map[Scope]*sync.Mutex{}}
}

func (k *Keyring) remember(s Scope, e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= cacheMost {
		clear(k.known)
	}
	k.known[s] = e
}

func (k *Keyring) forget(s Scope) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, s)
}

// alone locks a scope for making or destroying its keys.
func (k *Keyring) alone(s Scope) (unlock func()) {
	k.mu.Lock()
	m := k.turn[s]
	if m == nil {
		m = new(sync.Mutex)
		k.turn[s] = m
	}
	k.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// of returns what there is of a scope.
func (k *Keyring) of(ctx context.Context, s Scope) (*entry, error) {
	k.mu.Lock()
	e := k.known[s]
	k.mu.Unlock()
	if e != nil {
		return e, nil
	}
	// Who waits for another's reading must not fail with that one's context.
	v, err, shared := k.load.Do(s.folder(), func() (any, error) { return k.read(ctx, s) })
	if err != nil && shared && ctx.Err() == nil {
		v, err = k.read(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	return v.(*entry), nil
}

// read reads a scope's keys from the store.
func (k *Keyring) read(ctx context.Context, s Scope) (*entry, error) {
	e := &entry{newest: map[string]string{}}
	for info, err := range k.base.List(ctx, s.folder(), "") {
		if err != nil {
			return nil, fmt.Errorf("keys of %s in %s: %w", s.Camera, s.Month, err)
		}
		if slot, gen, _ := parse(info.Key[len(s.folder()):]); gen > 0 {
			e.newest[slot] = info.Key // in byte order: the last is the newest
		}
	}
	if name := e.newest[wholeSlot]; name != "" && !strings.HasSuffix(name, destroyedMark) {
		var err error
		if e.key, err = k.unseal(ctx, name); errors.Is(err, ErrLost) {
			e.lost = err // what need not be read can be deleted all the same
		} else if err != nil {
			return nil, err
		}
	}
	k.remember(s, e)
	return e, nil
}

// ErrLost is returned (wrapped) where the site's key of now does not open a data key:
// what it seals cannot be read, and nothing can be put beside it.
var ErrLost = errors.New("the site's key does not open it")

// unseal reads one key.
func (k *Keyring) unseal(ctx context.Context, name string) ([]byte, error) {
	box, err := k.box(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	key, err := k.site.Open(box, name)
	if err != nil {
		return nil, fmt.Errorf("data key %s: %w: %w", name, ErrLost, err)
	}
	return key, nil
}

func (k *Keyring) box(ctx context.Context, name string) ([]byte, error) {
	r, err := k.base.Get(ctx, name, 0, -1)
	if err != nil {
		return nil, err
	}
	box, err := io.ReadAll(io.LimitReader(r, 4<<10))
	return box, errors.Join(err, r.Close())
}

// Names within a scope's folder are {slot}/{generation}: of the data key, "all/000001";
// of the key kept of one object, a hash of its name. No name is ever used twice: what
// is sealed anew has the next generation, and so has the mark that a key was destroyed.
const (
	wholeSlot        = "all"
	destroyedMark    = "-destroyed"
	generationDigits = 6
)

func generation(n int) string { return fmt.Sprintf("%0*d", generationDigits, n) }

// parse is the inverse; gen is 0 for other names.
func parse(name string) (slot string, gen int, destroyed bool) {
	slot, text, _ := strings.Cut(name, "/")
	text, destroyed = strings.CutSuffix(text, destroyedMark)
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || len(text) != generationDigits {
		return slot, 0, false
	}
	return slot, int(n), destroyed
}

// next is the name behind the newest of a slot.
func (e *entry) next(s Scope, slot string) string {
	gen := 0
	if newest := e.newest[slot]; newest != "" {
		_, gen, _ = parse(newest[len(s.folder()):])
	}
	return s.folder() + slot + "/" + generation(gen+1)
}

// forSealing is the key of a new object. The data key is made if there is none yet,
// and stands in the store before it seals anything.
func (k *Keyring) forSealing(ctx context.Context, s Scope, name string) (cipher.AEAD, error) {
	e, err := k.of(ctx, s)
	if err == nil && e.key == nil && e.lost == nil {
		e, err = k.make(ctx, s)
	}
	if err == nil {
		err = e.lost
	}
	if err != nil {
		return nil, err
	}
	return newAEAD(e.key, name)
}

// make draws a scope's key, or reads the one that another was quicker to draw.
func (k *Keyring) make(ctx context.Context, s Scope) (*entry, error) {
	defer k.alone(s)()
	k.forget(s)
	e, err := k.read(ctx, s)
	if err != nil || e.key != nil || e.lost != nil {
		return e, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (Go 1.24)
	name := e.next(s, wholeSlot)
	err = k.base.Put(ctx, name, blob.Bytes(k.site.Seal(key, name)))
	if err != nil && !errors.Is(err, blob.ErrDifferent) {
		return nil, fmt.Errorf("keep the data key of %s in %s: %w", s.Camera, s.Month, err)
	}
	k.forget(s)
	if e, err = k.read(ctx, s); err == nil && e.key == nil && e.lost == nil {
		err = fmt.Errorf("the data key of %s in %s is not in the store, though it was put there", s.Camera, s.Month)
	}
	return e, err
}

// slotOf is where the key kept of one object stands.
func slotOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// forOpening is the key of an object that is to be read. Where there is none the error
// is blob.ErrNotExist.
func (k *Keyring) forOpening(ctx context.Context, s Scope, name string) (cipher.AEAD, error) {
	e, err := k.of(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(e.newest) == 0 {
		return nil, fmt.Errorf("%s: no data key: %w", name, blob.ErrNotExist)
	}
	if at := e.newest[slotOf(name)]; at != "" { // from before the data key was destroyed
		key, err := k.unseal(ctx, at)
		if err != nil {
			return nil, err
		}
		return aeadOf(key)
	}
	if e.lost != nil {
		return nil, e.lost
	}
	if e.key == nil {
		return nil, fmt.Errorf("%s: its data key was destroyed: %w", name, blob.ErrNotExist)
	}
	return newAEAD(e.key, name)
}

// Destroy removes the data key of a scope, after which nothing that it sealed can be
// read, but for the objects of the given names: their own keys are kept. It may be
// cut off and called again. What is put later has a new key.
func (k *Keyring) Destroy(ctx context.Context, s Scope, keep []string) error {
	defer k.alone(s)()
	k.forget(s)
	defer k.forget(s)
	if err := k.destroy(ctx, s, keep); err != nil {
		return fmt.Errorf("destroy the data key of %s in %s: %w", s.Camera, s.Month, err)
	}
	return nil
}

func (k *Keyring) destroy(ctx context.Context, s Scope, keep []string) error {
	e, err := k.read(ctx, s)
	if err != nil {
		return err
	}
	if len(keep) > 0 && e.lost != nil {
		return e.lost // else what is to stay would be lost
	}
	if e.key != nil || e.lost != nil {
		for _, name := range keep {
			if err := k.hold(ctx, s, e, name); err != nil {
				return fmt.Errorf("keep %s: %w", name, err)
			}
		}
		err := k.base.Put(ctx, e.next(s, wholeSlot)+destroyedMark, blob.Bytes([]byte("destroyed\n")))
		if err != nil {
			return err
		}
	}
	return k.clear(ctx, s.folder()+wholeSlot+"/")
}

// hold keeps the key of one object.
func (k *Keyring) hold(ctx context.Context, s Scope, e *entry, name string) error {
	slot := slotOf(name)
	if e.newest[slot] != "" { // a call that was cut off, or an object from before an earlier destruction
		return nil
	}
	key, err := objectKey(e.key, name)
	if err != nil {
		return err
	}
	at := e.next(s, slot)
	return k.base.Put(ctx, at, blob.Bytes(k.site.Seal(key, at)))
}

// clear removes the keys below a folder, but no marks.
func (k *Keyring) clear(ctx context.Context, folder string) error {
	var names []string
	for info, err := range k.base.List(ctx, folder, "") {
		if err != nil {
			return err
		}
		if !strings.HasSuffix(info.Key, destroyedMark) {
			names = append(names, info.Key)
		}
	}
	for _, name := range names {
		if err := k.base.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// release removes the key kept of one object, where there is one.
func (k *Keyring) release(ctx context.Context, s Scope, name string) error {
	e, err := k.of(ctx, s)
	if err != nil || e.newest[slotOf(name)] == "" {
		return err
	}
	defer k.forget(s)
	return k.clear(ctx, s.folder()+slotOf(name)+"/")
}

// Used tells whether a store has keys: whether anything in it was ever sealed.
func Used(ctx context.Context, base blob.Store) (bool, error) {
	for _, err := range base.List(ctx, keysRoot, "") {
		return err == nil, err
	}
	return false, nil
}

// Lost lists the scopes whose data key the site's key does not open.
func (k *Keyring) Lost(ctx context.Context) ([]Scope, error) {
	var out []Scope
	var last Scope
	for info, err := range k.base.List(ctx, keysRoot, "") {
		if err != nil {
			return nil, fmt.Errorf("look for lost data keys: %w", err)
		}
		s, _, ok := scopeOf(info.Key)
		if !ok || s == last {
			continue
		}
		last = s
		e, err := k.of(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("look for lost data keys: %w", err)
		}
		if e.lost != nil {
			out = append(out, s)
		}
	}
	return out, nil
}

// Months lists the scopes of a camera that have a key, or keys of single objects.
func (k *Keyring) Months(ctx context.Context, cam string) ([]Scope, error) {
	var out []Scope
	root := keysRoot + cam + "/"
	for info, err := range k.base.List(ctx, root, "") {
		if err != nil {
			return nil, fmt.Errorf("keys of %s: %w", cam, err)
		}
		month, _, ok := strings.Cut(info.Key[len(root):], "/")
		if ok && (len(out) == 0 || out[len(out)-1].Month != month) {
			out = append(out, Scope{Camera: cam, Month: month})
		}
	}
	return out, nil
}

// Reseal seals every key anew that the site's key of now has not sealed. It may be cut
// off and called again. locked counts those that no key here opens; they stay.
func (k *Keyring) Reseal(ctx context.Context) (sealed, locked int, err error) {
	var names []string
	for info, err := range k.base.List(ctx, keysRoot, "") {
		if err != nil {
			return 0, 0, fmt.Errorf("seal data keys: %w", err)
		}
		names = append(names, info.Key)
	}
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		clear(k.known)
	}()
	for _, name := range names {
		state, err := k.reseal(ctx, name)
		switch {
		case err != nil:
			return sealed, locked, fmt.Errorf("seal data key %s: %w", name, err)
		case state == resealed:
			sealed++
		case state == lost:
			locked++
		}
	}
	return sealed, locked, nil
}

type resealState int

const (
	asItIs resealState = iota
	resealed
	lost
)

// reseal seals one key anew: first the next generation, then the old one goes.
func (k *Keyring) reseal(ctx context.Context, name string) (resealState, error) {
	folder, rest, ok := scopeOf(name)
	slot, gen, destroyed := parse(rest)
	if !ok || gen == 0 || destroyed {
		return asItIs, nil
	}
	defer k.alone(folder)()
	box, err := k.box(ctx, name)
	if errors.Is(err, blob.ErrNotExist) { // destroyed meanwhile
		return asItIs, nil
	}
	if err != nil {
		return asItIs, err
	}
	if k.site.Sealed(box) {
		return asItIs, nil
	}
	key, err := k.site.Open(box, name)
	if err != nil {
		return lost, nil //nolint:nilerr // counted, and said by the caller
	}
	at := folder.folder() + slot + "/" + generation(gen+1)
	if err := k.base.Put(ctx, at, blob.Bytes(k.site.Seal(key, at))); err != nil && !errors.Is(err, blob.ErrDifferent) {
		return asItIs, err // different: a call that was cut off behind its Put
	}
	return resealed, k.base.Delete(ctx, name)
}

// scopeOf takes the name of a key apart.
func scopeOf(name string) (s Scope, rest string, ok bool) {
	part := strings.SplitN(strings.TrimPrefix(name, keysRoot), "/", 3)
	if len(part) != 3 {
		return Scope{}, "", false
	}
	return Scope{Camera: part[0], Month: part[1]}, part[2], true
}
