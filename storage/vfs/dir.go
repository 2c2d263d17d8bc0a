package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Dir opens the folder at path on this machine's file system, making it (and
// its parents) if it is missing. The folder is opened once: names are resolved
// against it with openat, and neither "..", nor a symbolic link, nor a rename of
// the folder itself leads out of it.
//
// Files are made with mode 0640 and folders with 0750, before the umask.
func Dir(path string) (FS, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	if err := makeRoot(abs); err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return &dir{root: root, durable: make(map[string]bool)}, nil
}

// makeRoot makes the folder and those above it, each synced into its parent.
func makeRoot(abs string) error {
	err := os.Mkdir(abs, 0o750)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && filepath.Dir(abs) != abs:
		if err := makeRoot(filepath.Dir(abs)); err != nil {
			return err
		}
		if err := os.Mkdir(abs, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	default:
		return err
	}
	parent, err := os.Open(filepath.Dir(abs))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// dir is FS on the operating system.
type dir struct {
	root *os.Root

	syncing sync.Mutex // one SyncAll at a time; names go on being made meanwhile
	whole   *os.File   // of SyncAll; guarded by syncing

	mu sync.Mutex
	// durable holds the folders whose names this process has synced into their
	// parents, so that MkdirAll in a known place costs no sync. A folder left
	// by a process that was killed may not be durable: it is synced once. Guarded
	// by mu.
	durable map[string]bool
}

// local checks a name and gives it in the operating system's form.
func local(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return filepath.FromSlash(name), nil
}

func (d *dir) open(name string, flag int) (File, error) {
	p, err := local("open", name)
	if err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(p, flag, 0o640)
	if err != nil {
		return nil, err
	}
	if flag == os.O_RDONLY { // the others refuse a folder by themselves
		if info, err := f.Stat(); err != nil || info.IsDir() {
			if err == nil {
				err = &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
			}
			return nil, errors.Join(err, f.Close())
		}
	}
	return newFile(f), nil
}

func (d *dir) Create(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL)
}

func (d *dir) Open(name string) (File, error) { return d.open(name, os.O_RDONLY) }

func (d *dir) OpenAppend(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_APPEND)
}

func (d *dir) Rename(oldname, newname string) error {
	o, err := local("rename", oldname)
	if err != nil {
		return err
	}
	n, err := local("rename", newname)
	if err != nil {
		return err
	}
	d.forget(oldname)
	d.forget(newname)
	return d.root.Rename(o, n)
}

func (d *dir) Link(oldname, newname string) error {
	o, err := local("link", oldname)
	if err != nil {
		return err
	}
	n, err := local("link", newname)
	if err != nil {
		return err
	}
	return d.root.Link(o, n)
}

func (d *dir) Remove(name string) error {
	p, err := local("remove", name)
	if err != nil {
		return err
	}
	d.forget(name)
	return d.root.Remove(p)
}

// forget drops a name, and the names below it, from the folders known durable.
func (d *dir) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.durable) == 0 {
		return
	}
	if d.durable[name] {
		for k := range d.durable {
			if k == name || strings.HasPrefix(k, name+"/") {
				delete(d.durable, k)
			}
		}
	}
}

func (d *dir) MkdirAll(name string) error {
	p, err := local("mkdir", name)
	if err != nil {
		return err
	}
	if name == "." {
		return nil
	}
	d.mu.Lock()
	known := d.durable[name]
	d.mu.Unlock()
	if known {
		if info, err := d.root.Stat(p); err == nil && info.IsDir() {
			return nil
		}
	}
	if err := d.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	if err := d.root.Mkdir(p, 0o750); errors.Is(err, fs.ErrExist) {
		if info, serr := d.root.Stat(p); serr != nil || !info.IsDir() {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := d.SyncDir(path.Dir(name)); err != nil {
		return err
	}
	d.mu.Lock()
	d.durable[name] = true
	d.mu.Unlock()
	return nil
}

func (d *dir) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := local("readdir", name)
	if err != nil {
		return nil, err
	}
	return fs.ReadDir(d.root.FS(), filepath.ToSlash(p))
}

func (d *dir) Stat(name string) (fs.FileInfo, error) {
	p, err := local("stat", name)
	if err != nil {
		return nil, err
	}
	return d.root.Stat(p)
}

func (d *dir) SyncDir(name string) error {
	p, err := local("sync", name)
	if err != nil {
		return err
	}
	f, err := d.root.Open(p)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SyncAll makes everything on the root's file system durable: all bytes and all
// names. One open file serves every call, so that no write error is missed.
func (d *dir) SyncAll() error {
	d.syncing.Lock()
	defer d.syncing.Unlock()
	if d.whole == nil {
		f, err := d.root.Open(".")
		if err != nil {
			return err
		}
		d.whole = f
	}
	return syncfs(d.whole)
}

func (d *dir) Free() (free, total int64, err error) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, 0, err
	}
	free, total, err = statfs(f)
	return free, total, errors.Join(err, f.Close())
}

// file is File on the operating system.
type file struct {
	f  *os.File
	fd int // of f; valid while f is open
	sys
}

func (f *file) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }
func (f *file) Truncate(size int64) error               { return f.f.Truncate(size) }
func (f *file) Sync() error                             { return f.f.Sync() }
func (f *file) Close() error                            { return f.f.Close() }

// SendTo implements Sender.
func (f *file) SendTo(w io.ReaderFrom, off, n int64) (int64, error) {
	if _, err := f.f.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	return w.ReadFrom(&io.LimitedReader{R: f.f, N: n})
}

func (f *file) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *file) wrap(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.f.Name(), Err: err}
}
