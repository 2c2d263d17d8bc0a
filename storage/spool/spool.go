// Package spool keeps the segments that are being written, and those that are
// sealed but not yet stored, in one folder of this machine's disk.
//
// An open segment is a File: fragments are appended and made durable one by
// one, readers see them through a Snapshot. Sealing writes the foot and gives
// the file its final name; those bytes are the stored object. After a crash
// Recover seals what was open. The spool never deletes footage by itself.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"sync"
	"time"

	"qianshao/storage/digest"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/vfs"
)

// pairWait is how long a fragment waits for one of another file, to be summed
// together with it: a little more than the 25 ms between two beats at which
// sockets are read, or four such where it waits much longer for its sync. Trials
// with one writer after the other have nobody to wait for.
func pairWait(m SyncMode) time.Duration {
	switch m {
	case SyncGroup:
		return 110 * time.Millisecond
	case SyncOff:
		return 0
	case SyncFragment:
	}
	return 30 * time.Millisecond
}

// Errors that callers branch on.
var (
	// ErrFull means that the disk has less room than Config.StopFree: recording
	// must stop until the store drains the spool.
	ErrFull = errors.New("spool is full; free disk space or bring the store back")
	// ErrAbandoned means that an earlier write to the file failed: the segment
	// ends at its last durable fragment and a new one must be begun.
	ErrAbandoned = errors.New("spool file was given up after a failed write")
)

// SyncMode says when a fragment counts as durable.
type SyncMode string

// Sync modes.
const (
	SyncFragment SyncMode = "fragment" // fdatasync after each fragment (default)
	SyncGroup    SyncMode = "group"    // two syncs of the whole file system a second
	SyncOff      SyncMode = "off"      // when the kernel likes: for trials only
)

// Config of a Spool.
type Config struct {
	FS         vfs.FS   // the data folder
	Dir        string   // the spool's folder in FS; default "spool"
	Quarantine string   // where files with an unreadable head go; default "quarantine"
	Sync       SyncMode // default SyncFragment
	StopFree   int64    // bytes that must stay Free; below it ErrFull; default 0
	Reserve    *Reserve // given up when sealing finds no room; may be nil
	// Known returns the SHA-256 of a sealed segment that the index already has,
	// so that Recover need not read it through again. May be nil.
	Known func(segment.ID) ([32]byte, bool)
	Log   *slog.Logger
}

// Spool is the folder. Its methods may be called by many goroutines.
type Spool struct {
	cfg   Config
	group *groupSync
	sums  digest.Pairs // of the fragments of all files

	mu     sync.Mutex
	open   map[media.StreamID][]*File // in order of creation; guarded by mu
	sealed map[segment.ID]Sealed      // guarded by mu
	// unsettled counts what the last Recover left as it was; guarded by mu.
	unsettled int
}

// Sealed is a finished segment in the spool.
type Sealed struct {
	Key       segment.Key
	SHA256    [32]byte
	Bytes     int64
	FootBytes int
	Foot      *segment.Foot // nil in lists; set by Seal and Recover
}

