package crashfs

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"
	"syscall"
	"time"
)

// The errors a real file system gives, so that callers' tests of them hold.
const (
	errNotDir   = syscall.ENOTDIR
	errIsDir    = syscall.EISDIR
	errNotEmpty = syscall.ENOTEMPTY
)

// file is an open file; its bytes live in the inode.
type file struct {
	fs     *FS
	node   *inode
	name   string
	write  bool
	closed bool
}

func (f *file) ready(op string, write bool) error {
	switch {
	case f.closed:
		return fail(op, f.name, fs.ErrClosed)
	case write && !f.write:
		return fail(op, f.name, syscall.EBADF)
	}
	return f.fs.alive(op, f.name)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.ready("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, fail("read", f.name, errors.New("negative offset"))
	}
	if off >= int64(len(f.node.data)) {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Writev(bufs [][]byte) (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.ready("writev", true); err != nil {
		return 0, err
	}
	last, err := f.fs.burn("writev", f.name)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, b := range bufs {
		f.node.data = append(f.node.data, b...)
		n += int64(len(b))
	}
	f.node.mod = time.Now()
	if err := spent(last, "writev", f.name); err != nil {
		return 0, err
	}
	return n, nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.ready("truncate", true); err != nil {
		return err
	}
	if size < 0 {
		return fail("truncate", f.name, fs.ErrInvalid)
	}
	last, err := f.fs.burn("truncate", f.name)
	if err != nil {
		return err
	}
	f.node.truncate(int(size))
	return spent(last, "truncate", f.name)
}

func (n *inode) truncate(size int) {
	if size < n.low {
		n.tail = append(append([]byte(nil), n.data[size:n.low]...), n.tail...)
		n.low = size
	}
	if size <= len(n.data) {
		n.data = n.data[:size:size] // later appends must not reach an older view
	} else {
		n.data = append(n.data, make([]byte, size-len(n.data))...)
	}
	n.mod = time.Now()
}

func (f *file) Datasync() error { return f.sync("fdatasync") }
func (f *file) Sync() error     { return f.sync("fsync") }

func (f *file) sync(op string) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.ready(op, false); err != nil {
		return err
	}
	last, err := f.fs.burn(op, f.name)
	if err != nil {
		return err
	}
	if err := spent(last, op, f.name); err != nil {
		return err
	}
	f.node.low, f.node.tail = len(f.node.data), nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.ready("stat", false); err != nil {
		return 0, err
	}
	return int64(len(f.node.data)), nil
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return fail("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

// info is what Stat tells of an inode.
type info struct {
	name string
	size int64
	dir  bool
	mod  time.Time
}

func (n *inode) info(name string) info {
	return info{name: name, size: int64(len(n.data)), dir: n.isDir(), mod: n.mod}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.mod }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o750
	}
	return 0o640
}

func splitPath(name string) iter.Seq[string] { return strings.SplitSeq(name, "/") }
