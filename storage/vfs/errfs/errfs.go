// Package errfs wraps a vfs.FS so that chosen operations fail, and so that the
// disk has an end, for tests.
package errfs

import (
	"io/fs"
	"path"
	"sync"

	"qianshao/storage/vfs"
)

// Op is a kind of operation.
type Op string

// The operations that can fail.
const (
	Create     Op = "create"
	Open       Op = "open"
	OpenAppend Op = "openappend"
	Rename     Op = "rename"
	Link       Op = "link"
	Remove     Op = "remove"
	MkdirAll   Op = "mkdirall"
	ReadDir    Op = "readdir"
	Stat       Op = "stat"
	SyncDir    Op = "syncdir"
	Free       Op = "free"
	ReadAt     Op = "readat"
	Writev     Op = "writev"
	Truncate   Op = "truncate"
	Datasync   Op = "datasync" // Datasync and Sync of a file
	Close      Op = "close"    // the file is closed all the same
)

// rule fails operations of one kind.
type rule struct {
	op    Op
	match string // of the name, as path.Match; empty: any
	skip  int    // operations let through first
	left  int    // operations to fail after those; < 0: all
	err   error
}

// FS is the wrapper. All methods may be called from many goroutines.
type FS struct {
	base vfs.FS

	mu    sync.Mutex // guards what follows
	rules []*rule
	seen  map[Op]int
	disk  *disk // nil: no limit
}

var _ vfs.FS = (*FS)(nil)

// New wraps base; until told otherwise nothing fails.
func New(base vfs.FS) *FS { return &FS{base: base, seen: map[Op]int{}} }

// Fail makes the nth operation of a kind from now on (n = 1: the next) return
// err, once, without reaching the wrapped file system.
func (f *FS) Fail(op Op, n int, err error) { f.add(&rule{op: op, skip: n - 1, left: 1, err: err}) }

// FailAll makes every operation of a kind return err from now on, where the
// name matches the pattern (path.Match; empty: any name).
func (f *FS) FailAll(op Op, pattern string, err error) {
	f.add(&rule{op: op, match: pattern, left: -1, err: err})
}

// Heal ends all rules. The limit of the disk stays.
func (f *FS) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Count returns how many operations of a kind were asked for.
func (f *FS) Count(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[op]
}

func (f *FS) add(r *rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
}

// check counts an operation and tells whether it fails.
func (f *FS) check(op Op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[op]++
	var failed error
	for _, r := range f.rules {
		if r.op != op || r.left == 0 {
			continue
		}
		if ok, err := path.Match(r.match, name); r.match != "" && (err != nil || !ok) {
			continue
		}
		if r.skip > 0 {
			r.skip--
			continue
		}
		if r.left > 0 {
			r.left--
		}
		if failed == nil {
			failed = &fs.PathError{Op: string(op), Path: name, Err: r.err}
		}
	}
	return failed
}

// Create implements vfs.FS.
func (f *FS) Create(name string) (vfs.File, error) {
	if err := f.check(Create, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.base.Create(name))
}

// Open implements vfs.FS.
func (f *FS) Open(name string) (vfs.File, error) {
	if err := f.check(Open, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.base.Open(name))
}

// OpenAppend implements vfs.FS.
func (f *FS) OpenAppend(name string) (vfs.File, error) {
	if err := f.check(OpenAppend, name); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.base.OpenAppend(name))
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	if err := f.check(Rename, oldname); err != nil {
		return err
	}
	return f.names(func(d *disk) { d.rename(oldname, newname) }, func() error {
		return f.base.Rename(oldname, newname)
	}, oldname, newname)
}

// Link implements vfs.FS.
func (f *FS) Link(oldname, newname string) error {
	if err := f.check(Link, oldname); err != nil {
		return err
	}
	return f.names(func(d *disk) { d.link(oldname, newname) }, func() error {
		return f.base.Link(oldname, newname)
	}, oldname)
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	if err := f.check(Remove, name); err != nil {
		return err
	}
	return f.names(func(d *disk) { d.remove(name) }, func() error {
		return f.base.Remove(name)
	}, name)
}

// MkdirAll implements vfs.FS.
func (f *FS) MkdirAll(name string) error {
	if err := f.check(MkdirAll, name); err != nil {
		return err
	}
	return f.base.MkdirAll(name)
}

// ReadDir implements vfs.FS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.check(ReadDir, name); err != nil {
		return nil, err
	}
	return f.base.ReadDir(name)
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if err := f.check(Stat, name); err != nil {
		return nil, err
	}
	return f.base.Stat(name)
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) error {
	if err := f.check(SyncDir, name); err != nil {
		return err
	}
	return f.base.SyncDir(name)
}

// Free implements vfs.FS.
func (f *FS) Free() (free, total int64, err error) {
	if err := f.check(Free, "."); err != nil {
		return 0, 0, err
	}
	f.mu.Lock()
	d := f.disk
	if d != nil {
		defer f.mu.Unlock()
		return d.free, d.total, nil
	}
	f.mu.Unlock()
	return f.base.Free()
}