// Open prepares the folder. It reads nothing: call Recover before recording.
func Open(cfg Config) (*Spool, error) {
	if cfg.Dir == "" {
		cfg.Dir = "spool"
	}
	if cfg.Quarantine == "" {
		cfg.Quarantine = "quarantine"
	}
	if cfg.Sync == "" {
		cfg.Sync = SyncFragment
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Spool{cfg: cfg, sums: digest.Pairs{Wait: pairWait(cfg.Sync)}, open: map[media.StreamID][]*File{}, sealed: map[segment.ID]Sealed{}}
	switch cfg.Sync {
	case SyncFragment, SyncOff:
	case SyncGroup:
		fsys, ok := cfg.FS.(fsSyncer)
		if !ok {
			return nil, fmt.Errorf("spool.sync: group: this file system cannot be synced whole; use fragment")
		}
		s.group = newGroupSync(fsys)
	default:
		return nil, fmt.Errorf("spool.sync: %q: want fragment, group or off", cfg.Sync)
	}
	if err := cfg.FS.MkdirAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	return s, nil
}

func (s *Spool) path(name string) string { return path.Join(s.cfg.Dir, name) }

// FS is the data folder.
func (s *Spool) FS() vfs.FS { return s.cfg.FS }

// Path is where a sealed segment lies in the FS.
func (s *Spool) Path(k segment.Key) string { return s.path(k.File()) }

// Free is how many bytes of the disk are free for recording. What the reserve
// has given up, or has not got yet, is not: footage must not use it up.
func (s *Spool) Free() (int64, error) {
	free, _, err := s.cfg.FS.Free()
	if err != nil {
		return 0, fmt.Errorf("free space of the spool: %w", err)
	}
	return max(free-s.cfg.Reserve.owed(), 0), nil
}

// Room reports ErrFull when less than Config.StopFree is Free.
func (s *Spool) Room() error {
	free, err := s.Free()
	if err != nil {
		return err
	}
	if free < s.cfg.StopFree {
		return fmt.Errorf("%d MiB free, %d MiB must stay free: %w", free>>20, s.cfg.StopFree>>20, ErrFull)
	}
	return nil
}

// Refill holds disk space in reserve again, once there is room; called now and
// then.
func (s *Spool) Refill() error { return s.cfg.Reserve.Refill() }

// OpenSealed opens a sealed segment; fs.ErrNotExist when it is not (or no
// longer) in the spool.
func (s *Spool) OpenSealed(k segment.Key) (vfs.File, error) {
	return s.cfg.FS.Open(s.Path(k))
}

// Stat looks for a sealed segment; fs.ErrNotExist when it is not there.
func (s *Spool) Stat(k segment.Key) (fs.FileInfo, error) { return s.cfg.FS.Stat(s.Path(k)) }

// Remove frees a sealed segment that the store has confirmed. Removing twice is
// no error.
func (s *Spool) Remove(k segment.Key) error {
	err := s.cfg.FS.Remove(s.Path(k))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("free spool %s: %w", k.File(), err)
	}
	s.mu.Lock()
	delete(s.sealed, k.ID)
	s.mu.Unlock()
	return nil
}

// Discard is Remove for a segment that is being deleted for good: it returns
// when not even a power cut can bring the file back.
func (s *Spool) Discard(k segment.Key) error {
	if err := s.Remove(k); err != nil {
		return err
	}
	// Also when there was no file: an earlier Remove was not synced.
	if err := s.cfg.FS.SyncDir(s.cfg.Dir); err != nil {
		return fmt.Errorf("free spool %s: %w", k.File(), err)
	}
	return nil
}

// Quarantine moves a sealed segment aside that cannot be taken in.
func (s *Spool) Quarantine(k segment.Key, why error) error {
	if err := s.quarantine(k.File(), why); err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.sealed, k.ID)
	s.mu.Unlock()
	return nil
}

// List returns the sealed segments, without their feet, in no order.
func (s *Spool) List() []Sealed {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Sealed, 0, len(s.sealed))
	for _, v := range s.sealed {
		out = append(out, v)
	}
	return out
}

// Pending counts the sealed segments and their bytes.
func (s *Spool) Pending() (n int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.sealed {
		bytes += v.Bytes
	}
	return len(s.sealed), bytes
}

// OpenFiles returns a stream's unsealed segments in the order they were begun:
// usually one, two for the moment between segments.
func (s *Spool) OpenFiles(stream media.StreamID) []*File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*File(nil), s.open[stream]...)
}

// OpenStreams lists the streams that have an unsealed segment.
func (s *Spool) OpenStreams() []media.StreamID {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]media.StreamID, 0, len(s.open))
	for id := range s.open {
		out = append(out, id)
	}
	return out
}

func (s *Spool) addOpen(f *File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[f.id.Stream] = append(s.open[f.id.Stream], f)
}

// Forget takes a sealed or abandoned file out of the open list. The recorder
// calls it once the segment's row is in the index, so that a reader always
// finds the footage in one place or the other.
func (s *Spool) Forget(f *File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.open[f.id.Stream]
	for i := range list {
		if list[i] == f {
			list = append(append([]*File(nil), list[:i]...), list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(s.open, f.id.Stream)
	} else {
		s.open[f.id.Stream] = list
	}
}

func (s *Spool) addSealed(v Sealed) {
	v.Foot = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed[v.Key.ID] = v
}

// Run syncs the file system twice a second in SyncGroup mode; in the other
// modes it only waits for ctx.
func (s *Spool) Run(ctx context.Context) error {
	if s.group != nil {
		return s.group.run(ctx)
	}
	<-ctx.Done()
	return nil
}
