package spool

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"sync"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// Fragment is what the recorder hands over: one run a track, in the order of
// the head's tracks, and each track's bytes.
type Fragment struct {
	Runs  []fmp4.Run
	Parts []media.Part
}

// File is one segment being written. Append and Seal belong to one goroutine;
// Snapshot, Changed and ReadAt may be called by any.
type File struct {
	s    *Spool
	id   segment.ID
	name string
	f    vfs.File

	// Of the writing goroutine.
	buf   []byte   // init and HEAD of the first write, then moof and mdat header
	tail  []byte   // COMMIT
	iov   [][]byte // reused
	sha   hash.Hash
	size  int64 // bytes handed to the file
	named bool  // the name is durable
	seq   uint32

	mu      sync.Mutex
	foot    *segment.Foot // durable fragments; guarded by mu
	durable int64         // bytes that are durable, whole fragments; guarded by mu
	failed  error         // guarded by mu
	closed  bool          // f is closed; guarded by mu
	key     segment.Key   // once sealed; guarded by mu
	sealed  bool          // guarded by mu
	refs    int           // readers inside ReadAt; guarded by mu
	changed chan struct{} // closed and replaced at every change; guarded by mu
}

// Create begins a segment. Nothing is written before the first fragment.
func (s *Spool) Create(h *segment.Head) (*File, error) {
	init, err := fmp4.AppendInit(nil, h.Tracks, 0)
	if err != nil {
		return nil, fmt.Errorf("begin segment of %s: %w", h.Stream, err)
	}
	name := h.OpenFile()
	f, err := s.cfg.FS.Create(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("begin segment of %s: %w", h.Stream, err)
	}
	file := &File{
		s: s, id: h.ID, name: name, f: f, sha: sha256.New(),
		buf:     segment.AppendHead(init, h),
		foot:    &segment.Foot{Head: *h, End: h.Start, ClockUnc: -1, Samples: make([]segment.Samples, len(h.Tracks))},
		changed: make(chan struct{}),
	}
	s.addOpen(file)
	return file, nil
}

// ID is the segment's identity.
func (f *File) ID() segment.ID { return f.id }

// Append writes one fragment and returns when it is durable as Config.Sync
// says. On an error the file is given up: fragments before it stand, this one
// does not, and every later Append fails with ErrAbandoned. The fragment's
// parts stay the caller's.
func (f *File) Append(fr *Fragment) error {
	if err := f.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	head := len(f.buf) // > 0 only before the first fragment
	var moofSize int
	f.buf, moofSize = fmp4.AppendMoof(f.buf, f.seq+1, fr.Runs)
	crc := crc32.Update(0, segment.Castagnoli(), f.buf[head:])
	length := len(f.buf) - head
	f.iov = append(f.iov[:0], f.buf)
	for i := range fr.Parts {
		for _, b := range fr.Parts[i].Bufs {
			crc = crc32.Update(crc, segment.Castagnoli(), b)
			length += len(b)
			f.iov = append(f.iov, b)
		}
	}
	f.tail = segment.AppendCommit(f.tail[:0], f.seq, uint32(length), crc)
	f.iov = append(f.iov, f.tail)
	for _, b := range f.iov {
		_, _ = f.sha.Write(b) // hash.Hash never fails
	}
	n, err := f.f.Writev(f.iov)
	clear(f.iov)
	offset := f.size + int64(head)
	f.size += n
	f.buf = f.buf[:0]
	f.seq++
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		f.mu.Lock()
		f.failed = err
		f.mu.Unlock()
		return fmt.Errorf("append fragment %d to %s: %w", f.seq-1, f.name, err)
	}
	f.mu.Lock()
	f.foot.Add(offset, uint32(moofSize), fr.Runs)
	f.durable = f.size
	f.announce()
	f.mu.Unlock()
	return nil
}

