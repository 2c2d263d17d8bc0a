package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"qianshao/storage/vfs"
)

// ReserveSize is how much disk is kept back for sealing on a full disk.
const ReserveSize = 64 << 20

// Reserve is a file that holds disk space until it is needed. A nil Reserve
// holds nothing.
type Reserve struct {
	fs   vfs.FS
	name string

	mu   sync.Mutex
	held bool // guarded by mu
}

// OpenReserve finds the reserve file, or makes it when at least four times its
// size is free. Without room the Reserve holds nothing, which is no error: a
// start must need no free bytes.
func OpenReserve(fsys vfs.FS, name string) (*Reserve, error) {
	r := &Reserve{fs: fsys, name: name}
	if info, err := fsys.Stat(name); err == nil && info.Size() >= ReserveSize {
		r.held = true
		return r, nil
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
	if r.held {
		return nil
	}
	free, _, err := r.fs.Free()
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if free < 4*ReserveSize {
		return nil
	}
	if err := r.fs.Remove(r.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reserve: %w", err)
	}
	f, err := r.fs.Create(r.name)
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 131) // not zeros: a file system may store those for free
	}
	for range ReserveSize / len(block) {
		if _, err = f.Writev([][]byte{block}); err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close(), r.fs.SyncDir(".")); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	r.held = true
	return nil
}

// Release gives the space up; true when it was held until now.
func (r *Reserve) Release() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.held {
		return false
	}
	r.held = false
	return r.fs.Remove(r.name) == nil
}

// Held reports whether the space is still kept back.
func (r *Reserve) Held() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}
