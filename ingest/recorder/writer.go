package recorder

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// writer appends fragments to the spool in its own goroutine.
type writer struct {
	cfg   *Config
	stats *stats

	mu     sync.Mutex
	queue  []*job        // guarded by mu
	bytes  int64         // of media in queue and being written; guarded by mu
	wake   chan struct{} // one pending wake-up
	choked bool          // fragments are being given up until the queue is empty; guarded by mu

	// Of the writing goroutine.
	head *segment.Head // of the segment being written
	file *spool.File   // nil until its first fragment
	// Written to file and not yet durable, oldest first: only where many are made
	// durable at a time. Their media is given back already.
	unsynced []*job
	prev     [32]byte
	why      string // why prev is zero
	full     bool   // the disk was full at the last attempt
	// After a fragment was given up nothing can be decoded before the next key
	// frame: what comes before it is given up too, for the same cause.
	torn  timeline.Cause  // "" if nothing is missing
	since timeline.Micros // where the hole began
	begun bool            // a file of head was begun: the next one continues it
}

// tornMost bounds how long a key frame is waited for after a loss; streams
// without any are recorded all the same.
const tornMost = 12 * timeline.Second

func newWriter(cfg *Config, st *stats) *writer {
	w := &writer{cfg: cfg, stats: st, wake: make(chan struct{}, 1), prev: cfg.Prev}
	if w.prev == ([32]byte{}) {
		w.why = "first segment of the stream on this machine"
	}
	return w
}

// push queues a job. Heads and seals are always taken; a fragment is given up
// when too many bytes wait, of the stream or of the node.
func (w *writer) push(j *job) {
	size := j.size()
	w.mu.Lock()
	if j.kind == jobFragment && (w.choked || w.bytes > 0 && w.bytes+size-j.largest() > queueMost()) {
		w.choked = len(w.queue) > 0
		j.kind = 0 // keeps its place, so that its time is reported lost in order
		j.release()
		size = 0
	}
	w.queue = append(w.queue, j)
	w.bytes += size
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// queueMost is how many bytes of one stream may wait for the disk, the largest
// picture of the last fragment not counted: two large key frames may follow each
// other faster than the first is written. Beyond it whole fragments are given
// up, and that is recorded.
func queueMost() int64 {
	if media.Held() > limit.Node {
		return limit.QueueLeast
	}
	return limit.Queue
}

func (w *writer) pop() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.choked = false
		return nil
	}
	j := w.queue[0]
	n := copy(w.queue, w.queue[1:])
	w.queue[n] = nil
	w.queue = w.queue[:n]
	return j
}

// written is told that a fragment of so many bytes waits no more.
func (w *writer) written(size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes -= size
}

// run handles jobs until ctx is done and the queue is empty. An unsealed
// segment is then left to recovery: the session's End seals what it can.
func (w *writer) run(ctx context.Context) error {
	for {
		j := w.pop()
		if j == nil {
			select {
			case <-w.wake:
				continue
			case <-w.ready():
				w.settle(ctx, false)
				continue
			case <-ctx.Done():
				if j = w.pop(); j == nil {
					w.settleAll(ctx)
					return nil
				}
			}
		}
		size := int64(0)
		if j.kind == jobFragment {
			size = j.size()
		}
		w.handle(ctx, j)
		w.written(size)
	}
}

// ready is closed when settle need not wait.
func (w *writer) ready() <-chan struct{} {
	if w.file == nil {
		return nil
	}
	return w.file.Ready()
}

// handle carries a job out, and gives it back unless it waits for its sync.
func (w *writer) handle(ctx context.Context, j *job) {
	switch j.kind {
	case jobHead:
		w.head, w.file, w.begun = j.head, nil, false
	case jobFragment:
		if w.append(ctx, j) {
			return
		}
	case jobSeal:
		w.seal(ctx, j.end)
		w.head = nil
	default:
		w.lost(ctx, j, timeline.SpoolLost)
	}
	j.done()
}

// append writes a fragment and reports whether it still waits for its sync. When
// a write fails the file is given up and the fragment, still in memory, begins a
// new one; if that fails too it is lost.
func (w *writer) append(ctx context.Context, j *job) (waits bool) {
	j.begin = time.Now()
	if w.torn != "" && !slices.ContainsFunc(j.fragment.Runs[0].Kinds, isKey) && w.span(j).To-w.since < tornMost {
		w.lost(ctx, j, w.torn)
		return false
	}
	var err error
	for range 2 {
		if w.file == nil {
			if err = w.create(j); err != nil {
				break
			}
		}
		if err = w.write(j); err == nil {
			break
		}
		w.failed(err)
		w.seal(ctx, spool.End{Reason: segment.EndWrite, ClockUnc: -1})
	}
	if err != nil {
		cause := timeline.SpoolLost
		if errors.Is(err, spool.ErrFull) || errors.Is(err, syscall.ENOSPC) {
			cause = timeline.SpoolFull
		}
		if !w.full {
			w.cfg.Log.Error("footage cannot be kept", "stream", w.cfg.Stream, "cause", cause, "err", err)
		}
		w.full = true
		w.lost(ctx, j, cause)
		return false
	}
	w.torn = ""
	if w.file.Pipelined() {
		j.release() // the kernel has it
		w.unsynced = append(w.unsynced, j)
		return true
	}
	w.durable(j)
	return false
}

