package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"sync"

	"qianshao/storage/digest"
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

// File is one segment being written. Append, Write, Ready, Settle, Rescue and
// Seal belong to one goroutine;
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
	sha   *digest.SHA256
	job   digest.Job
	size  int64 // bytes handed to the file
	named bool  // the name is durable
	seq   uint32
	// Fragments handed to the kernel and not yet durable, oldest first.
	written []written

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

// written is a fragment on its way to the disk.
type written struct {
	offset int64 // of its moof
	head   int   // moof and mdat header
	moof   int
	end    int64  // of the COMMIT behind it
	body   uint32 // length from offset to COMMIT
	crc    uint32 // of the same bytes
	runs   []fmp4.Run
	round  *round // group mode: the sync that makes it durable
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
		s: s, id: h.ID, name: name, f: f, sha: digest.New(),
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
	if err := f.Write(fr); err != nil {
		return err
	}
	_, err := f.Settle(false)
	return err
}

// Write hands one fragment to the kernel; Settle makes it durable. Until then
// its runs must not be changed; its parts stay the caller's. On an error the
// file is given up as with Append.
func (f *File) Write(fr *Fragment) error {
	if err := f.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	first := len(f.buf) // > 0 only before the first fragment
	var moof int
	f.buf, moof = fmp4.AppendMoof(f.buf, f.seq+1, fr.Runs)
	w := written{offset: f.size + int64(first), head: len(f.buf) - first, moof: moof, runs: fr.Runs}
	f.sha.Write(f.buf[:first])
	w.body = uint32(w.head)
	f.iov = append(f.iov[:0], f.buf[first:])
	for i := range fr.Parts {
		for _, b := range fr.Parts[i].Bufs {
			w.body += uint32(len(b))
			f.iov = append(f.iov, b)
		}
	}
	f.job = digest.Job{SHA: f.sha, Bufs: f.iov}
	f.s.sums.Do(&f.job)
	w.crc, f.job.Bufs = f.job.CRC, nil
	f.tail = segment.AppendCommit(f.tail[:0], f.seq, w.body, w.crc)
	f.sha.Write(f.tail)
	f.iov[0] = f.buf
	f.iov = append(f.iov, f.tail)
	n, err := f.f.Writev(f.iov)
	clear(f.iov)
	f.size += n
	w.end = f.size
	f.buf = f.buf[:0]
	f.seq++
	if err != nil {
		return f.fail(fmt.Errorf("append fragment %d to %s: %w", f.seq-1, f.name, err))
	}
	if g := f.s.group; g != nil {
		w.round = g.join()
	}
	f.written = append(f.written, w)
	return nil
}

// Pipelined reports whether fragments are made durable many at a time: then
// Write should be followed by Settle once Ready says so, and else at once.
func (f *File) Pipelined() bool { return f.s.group != nil }

// Ready is closed when Settle need not wait for the oldest fragment written;
// nil when nothing was written since.
func (f *File) Ready() <-chan struct{} {
	if len(f.written) == 0 || f.written[0].round == nil {
		return nil
	}
	return f.written[0].round.done
}

// Settle makes what was written durable and returns how many fragments have
// become so, the oldest first. In group mode it waits for the sync that the
// oldest waits for, and may leave younger ones; with now it syncs this file
// itself and leaves none. On an error the file is given up: what is left is not
// durable, and Rescue may get it back.
func (f *File) Settle(now bool) (n int, err error) {
	for len(f.written) > 0 && err == nil {
		k := len(f.written)
		if r := f.written[0].round; r == nil || now && !r.over() {
			if f.s.cfg.Sync != SyncOff {
				err = f.sync()
			}
		} else {
			if n > 0 && !r.over() {
				return n, nil
			}
			<-r.done
			err = r.err
			k = 1
		}
		if err != nil {
			return n, f.fail(fmt.Errorf("sync %s: %w", f.name, err))
		}
		f.settled(k)
		n += k
	}
	return n, err
}

// settled takes the k oldest fragments into the table.
func (f *File) settled(k int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.written[:k] {
		w := &f.written[i]
		f.foot.Add(w.offset, uint32(w.moof), w.runs)
		f.durable = w.end
	}
	f.announce()
	left := copy(f.written, f.written[k:])
	clear(f.written[left:])
	f.written = f.written[:left]
}

// fail gives the file up.
func (f *File) fail(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
	return err
}

// Rescue reads the media bytes of the k-th fragment that a failed Settle has
// left from what the kernel still holds of it, checked by their CRC. It must be
// called before Seal.
func (f *File) Rescue(k int) ([]byte, error) {
	w := &f.written[k]
	b := make([]byte, w.body)
	if _, err := f.ReadAt(b, w.offset); err != nil {
		return nil, fmt.Errorf("read back from %s: %w", f.name, err)
	}
	if crc32.Checksum(b, segment.Castagnoli()) != w.crc {
		return nil, fmt.Errorf("read back from %s: bytes differ from those written", f.name)
	}
	return b[w.head:], nil
}

// announce wakes those who wait on Changed. mu is held.
func (f *File) announce() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// sync makes the file's bytes durable, and its name with the first of them: a
// fragment is durable only if the file can be found again.
func (f *File) sync() error {
	if err := f.f.Datasync(); err != nil {
		return err
	}
	if f.named {
		return nil
	}
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
	if failed != nil || len(f.written) > 0 {
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
