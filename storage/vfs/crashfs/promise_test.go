package crashfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"testing"

	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
)

// oracle keeps, by rules of its own, what a file system has promised: it does
// not look at pending changes, only at which calls returned.
type oracle struct {
	files []*promised
	names map[string]*promised
	// may holds, for each name, the files it may stand for after a cut (nil:
	// none), that is all it stood for since its folder was last synced.
	may map[string]map[*promised]bool
	// away holds the files that a name lost to another folder, which was not
	// synced since: these may come back even when the name's folder is synced.
	away map[away]string
}

type away struct {
	name string
	file *promised
}

// promised is a file. Its first 8 bytes name it and are synced before anything
// else happens to it, so that it can be told after a cut.
type promised struct {
	id     string
	data   string // as written
	synced int    // data[:synced] is promised
	// kept: it had a durable name, and no name of it was ever removed or
	// replaced, only renamed or added: it must be found under some name.
	kept bool
	gone bool // a name of it was removed or replaced
}

func (o *oracle) set(name string, p *promised) {
	if was := o.names[name]; was != nil {
		was.gone = true
	}
	o.put(name, p)
}

func (o *oracle) put(name string, p *promised) {
	if p == nil {
		delete(o.names, name)
	} else {
		o.names[name] = p
	}
	if o.may[name] == nil {
		o.may[name] = map[*promised]bool{nil: true}
	}
	o.may[name][p] = true
}

// syncDir settles the names of a folder.
func (o *oracle) syncDir(dir string) {
	for k, to := range o.away {
		if to == dir {
			delete(o.away, k)
		}
	}
	for name := range o.may {
		if path.Dir(name) != dir {
			continue
		}
		p := o.names[name]
		may := map[*promised]bool{p: true}
		if p != nil {
			p.kept = true
		} else {
			for k := range o.away {
				if k.name == name {
					may[k.file] = true
				}
			}
		}
		o.may[name] = may
	}
}

// TestPromises runs random histories and random cuts against the oracle.
func TestPromises(t *testing.T) {
	t.Parallel()
	runs := uint64(3000)
	switch {
	case testing.Short():
		runs = 500
	case os.Getenv("QIANSHAO_FAULTS") != "": // make test-faults
		runs = 1_000_000
	}
	for seed := range runs {
		rng := rand.New(rand.NewPCG(seed, 7))
		f, o := crashfs.New(), &oracle{names: map[string]*promised{}, may: map[string]map[*promised]bool{}, away: map[away]string{}}
		check(t, f.MkdirAll("p"))
		for range 1 + rng.IntN(25) {
			o.step(t, f, rng)
		}
		for range 4 {
			if err := o.audit(t, f.Crash(rng)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

func (o *oracle) step(t *testing.T, f vfs.FS, rng *rand.Rand) {
	t.Helper()
	pick := func() string { return []string{"a", "b", "c", "p/a", "p/b", "p/c"}[rng.IntN(6)] }
	name, to := pick(), pick()
	p, q := o.names[name], o.names[to]
	switch k := rng.IntN(8); {
	case k == 0: // sync a folder
		dir := []string{".", "p"}[rng.IntN(2)]
		check(t, f.SyncDir(dir))
		o.syncDir(dir)
	case p == nil: // create
		id := fmt.Sprintf("<%06d>", len(o.files))
		n := &promised{id: id, data: id, synced: len(id)}
		w, err := f.Create(name)
		check(t, err)
		write(t, w, id)
		check(t, w.Datasync())
		check(t, w.Close())
		o.files = append(o.files, n)
		o.put(name, n)
	case k == 1: // remove
		check(t, f.Remove(name))
		o.set(name, nil)
	case k == 2 && p != q: // rename
		check(t, f.Rename(name, to))
		o.set(to, p)
		o.put(name, nil)
		if path.Dir(to) != path.Dir(name) {
			o.away[away{name, p}] = path.Dir(to)
		}
	case k == 3 && q == nil: // link
		check(t, f.Link(name, to))
		o.put(to, p)
	case k == 4: // cut short
		w, err := f.OpenAppend(name)
		check(t, err)
		n := len(p.id) + rng.IntN(len(p.data)-len(p.id)+1)
		check(t, w.Truncate(int64(n)))
		p.data, p.synced = p.data[:n], min(p.synced, n)
		check(t, w.Close())
	default: // append, and perhaps sync
		w, err := f.OpenAppend(name)
		check(t, err)
		more := strings.Repeat(string(rune('A'+rng.IntN(26))), rng.IntN(1500))
		write(t, w, more)
		p.data += more
		if rng.IntN(2) == 0 {
			check(t, w.Datasync())
			p.synced = len(p.data)
		}
		check(t, w.Close())
	}
}

func (o *oracle) audit(t *testing.T, c *crashfs.FS) error {
	t.Helper()
	got, found := tree(t, c, "."), map[*promised]bool{}
	for name, data := range got {
		var p *promised
		for _, f := range o.files {
			if strings.HasPrefix(data, f.id) {
				p = f
			}
		}
		switch {
		case p == nil:
			return fmt.Errorf("%s holds %.20q, which was never written", name, data)
		case !o.may[name][p]:
			return fmt.Errorf("%s is %s, which it cannot be any more", name, p.id)
		case !strings.HasPrefix(data, p.data[:p.synced]):
			return fmt.Errorf("%s (%s) lost synced bytes", name, p.id)
		}
		found[p] = true
	}
	for name, may := range o.may {
		if _, ok := got[name]; !ok && !may[nil] {
			return fmt.Errorf("%s was durable and is gone", name)
		}
	}
	for _, p := range o.files {
		if p.kept && !p.gone && !found[p] {
			return fmt.Errorf("%s was durable, only renamed, and is gone", p.id)
		}
	}
	return nil
}