// write is Append, or the half of it that does not wait.
func (w *writer) write(j *job) error {
	if w.file.Pipelined() {
		return w.file.Write(j.fragment)
	}
	return w.file.Append(j.fragment)
}

// failed says that a write or a sync failed, once while the disk is full.
func (w *writer) failed(err error) {
	if !w.full {
		w.cfg.Log.Error("spool write failed, segment ends here", "stream", w.cfg.Stream, "err", err)
	}
	w.cfg.Metrics.writeError()
}

// durable takes note of a fragment that is there to stay.
func (w *writer) durable(j *job) {
	if w.full {
		w.full = false
		w.cfg.Log.Info("footage is kept again", "stream", w.cfg.Stream)
	}
	_, mono := w.cfg.Wall.Source()
	w.stats.durable(w.span(j).To)
	if w.cfg.Durable != nil {
		w.cfg.Durable(mono - j.captured)
	}
	w.cfg.Metrics.fragment(time.Since(j.begin), mono-j.captured)
}

// settle takes note of what a sync has made durable; with now the file is synced
// by itself. When a sync fails, which is never tried again, what it left is read
// back, once, and begins a new file.
func (w *writer) settle(ctx context.Context, now bool) {
	n, err := w.file.Settle(now)
	for i, j := range w.unsynced[:n] {
		w.durable(j)
		j.done()
		w.unsynced[i] = nil
	}
	w.unsynced = slices.Delete(w.unsynced, 0, n)
	if err == nil {
		return
	}
	w.failed(err)
	left := w.unsynced
	w.unsynced = nil
	for k, j := range left {
		b, err := w.file.Rescue(k)
		if err == nil && !j.again {
			j.again = true
			j.restore(b)
		} else {
			j.kind = 0
		}
	}
	w.seal(ctx, spool.End{Reason: segment.EndWrite, ClockUnc: -1})
	for _, j := range left {
		w.handle(ctx, j)
	}
}

// settleAll leaves nothing that waits for its sync: each fragment is tried twice
// at most.
func (w *writer) settleAll(ctx context.Context) {
	for len(w.unsynced) > 0 {
		w.settle(ctx, true)
	}
}

// create begins a file for the segment of w.head. After a failure in
// mid-segment the head is that of the remaining part.
func (w *writer) create(j *job) error {
	if err := w.cfg.Spool.Room(); err != nil {
		return err
	}
	h := *w.head
	h.Seq = w.cfg.NextSeq()
	h.Prev, h.Break = w.prev, w.why
	if at := w.span(j).From; at > h.Start {
		h.Start = at
	}
	h.NewRun = h.NewRun && !w.begun || w.torn != ""
	f, err := w.cfg.Spool.Create(&h)
	if err != nil {
		return err
	}
	w.file, w.begun = f, true
	return nil
}

// seal ends the file, if one was begun, and makes it known.
func (w *writer) seal(ctx context.Context, e spool.End) {
	w.settleAll(ctx)
	f := w.file
	w.file = nil
	if f == nil {
		return
	}
	begin := time.Now()
	v, err := f.Seal(e)
	switch {
	case err != nil && v == nil:
		// The bytes stay under the open name and are sealed at the next start.
		w.cfg.Log.Error("segment not sealed, recovery will", "stream", w.cfg.Stream, "err", err)
		w.prev, w.why = [32]byte{}, "the segment before was not sealed"
	case v != nil:
		w.prev, w.why = v.SHA256, ""
		w.cfg.Metrics.sealed(time.Since(begin), v.Bytes)
		w.cfg.Archive.Sealed(ctx, f, v)
	}
}

// lost gives a fragment up. The segment ends before it, because time inside a
// segment has no holes, and goes on in a new file after it.
func (w *writer) lost(ctx context.Context, j *job, cause timeline.Cause) {
	w.seal(ctx, spool.End{Reason: segment.EndWrite, ClockUnc: -1})
	if w.head == nil || len(j.fragment.Runs[0].Sizes) == 0 {
		return
	}
	span := w.span(j)
	if w.torn == "" {
		w.torn, w.since = cause, span.From
	}
	w.cfg.Metrics.lost()
	w.cfg.Lost(span, cause)
}

// isKey reports whether a sample of this kind is a place to begin.
func isKey(kind uint8) bool { return media.Sync(kind) != media.NoSync }

// span is the wall time of a fragment's pictures.
func (w *writer) span(j *job) timeline.Span {
	r, t, m := &j.fragment.Runs[0], &w.head.Tracks[0], w.head.Maps[0]
	from := r.FirstTick + int64(t.ReorderDelay)
	to := from
	for _, d := range r.Durs {
		to += int64(d)
	}
	return timeline.Span{From: m.Wall(from, t.Timescale), To: m.Wall(to, t.Timescale)}
}
