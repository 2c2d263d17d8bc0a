package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"qianshao/storage"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
)

// cutsPerWorld is how many power cuts one archive goes through.
const cutsPerWorld = 10

// TestPowerCuts records synthetic fragments on a disk that loses power again
// and again, at any operation, also during recovery and upload, with the index
// thrown back to older states. Whatever Append had promised must be readable,
// byte for byte and once, afterwards.
//
// QS_CUTS sets how many cuts there are, QS_SEED runs one world again.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	cuts := 1000
	if testing.Short() {
		cuts = 100
	}
	if n, err := strconv.Atoi(os.Getenv("QS_CUTS")); err == nil {
		cuts = n
	} else if os.Getenv("QIANSHAO_FAULTS") != "" {
		cuts = 50_000
	}
	base := rand.Uint64() >> 16
	worlds := (cuts + cutsPerWorld - 1) / cutsPerWorld
	if n, err := strconv.ParseUint(os.Getenv("QS_SEED"), 10, 64); err == nil {
		base, worlds = n, 1
	}
	for k := range worlds {
		seed := base + uint64(k)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: crashfs.New(), dir: t.TempDir(), wall: start}
			defer func() {
				if t.Failed() {
					t.Logf("again: QS_SEED=%d go test ./storage -run TestPowerCuts", seed)
				}
			}()
			for range cutsPerWorld {
				w.live()
				w.fs = w.fs.Crash(w.rng)
				if t.Failed() {
					return
				}
			}
			w.last()
		})
	}
}

// piece is one fragment that Append was given.
type piece struct {
	stream  media.StreamID
	wall    timeline.Micros
	frames  int
	video   []byte
	sound   []byte
	durable bool // Append returned nil
}

// world is one archive through all its lives.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	fs     *crashfs.FS
	dir    string // of the index, which stands on a real disk
	wall   timeline.Micros
	pieces []*piece
	boot   uint64
	lives  int
	states []state // of the index, at several moments
	behind bool    // the index was thrown back and not rebuilt since
}

// state is the index's files at a moment.
type state struct{ db, wal []byte }

// life is the time between two power cuts.
type life struct {
	*storage.Archive
	w       *world
	path    string
	writers []*writer
}

// writer is the open segment of one stream.
type writer struct {
	stream media.StreamID
	seq    uint32
	file   *spool.File
	start  timeline.Micros
	frames int64
	prev   [32]byte
}

// off reports whether the power went. Any other error fails the test.
func (w *world) off(err error) bool {
	if _, gone := w.fs.Stat("."); errors.Is(gone, crashfs.ErrPowerOff) {
		return true
	}
	if err != nil {
		w.t.Errorf("life %d: %v", w.lives, err)
		return true
	}
	return false
}

// live starts the archive, verifies it, and lets it work until the power goes.
func (w *world) live() {
	w.lives++
	if w.rng.IntN(4) == 0 {
		w.fs.PowerOffAfter(w.rng.IntN(15)) // in the middle of the start
	}
	l, ok := w.begin(w.choose())
	if l == nil {
		return
	}
	defer l.end()
	if !ok {
		return
	}
	w.verify(l)
	w.fs.PowerOffAfter(w.rng.IntN(60))
	for range 40 {
		if w.off(nil) || w.t.Failed() {
			return
		}
		l.act()
	}
}

// choose draws the state of the index to go on with.
func (w *world) choose() state {
	n := len(w.states)
	switch {
	case n == 0:
		return state{}
	case w.rng.IntN(3) > 0:
		return w.states[n-1]
	case w.rng.IntN(6) == 0:
		w.behind = true
		return state{} // lost
	}
	w.behind = true
	return w.states[w.rng.IntN(n)]
}

