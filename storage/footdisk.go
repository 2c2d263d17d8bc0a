package storage

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"qianshao/storage/segment"
	"qianshao/storage/vfs"
)

const (
	// footFolder is in the data folder, beside the spool.
	footFolder = "feet"
	// footDiskBytes bounds the feet kept there: those of 45 days of one stream.
	footDiskBytes = 256 << 20
	// diskBlock is what a file takes at least.
	diskBlock = 4 << 10
)

// footDisk keeps the feet of segments that lie in a store which has to be asked
// for them, one file each, over a restart: of what this machine stored, and of
// what was asked for. It is a cache: nothing in it is synced but removals,
// and what cannot be kept or read is asked for again. Callers check what they get.
// The zero value is ready; the folder is listed at the first use.
type footDisk struct {
	most int64 // default footDiskBytes

	mu     sync.Mutex
	listed bool                     // guarded by mu
	byName map[string]*list.Element // guarded by mu
	order  list.List                // front = used last; guarded by mu
	bytes  int64                    // guarded by mu
	drops  uint64                   // how often something was dropped; guarded by mu
}

type footFile struct {
	name  string
	bytes int64
}

// list finds what an earlier process kept. mu must be held.
func (d *footDisk) list(fsys vfs.FS) error {
	if d.listed {
		return nil
	}
	if err := fsys.MkdirAll(footFolder); err != nil {
		return fmt.Errorf("folder of feet: %w", err)
	}
	entries, err := fsys.ReadDir(footFolder)
	if err != nil {
		return fmt.Errorf("list feet: %w", err)
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if _, err := segment.ParseFootFile(e.Name()); err != nil {
			continue // not ours
		}
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	d.byName, d.listed = make(map[string]*list.Element, len(infos)), true
	for _, info := range infos {
		d.add(info.Name(), info.Size())
	}
	return d.shrink(fsys)
}

// add notes a file. mu must be held.
func (d *footDisk) add(name string, size int64) {
	n := (size + diskBlock - 1) / diskBlock * diskBlock
	d.byName[name] = d.order.PushFront(&footFile{name, n})
	d.bytes += n
}

// forget is the opposite of add. mu must be held.
func (d *footDisk) forget(name string) {
	if e := d.byName[name]; e != nil {
		d.bytes -= d.order.Remove(e).(*footFile).bytes
		delete(d.byName, name)
	}
}

// shrink removes what was used longest ago. mu must be held.
func (d *footDisk) shrink(fsys vfs.FS) error {
	most := d.most
	if most == 0 {
		most = footDiskBytes
	}
	for d.bytes > most {
		name := d.order.Back().Value.(*footFile).name
		d.forget(name)
		if err := fsys.Remove(path.Join(footFolder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make room for feet: %w", err)
		}
	}
	return nil
}

// get reads the foot of n bytes of a segment.
func (d *footDisk) get(fsys vfs.FS, k segment.Key, n int32) ([]byte, bool) {
	name := k.FootFile()
	d.mu.Lock()
	if d.list(fsys) != nil { // put says why
		d.mu.Unlock()
		return nil, false
	}
	e := d.byName[name]
	if e != nil {
		d.order.MoveToFront(e)
	}
	d.mu.Unlock()
	if e == nil {
		return nil, false
	}
	f, err := fsys.Open(path.Join(footFolder, name))
	if err != nil {
		return nil, false
	}
	defer f.Close() //nolint:errcheck // opened for reading
	box := make([]byte, n)
	_, err = f.ReadAt(box, 0)
	return box, err == nil
}

// has reports whether the foot of a segment should be there.
func (d *footDisk) has(fsys vfs.FS, k segment.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.list(fsys) == nil && d.byName[k.FootFile()] != nil
}

// ticket is taken before a foot is read that put is to keep.
func (d *footDisk) ticket() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drops
}

// put keeps a foot, in the place of what was kept of the segment before. Nothing
// is kept if a segment was dropped since the ticket: it may be this one.
func (d *footDisk) put(fsys vfs.FS, k segment.Key, box []byte, ticket uint64) error {
	name := k.FootFile()
	at := path.Join(footFolder, name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.list(fsys); err != nil {
		return err
	}
	if d.drops != ticket {
		return nil
	}
	d.forget(name)
	if err := fsys.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep foot: %w", err)
	}
	f, err := fsys.Create(at)
	if err != nil {
		return fmt.Errorf("keep foot: %w", err)
	}
	_, err = f.Writev([][]byte{box})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep foot: %w", errors.Join(err, fsys.Remove(at)))
	}
	d.add(name, int64(len(box)))
	return d.shrink(fsys)
}

// drop removes what is kept of a segment that is being deleted; no power cut
// brings it back.
func (d *footDisk) drop(fsys vfs.FS, k segment.Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drops++
	name := k.FootFile()
	d.forget(name)
	err := fsys.Remove(path.Join(footFolder, name))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		// Also when there was no file: an earlier removal may not have been synced.
		err = fsys.SyncDir(footFolder)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove foot of %s: %w", k, err)
	}
	return nil
}