// announce wakes those who wait on Changed. mu is held.
func (f *File) announce() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *File) sync() error {
	switch f.s.cfg.Sync {
	case SyncOff:
		return nil
	case SyncGroup:
		return f.s.group.wait()
	}
	if err := f.f.Datasync(); err != nil {
		return err
	}
	if f.named {
		return nil
	}
	// The first fragment is durable only if the file can be found again.
	if err := f.s.cfg.FS.SyncDir(f.s.cfg.Dir); err != nil {
		return err
	}
	f.named = true
	return nil
}

// Err is the write error that made the file be given up, or nil.
func (f *File) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Fragments is the number of durable fragments.
func (f *File) Fragments() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.foot.Fragments)
}

// Size is the number of bytes handed to the file.
func (f *File) Size() int64 { return f.size }

// Snapshot is the table of the durable fragments so far; nil when there are
// none. It does not change any more. End is the end of the last video sample,
// or the sealed end.
func (f *File) Snapshot() *segment.Foot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.foot.Fragments) == 0 {
		return nil
	}
	snap := f.foot.Snapshot()
	if !f.sealed {
		snap.End = snap.MediaEnd()
	}
	return snap
}

// Changed returns a channel that is closed when a further fragment is durable
// or the segment is sealed.
func (f *File) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// SealedKey returns the key once the segment is sealed.
func (f *File) SealedKey() (segment.Key, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.key, f.sealed
}

// ReadAt reads the segment's bytes. After the segment was sealed and the file
// closed it fails with fs.ErrClosed: open the sealed file instead.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return 0, fs.ErrClosed
	}
	f.refs++
	f.mu.Unlock()
	n, err := f.f.ReadAt(b, off)
	f.mu.Lock()
	f.refs--
	last := f.closed && f.refs == 0
	f.mu.Unlock()
	if last {
		err = errors.Join(err, f.f.Close())
	}
	return n, err
}

// close closes the file once no reader is inside it.
func (f *File) close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	idle := f.refs == 0
	f.mu.Unlock()
	if idle {
		return f.f.Close()
	}
	return nil
}

// End says what the foot needs beyond the samples.
type End struct {
	At        timeline.Micros // 0: where the last video sample ends
	Reason    segment.EndReason
	Report    segment.SenderReport
	ClockOff  int64
	ClockUnc  int64
	LostPkts  uint64
	Reordered uint64
	Damaged   uint64
}

// Seal ends the segment: FOOT, fsync, final name, fsync of the folder. A file
// that was given up is cut back to its last durable fragment first. When no
// fragment is durable the file is removed and Seal returns nil.
//
// If sealing fails the bytes stay under the open name, readable through
// Snapshot and ReadAt, and Recover seals them at the next start.
func (f *File) Seal(e End) (*Sealed, error) {
	f.mu.Lock()
	foot, durable, failed := f.foot.Snapshot(), f.durable, f.failed
	f.mu.Unlock()
	if len(foot.Fragments) == 0 {
		err := errors.Join(f.close(), f.s.cfg.FS.Remove(f.s.path(f.name)))
		f.s.Forget(f)
		if err != nil {
			return nil, fmt.Errorf("remove empty %s: %w", f.name, err)
		}
		return nil, nil
	}
	foot.End = e.At
	if foot.End == 0 || failed != nil {
		foot.End = foot.MediaEnd()
	}
	foot.Reason, foot.Report = e.Reason, e.Report
	foot.ClockOff, foot.ClockUnc = e.ClockOff, e.ClockUnc
	foot.LostPkts, foot.Reordered, foot.Damaged = e.LostPkts, e.Reordered, e.Damaged
	sum := f.sha
	if failed != nil {
		foot.Reason = segment.EndWrite
		if err := f.f.Truncate(durable); err != nil {
			return nil, fmt.Errorf("cut %s back to %d bytes: %w", f.name, durable, err)
		}
		var err error
		if sum, err = hashPrefix(f.f, durable); err != nil {
			return nil, fmt.Errorf("read back %s: %w", f.name, err)
		}
	}
	out, err := f.s.finish(f.f, f.name, durable, sum, foot)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.foot, f.key, f.sealed = foot, out.Key, true
	f.announce()
	f.mu.Unlock()
	return out, f.close()
}