// begin is what a start of the program does. ok is false when the power went.
func (w *world) begin(s state) (l *life, ok bool) {
	ctx := w.t.Context()
	l = &life{w: w, path: filepath.Join(w.dir, fmt.Sprintf("%d.db", w.lives))}
	for name, b := range map[string][]byte{l.path: s.db, l.path + "-wal": s.wal} {
		if len(b) > 0 {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	store, err := fileblob.Open(fileblob.Config{FS: w.fs})
	if w.off(err) {
		return nil, false
	}
	db, err := index.Open(ctx, index.Config{Path: l.path})
	if err != nil {
		w.t.Fatal(err)
	}
	l.Archive = &storage.Archive{Store: store, Index: db, Log: slog.New(slog.DiscardHandler), Uploads: 1}
	l.Spool, err = spool.Open(spool.Config{FS: w.fs, Known: func(id segment.ID) ([32]byte, bool) {
		row, err := db.Get(ctx, id)
		return row.SHA256, err == nil
	}})
	if w.off(err) {
		return l, false
	}
	id, empty, err := storage.Identity(ctx, store)
	if w.off(err) || w.off(db.Meet(ctx, id.String(), empty)) {
		return l, false
	}
	if _, err = l.Recover(ctx); w.off(err) {
		return l, false
	}
	if n := l.Spool.Unsettled(); n > 0 {
		w.t.Errorf("recovery left %d files", n)
	}
	// The clock may have been set back meanwhile.
	boot, err := storage.NextBoot(w.fs, w.wall.Time().Add(-time.Duration(w.rng.IntN(100))*time.Hour))
	if w.off(err) {
		return l, false
	}
	if boot <= w.boot {
		w.t.Errorf("boot %d after boot %d", boot, w.boot)
	}
	w.boot = boot
	if w.behind && w.rng.IntN(3) > 0 {
		if _, err := storage.Reindex(ctx, l.Archive, storage.ReindexConfig{Workers: 1}); w.off(err) {
			return l, false
		}
		w.behind = false
	}
	for _, s := range []media.StreamID{camera.Stream(0), other.Stream(1)} {
		l.writers = append(l.writers, &writer{stream: s})
	}
	return l, true
}

// end keeps the index as the power cut left it.
func (l *life) end() {
	l.keep()
	if err := l.Index.Close(); err != nil {
		l.w.t.Error(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(l.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.w.t.Error(err)
		}
	}
}

// keep copies the index as it is now. No write is under way.
func (l *life) keep() {
	db, err := os.ReadFile(l.path)
	if err != nil {
		l.w.t.Fatal(err)
	}
	wal, err := os.ReadFile(l.path + "-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.w.t.Fatal(err)
	}
	l.w.states = append(l.w.states, state{db, wal})
}

// act does one thing that the program does.
func (l *life) act() {
	w := l.w
	x := l.writers[w.rng.IntN(len(l.writers))]
	switch n := w.rng.IntN(100); {
	case n < 65:
		l.append(x)
	case n < 80:
		l.seal(x)
	case n < 95:
		w.off(l.Drain(w.t.Context()))
	default:
		l.keep()
	}
}

// append adds a fragment of random bytes. Their first 16 name the piece.
func (l *life) append(x *writer) {
	w := l.w
	if x.file == nil {
		x.start, x.frames = max(w.wall, start), 0
		head := headOf(segment.ID{Stream: x.stream, Epoch: 1, Boot: w.boot, Seq: x.seq}, x.start)
		head.Prev = x.prev
		x.seq++
		f, err := l.Spool.Create(head)
		if w.off(err) {
			return
		}
		x.file = f
	}
	frames := 1 + w.rng.IntN(3)
	p := &piece{
		stream: x.stream, wall: x.start + timeline.Micros(x.frames)*frameMicros, frames: frames,
		video: w.payload(0, 40+w.rng.IntN(2000)), sound: w.payload(1, 40+w.rng.IntN(300)),
	}
	w.pieces = append(w.pieces, p)
	fr := fragmentOf(x.frames, frames, p.video, p.sound)
	err := x.file.Append(fr)
	for i := range fr.Parts {
		fr.Parts[i].Release()
	}
	p.durable = err == nil
	x.frames += int64(frames)
	w.wall += timeline.Micros(frames) * 3 * frameMicros
	w.off(err)
}

const magic = "QSPOWERC"

func (w *world) payload(track byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.rng.Uint32())
	}
	copy(b, magic)
	binary.BigEndian.PutUint64(b[8:], uint64(len(w.pieces))<<8|uint64(track))
	return b
}

func (l *life) seal(x *writer) {
	if x.file == nil {
		return
	}
	f := x.file
	x.file = nil
	v, err := f.Seal(spool.End{Reason: segment.EndLength, ClockUnc: -1})
	if l.w.off(err) {
		return
	}
	x.prev = v.SHA256
	l.Sealed(l.w.t.Context(), f, v)
}

// last is the start after the last cut: with the index rebuilt and everything
// stored, each piece is on the disk once.
func (w *world) last() {
	w.lives++
	l, ok := w.begin(w.choose())
	if l == nil || !ok {
		w.t.Fatal("the power is on, and the start fails")
	}
	defer l.end()
	ctx := w.t.Context()
	if _, err := storage.Reindex(ctx, l.Archive, storage.ReindexConfig{}); err != nil {
		w.t.Fatal(err)
	}
	w.behind = false
	w.verify(l)
	if err := l.Drain(ctx); err != nil {
		w.t.Fatal(err)
	}
	w.verify(l)
	for id, n := range w.bytesAreThere() {
		if n != 1 {
			w.t.Errorf("fragment %d stands on the disk %d times", id>>8, n)
		}
	}
	if n, bytes := l.Spool.Pending(); n != 0 || bytes != 0 {
		w.t.Errorf("%d segments of %d bytes are left in the spool", n, bytes)
	}
}

// verify is the judge: it shares no code with what it judges, except that it
// asks the archive for its answer.
func (w *world) verify(l *life) {
	w.bytesAreThere()
	if !w.behind {
		w.answers(l)
		w.consistent(l)
	}
}

// bytesAreThere looks for every durable piece in the files themselves.
func (w *world) bytesAreThere() map[uint64]int {
	found := map[uint64]int{}
	w.walk("spool", found)
	w.walk("store", found)
	for i, p := range w.pieces {
		if p.durable && (found[uint64(i)<<8] == 0 || found[uint64(i)<<8|1] == 0) {
			w.t.Errorf("life %d: durable fragment %d of %s is lost", w.lives, i, p.stream)
		}
	}
	return found
}

// walk counts the whole pieces in the files below a folder.
func (w *world) walk(dir string, found map[uint64]int) {
	list, err := w.fs.ReadDir(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			w.walk(name, found)
			continue
		}
		b := w.read(name)
		for at := 0; ; {
			i := bytes.Index(b[at:], []byte(magic))
			if i < 0 || len(b) < at+i+16 {
				break
			}
			at += i
			id := binary.BigEndian.Uint64(b[at+8:])
			if k := id >> 8; k < uint64(len(w.pieces)) {
				want := w.pieces[k].video
				if id&1 == 1 {
					want = w.pieces[k].sound
				}
				if bytes.HasPrefix(b[at:], want) {
					found[id]++
				}
			}
			at += 16
		}
	}
}

