package errfs

import (
	"io/fs"
	"syscall"

	"qianshao/storage/vfs"
)

// disk counts bytes. Names and folders cost nothing; a file's bytes come back
// when its last name goes (open handles do not hold them).
type disk struct {
	base        vfs.FS
	free, total int64
	names       map[string]*usage
}

// usage is what one file, under all its names, takes.
type usage struct{ links, size int64 }

// Limit gives the disk free more bytes and no further: a write beyond them
// stores what fits and fails with syscall.ENOSPC. Free tells the same. It may be
// called again to give or take room. Files that are already there count when
// they are removed.
func (f *FS) Limit(free int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.disk == nil {
		f.disk = &disk{base: f.base, names: map[string]*usage{}}
	}
	f.disk.total += free - f.disk.free
	f.disk.free = free
}

// names runs a change of names and, if it succeeded, counts it. Accounts of the
// names concerned are opened first, while their sizes can be told.
func (f *FS) names(count func(*disk), do func() error, concerned ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.disk == nil {
		return do()
	}
	for _, name := range concerned {
		f.disk.of(name)
	}
	if err := do(); err != nil {
		return err
	}
	count(f.disk)
	return nil
}

// of finds the account of a name; one not seen before is opened with its size.
// A missing file gives nil.
func (d *disk) of(name string) *usage {
	if u := d.names[name]; u != nil {
		return u
	}
	info, err := d.base.Stat(name)
	if err != nil || info.IsDir() {
		return nil
	}
	u := &usage{links: 1, size: info.Size()}
	d.names[name] = u
	return u
}

func (d *disk) remove(name string) {
	u := d.names[name]
	delete(d.names, name)
	if u == nil {
		return
	}
	if u.links--; u.links == 0 {
		d.free += u.size
	}
}

func (d *disk) link(oldname, newname string) {
	if u := d.names[oldname]; u != nil {
		u.links++
		d.names[newname] = u
	}
}

func (d *disk) rename(oldname, newname string) {
	u := d.names[oldname]
	if u == nil || u == d.names[newname] {
		return
	}
	d.remove(newname)
	delete(d.names, oldname)
	d.names[newname] = u
}

// file is an open file of the wrapper.
type file struct {
	vfs.File
	fs   *FS
	name string
	use  *usage // nil without a limit at the time of opening
}

func (f *FS) wrap(name string) func(vfs.File, error) (vfs.File, error) {
	return func(base vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		w := &file{File: base, fs: f, name: name}
		if f.disk != nil {
			w.use = f.disk.of(name)
		}
		return w, nil
	}
}

// limited returns the disk and this file's account on it.
func (f *file) limited() (*disk, *usage) {
	if f.fs.disk == nil {
		return nil, nil
	}
	if f.use == nil {
		f.use = f.fs.disk.of(f.name)
	}
	if f.use == nil { // renamed since it was opened without a limit
		f.use = &usage{}
	}
	return f.fs.disk, f.use
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.check(ReadAt, f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *file) Writev(bufs [][]byte) (int64, error) {
	if err := f.fs.check(Writev, f.name); err != nil {
		return 0, err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	d, use := f.limited()
	if d == nil {
		return f.File.Writev(bufs)
	}
	fits, all := firstBytes(bufs, d.free)
	n, err := f.File.Writev(fits)
	d.free -= n
	use.size += n
	if err == nil && !all {
		err = &fs.PathError{Op: "writev", Path: f.name, Err: syscall.ENOSPC}
	}
	return n, err
}

// firstBytes cuts bufs to room bytes in all.
func firstBytes(bufs [][]byte, room int64) (fits [][]byte, all bool) {
	for i, b := range bufs {
		if int64(len(b)) > room {
			return append(append([][]byte(nil), bufs[:i]...), b[:max(room, 0)]), false
		}
		room -= int64(len(b))
	}
	return bufs, true
}

func (f *file) Truncate(size int64) error {
	if err := f.fs.check(Truncate, f.name); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	d, use := f.limited()
	if err := f.File.Truncate(size); err != nil || d == nil {
		return err
	}
	if size < use.size {
		d.free += use.size - size
		use.size = size
	}
	return nil
}

func (f *file) Datasync() error {
	if err := f.fs.check(Datasync, f.name); err != nil {
		return err
	}
	return f.File.Datasync()
}

func (f *file) Sync() error {
	if err := f.fs.check(Datasync, f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *file) Close() error {
	err := f.fs.check(Close, f.name)
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}
