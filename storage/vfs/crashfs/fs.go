package crashfs

import (
	"errors"
	"io/fs"
	"path"
	"sort"
	"sync"
	"time"

	"qianshao/storage/vfs"
)

// ErrPowerOff is returned by everything after the power went (see PowerOffAfter).
var ErrPowerOff = errors.New("power is off")

// FS is vfs.FS in memory. All methods may be called from many goroutines.
type FS struct {
	mu      sync.Mutex // guards everything below, and all inodes
	root    *inode
	pending []*op // changes of names not yet durable, in order
	// fuse counts the changing operations still allowed; below zero: no limit.
	fuse int
	off  bool
	ops  int // changing operations so far
}

var _ vfs.FS = (*FS)(nil)

// New returns an empty file system.
func New() *FS { return &FS{root: newDir(), fuse: -1} }

// PowerOffAfter lets n more changing operations (creates, writes, truncates,
// syncs, renames, links, removes, new folders) through. The next one, and
// everything after it, fails with ErrPowerOff; whether that one still happened
// is for Crash to draw, except that a sync which failed promised nothing.
// A negative n takes the limit away.
func (f *FS) PowerOffAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fuse = n
}

// Ops returns how many changing operations were asked for so far, to choose
// moments for PowerOffAfter.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// alive is asked by operations that change nothing.
func (f *FS) alive(op, name string) error {
	if f.off {
		return &fs.PathError{Op: op, Path: name, Err: ErrPowerOff}
	}
	return nil
}

// burn is asked by changing operations. last means: do it, then report
// ErrPowerOff.
func (f *FS) burn(op, name string) (last bool, err error) {
	if err := f.alive(op, name); err != nil {
		return false, err
	}
	f.ops++
	if f.fuse == 0 {
		f.off = true
		return true, nil
	}
	if f.fuse > 0 {
		f.fuse--
	}
	return false, nil
}

// spent turns last into the error the caller sees.
func spent(last bool, op, name string) error {
	if last {
		return &fs.PathError{Op: op, Path: name, Err: ErrPowerOff}
	}
	return nil
}

// inode is a file or a folder.
type inode struct {
	// A folder's names, as seen and as durable; nil for a file.
	names, durable map[string]*inode

	// A file's bytes as seen. data[:low] is durable; what the disk held beyond
	// low when it was last synced is tail.
	data []byte
	low  int
	tail []byte

	mod time.Time
}

func newDir() *inode {
	return &inode{names: map[string]*inode{}, durable: map[string]*inode{}}
}

func (n *inode) isDir() bool { return n.names != nil }

func fail(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// walk finds what name stands for.
func (f *FS) walk(op, name string) (*inode, error) {
	if !fs.ValidPath(name) {
		return nil, fail(op, name, fs.ErrInvalid)
	}
	n := f.root
	if name == "." {
		return n, nil
	}
	for part := range splitPath(name) {
		if !n.isDir() {
			return nil, fail(op, name, errNotDir)
		}
		next, ok := n.names[part]
		if !ok {
			return nil, fail(op, name, fs.ErrNotExist)
		}
		n = next
	}
	return n, nil
}

// parent finds the folder of name and the name within it.
func (f *FS) parent(op, name string) (*inode, string, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, "", fail(op, name, fs.ErrInvalid)
	}
	d, err := f.walk(op, path.Dir(name))
	if err != nil {
		return nil, "", err
	}
	if !d.isDir() {
		return nil, "", fail(op, name, errNotDir)
	}
	return d, path.Base(name), nil
}

// Create makes a new empty file. The name is not durable before SyncDir.
func (f *FS) Create(name string) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, err := f.parent("create", name)
	if err != nil {
		return nil, err
	}
	if d.names[base] != nil {
		return nil, fail("create", name, fs.ErrExist)
	}
	last, err := f.burn("create", name)
	if err != nil {
		return nil, err
	}
	n := &inode{}
	f.do(&op{kind: opSet, dir: d, name: base, node: n})
	if err := spent(last, "create", name); err != nil {
		return nil, err
	}
	return &file{fs: f, node: n, name: name, write: true}, nil
}

// Open opens a file for reading.
func (f *FS) Open(name string) (vfs.File, error) { return f.open(name, false) }

// OpenAppend opens a file for reading and appending.
func (f *FS) OpenAppend(name string) (vfs.File, error) { return f.open(name, true) }