func (w *world) read(name string) []byte {
	b, err := vfs.ReadFile(w.fs, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// answers asks the archive for all footage: every durable piece must come,
// whole, at its time and once; what comes beside them must be whole as well.
func (w *world) answers(l *life) {
	ctx := w.t.Context()
	times := make([]int, len(w.pieces))
	for _, s := range []media.StreamID{camera.Stream(0), other.Stream(1)} {
		win, err := l.Window(ctx, s, timeline.Span{To: timeline.Forever}, storage.AsOf{})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, seg := range win.Segments {
			if err := w.answer(ctx, seg, times); err != nil {
				w.t.Errorf("life %d: %s: %v", w.lives, seg.Key(), err)
			}
		}
	}
	for i, p := range w.pieces {
		if p.durable && times[i] != 1 || times[i] > 1 {
			w.t.Errorf("life %d: fragment %d of %s, durable %v, was answered %d times", w.lives, i, p.stream, p.durable, times[i])
		}
	}
}

func (w *world) answer(ctx context.Context, s *storage.Segment, times []int) (err error) {
	foot, err := s.Foot(ctx, nil)
	if err != nil {
		return err
	}
	r, err := s.Reader(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for i := range foot.Fragments {
		fr := &foot.Fragments[i]
		for track := range fr.Runs {
			b := make([]byte, fr.Runs[track].Bytes)
			if _, err := r.ReadAt(b, fr.DataOffset(track)); err != nil {
				return err
			}
			id := binary.BigEndian.Uint64(b[8:])
			p := w.pieces[id>>8]
			want := p.video
			if track == 1 {
				want = p.sound
			}
			if !bytes.Equal(b, want) || p.stream != s.Stream {
				return fmt.Errorf("track %d of fragment %d holds other bytes", track, i)
			}
			if track == 0 {
				times[id>>8]++
				if at := foot.Maps[0].Wall(fr.Runs[0].FirstTick, 90_000); at != p.wall || int(fr.Runs[0].Samples) != p.frames {
					return fmt.Errorf("fragment %d stands at %s, was recorded at %s", i, at, p.wall)
				}
			}
		}
	}
	return nil
}

// consistent runs the check. A file whose head never reached the disk stands in
// quarantine; that it holds nothing durable was seen.
func (w *world) consistent(l *life) {
	problems, err := storage.Check(w.t.Context(), l.Archive, storage.CheckConfig{Deep: true, Workers: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range problems {
		if p.Code != storage.InQuarantine {
			w.t.Errorf("life %d: %s", w.lives, p)
		}
	}
}
