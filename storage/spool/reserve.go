package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"qianshao/storage/vfs"
)

// What is kept back on the disk.
const (
	ReserveSize = 64 << 20 // for sealing on a full disk
	StartSize   = 16 << 20 // for opening the databases at a start on a full disk
)

// Reserve holds disk space in files until it is needed: one part for sealing,
// and one that only a start may take, so that a process that was stopped on a
// full disk, its reserve given up, starts again. A nil Reserve holds nothing.
type Reserve struct {
	mu    sync.Mutex
	seal  heldFile // guarded by mu
	start heldFile // guarded by mu
}

// heldFile is a file that holds space.
type heldFile struct {
	fs   vfs.FS
	name string
	size int64
	held bool
}

// OpenReserve finds the reserve files, or makes those that are missing when at
// least four times their size is free. Without room the Reserve holds nothing,
// which is no error: a start must need no free bytes.
func OpenReserve(fsys vfs.FS, name string) (*Reserve, error) {
	r := &Reserve{seal: heldFile{fs: fsys, name: name, size: ReserveSize}, start: heldFile{fs: fsys, name: name + "-start", size: StartSize}}
	for _, h := range []*heldFile{&r.seal, &r.start} {
		info, err := fsys.Stat(h.name)
		h.held = err == nil && info.Size() >= h.size
	}
	return r, r.Refill()
}

// Refill holds the space again after it was given up, when at least four times
// as much is free; else it does nothing.
func (r *Reserve) Refill() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.start.fill(), r.seal.fill())
}

func (h *heldFile) fill() error {
	if h.held {
		return nil
	}
	free, _, err := h.fs.Free()
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if free < 4*h.size {
		return nil
	}
	if err := h.fs.Remove(h.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reserve: %w", err)
	}
	f, err := h.fs.Create(h.name)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 131) // not zeros: a file system may store those for free
	}
	for range h.size / int64(len(block)) {
		if _, err = f.Writev([][]byte{block}); err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close(), h.fs.SyncDir(".")); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	h.held = true
	return nil
}

func (h *heldFile) release() bool {
	if !h.held {
		return false
	}
	h.held = false
	return h.fs.Remove(h.name) == nil
}

// Release gives the space for sealing up; true when it was held until now.
func (r *Reserve) Release() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seal.release()
}

// ReleaseForStart gives the space for a start up, and then, called again, that
// for sealing; false when there is no more.
func (r *Reserve) ReleaseForStart() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.start.release() || r.seal.release()
}

// owed is how much space the reserve should hold and does not.
func (r *Reserve) owed() (n int64) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range []*heldFile{&r.seal, &r.start} {
		if !h.held {
			n += h.size
		}
	}
	return n
}

// Held reports whether the space for sealing is still kept back.
func (r *Reserve) Held() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seal.held
}