func (f *FS) open(name string, write bool) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.alive("open", name); err != nil {
		return nil, err
	}
	n, err := f.walk("open", name)
	if err != nil {
		return nil, err
	}
	if n.isDir() {
		return nil, fail("open", name, errIsDir)
	}
	return &file{fs: f, node: n, name: name, write: write}, nil
}

// Rename gives a file or folder another name, replacing a file (or an empty
// folder) that had it.
func (f *FS) Rename(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	od, ob, err := f.parent("rename", oldname)
	if err != nil {
		return err
	}
	nd, nb, err := f.parent("rename", newname)
	if err != nil {
		return err
	}
	n := od.names[ob]
	if n == nil {
		return fail("rename", oldname, fs.ErrNotExist)
	}
	if was := nd.names[nb]; was != nil {
		switch {
		case was == n:
			return nil // POSIX: two names of one file, nothing happens
		case was.isDir() != n.isDir():
			return fail("rename", newname, errIsDir)
		case was.isDir() && len(was.names) > 0:
			return fail("rename", newname, errNotEmpty)
		}
	}
	last, err := f.burn("rename", oldname)
	if err != nil {
		return err
	}
	f.do(&op{kind: opRename, dir: nd, name: nb, node: n, oldDir: od, oldName: ob})
	return spent(last, "rename", oldname)
}

// Link gives a file a second name.
func (f *FS) Link(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk("link", oldname)
	if err != nil {
		return err
	}
	if n.isDir() {
		return fail("link", oldname, fs.ErrPermission)
	}
	d, base, err := f.parent("link", newname)
	if err != nil {
		return err
	}
	if d.names[base] != nil {
		return fail("link", newname, fs.ErrExist)
	}
	last, err := f.burn("link", newname)
	if err != nil {
		return err
	}
	f.do(&op{kind: opSet, dir: d, name: base, node: n})
	return spent(last, "link", newname)
}

// Remove takes a name away; a folder must be empty.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, err := f.parent("remove", name)
	if err != nil {
		return err
	}
	n := d.names[base]
	if n == nil {
		return fail("remove", name, fs.ErrNotExist)
	}
	if n.isDir() && len(n.names) > 0 {
		return fail("remove", name, errNotEmpty)
	}
	last, err := f.burn("remove", name)
	if err != nil {
		return err
	}
	f.do(&op{kind: opRemove, dir: d, name: base, node: n})
	return spent(last, "remove", name)
}

// MkdirAll makes folders, durable at once.
func (f *FS) MkdirAll(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !fs.ValidPath(name) {
		return fail("mkdir", name, fs.ErrInvalid)
	}
	if name == "." {
		return f.alive("mkdir", name)
	}
	d := f.root
	for part := range splitPath(name) {
		n := d.names[part]
		if n != nil && !n.isDir() {
			return fail("mkdir", name, errNotDir)
		}
		// A folder already seen may come from a rename that is not durable yet.
		if n == nil || d.durable[part] != n {
			last, err := f.burn("mkdir", name)
			if err != nil {
				return err
			}
			if n == nil {
				n = newDir()
				f.do(&op{kind: opSet, dir: d, name: part, node: n})
			}
			if err := spent(last, "mkdir", name); err != nil {
				return err
			}
			f.commitName(d, part)
		}
		d = n
	}
	return f.alive("mkdir", name)
}

// ReadDir lists a folder in name order.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.alive("readdir", name); err != nil {
		return nil, err
	}
	n, err := f.walk("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, fail("readdir", name, errNotDir)
	}
	out := make([]fs.DirEntry, 0, len(n.names))
	for base, c := range n.names {
		out = append(out, fs.FileInfoToDirEntry(c.info(base)))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out, nil
}

// Stat tells size and kind.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.alive("stat", name); err != nil {
		return nil, err
	}
	n, err := f.walk("stat", name)
	if err != nil {
		return nil, err
	}
	return n.info(path.Base(name)), nil
}

// SyncDir makes the names in a folder durable.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk("syncdir", name)
	if err != nil {
		return err
	}
	if !n.isDir() {
		return fail("syncdir", name, errNotDir)
	}
	last, err := f.burn("syncdir", name)
	if err != nil {
		return err
	}
	if err := spent(last, "syncdir", name); err != nil {
		return err
	}
	f.commitDir(n)
	return nil
}

// Free reports a terabyte: limits are the work of errfs.
func (f *FS) Free() (free, total int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return 1 << 40, 1 << 40, f.alive("statfs", ".")
}
