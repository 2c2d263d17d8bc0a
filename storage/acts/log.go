package acts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"path"
	"slices"
	"sync"
	"time"

	"qianshao/storage/blob"
	"qianshao/storage/group"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// ErrNotShipped is returned (wrapped) by AppendWait when the acts are safe on
// this machine but the store has not confirmed them: they stay queued.
var ErrNotShipped = errors.New("acts are kept on this machine and will be shipped when the store is back")

// Config says where a Log keeps and ships its acts.
type Config struct {
	FS    vfs.FS           // holds Dir
	Dir   string           // default "acts"
	Store blob.Store       // where acts are shipped to
	Every time.Duration    // Run ships at most this often; default 30 s
	Keep  time.Duration    // how long shipped acts stay on this machine too; default 2 days
	Log   *slog.Logger     // default: discards
	Now   func() time.Time // default: time.Now
}

// rotateBytes begins a new local file, and so a new batch.
const rotateBytes = 1 << 20

// Log takes acts in and ships them to the store. All methods may be called at
// once from many goroutines; one process owns Dir.
//
// An act that Append has taken survives a power cut, and reaches the store
// sooner or later: a batch is one local file, which is renamed only when the
// store has confirmed it. A crash in between ships the same object again.
type Log struct {
	cfg   Config
	queue group.Queue[*appended]
	wake  chan struct{} // one wake-up waits; more say nothing new
	ship  chan struct{} // held while a Ship is under way

	mu      sync.Mutex // guards below; held for file operations on cur
	cur     vfs.File   // nil: none
	curName fileName
	curSize int64
	pending []fileName // closed files not yet shipped, oldest first
	shipped []fileName // kept files, oldest first
	next    uint64
}

// appended is one caller's acts on their way to the disk.
type appended struct {
	lines []byte
	at    timeline.Micros
	file  uint64 // number of the file that has them
	err   error
}

// Open takes over the acts in Dir. A torn tail, left by a power cut, is passed
// over: its act had not been promised.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if cfg.Dir == "" {
		cfg.Dir = "acts"
	}
	if cfg.Every <= 0 {
		cfg.Every = 30 * time.Second
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 48 * time.Hour
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Log{cfg: cfg, wake: make(chan struct{}, 1), ship: make(chan struct{}, 1), next: 1}
	l.queue.Run = l.write
	if err := l.load(ctx); err != nil {
		return nil, fmt.Errorf("open acts: %w", err)
	}
	return l, nil
}

func (l *Log) load(ctx context.Context) error {
	if err := l.cfg.FS.MkdirAll(l.cfg.Dir); err != nil {
		return err
	}
	entries, err := l.cfg.FS.ReadDir(l.cfg.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries { // in name order, which is the order of appending
		if err := ctx.Err(); err != nil {
			return err
		}
		n, ok := parseFileName(e.Name())
		if !ok {
			continue // not ours
		}
		if n.shipped {
			l.shipped = append(l.shipped, n)
		} else {
			l.pending = append(l.pending, n)
		}
		l.next = max(l.next, n.n+1)
	}
	if len(l.pending) > 0 {
		l.wake <- struct{}{}
	}
	return nil
}

// Append takes acts in, all in their order, and returns when they are synced on
// this machine. Callers that come during a sync share the next one. Acts
// without ID or At are given them in place.
func (l *Log) Append(ctx context.Context, acts ...*Act) error {
	_, err := l.append(ctx, acts)
	return err
}

// append returns the number of the file that has the acts.
func (l *Log) append(ctx context.Context, acts []*Act) (file uint64, err error) {
	op := &appended{}
	for _, a := range acts {
		if a.ID == "" {
			a.ID = NewID()
		}
		if a.At == 0 {
			a.At = timeline.FromTime(l.cfg.Now())
		}
		if err := a.Check(); err != nil {
			return 0, err
		}
		if op.lines, err = appendLine(op.lines, a); err != nil {
			return 0, err
		}
	}
	if len(acts) == 0 {
		return 0, nil
	}
	op.at = acts[0].At
	if err := l.queue.Do(ctx, op); err != nil {
		return 0, fmt.Errorf("append acts: %w", err)
	}
	if op.err != nil {
		return 0, fmt.Errorf("append acts: %w", op.err)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return op.file, nil
}

// AppendWait is Append for acts that must be in the store before the caller
// goes on: enrol, hold, release, erase, expire. If the store does not confirm
// them before ctx ends or an attempt fails, the error wraps ErrNotShipped: the
// acts are synced here and will be shipped by Run, and the caller decides
// whether that is enough (it is for an enrolment) or not (for a deletion).
// Other errors mean that the acts were not taken.
func (l *Log) AppendWait(ctx context.Context, acts ...*Act) error {
	file, err := l.append(ctx, acts)
	if err != nil {
		return err
	}
	if err := l.Ship(ctx); err != nil && l.waits(file) {
		return fmt.Errorf("%w: %w", ErrNotShipped, err)
	}
	return nil
}

// waits reports whether a file has not been shipped yet.
func (l *Log) waits(file uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cur != nil && l.curName.n == file ||
		slices.ContainsFunc(l.pending, func(n fileName) bool { return n.n == file })
}

// write syncs a round of callers' acts. A file that failed is left as it is,
// whole lines in it count; the round is tried once more in a new file.
func (l *Log) write(_ context.Context, round []*appended) {
	l.mu.Lock()
	defer l.mu.Unlock()
	bufs := make([][]byte, len(round))
	for i, op := range round {
		bufs[i] = op.lines
	}
	file, err := l.writeOnce(bufs, round[0].at)
	if err != nil {
		l.cfg.Log.Warn("acts: file abandoned", "file", l.curName.String(), "err", err)
		l.retire()
		if file, err = l.writeOnce(bufs, round[0].at); err != nil {
			l.retire()
		}
	}
	for _, op := range round {
		op.file, op.err = file, err
	}
}

func (l *Log) writeOnce(bufs [][]byte, at timeline.Micros) (file uint64, err error) {
	if l.cur == nil {
		if err := l.create(at); err != nil {
			return 0, err
		}
	}
	n, err := l.cur.Writev(bufs)
	l.curSize += n
	if err != nil {
		return 0, err
	}
	if err := l.cur.Datasync(); err != nil {
		return 0, err
	}
	file = l.curName.n
	if l.curSize >= rotateBytes {
		l.retire()
	}
	return file, nil
}

func (l *Log) create(at timeline.Micros) error {
	name := fileName{n: l.next, at: at}
	l.next++
	f, err := l.cfg.FS.Create(l.path(name))
	if err != nil {
		return err
	}
	l.cur, l.curName, l.curSize = f, name, 0
	return l.cfg.FS.SyncDir(l.cfg.Dir)
}

// retire closes the current file: it takes no more acts and may be shipped.
func (l *Log) retire() {
	if l.cur == nil {
		return
	}
	if err := l.cur.Close(); err != nil {
		l.cfg.Log.Warn("acts: close", "file", l.curName.String(), "err", err)
	}
	l.pending = append(l.pending, l.curName)
	l.cur = nil
}

// Close waits for the appends under way and refuses further ones. Acts not yet
// shipped are shipped after the next Open. It may be called twice.
func (l *Log) Close() error {
	l.queue.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retire()
	return nil
}

// Pending counts the batches that wait for the store; 0 says that every act
// appended so far is there.
func (l *Log) Pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cur != nil {
		return len(l.pending) + 1
	}
	return len(l.pending)
}

// Local yields the acts on this machine, shipped or not, oldest first: those of
// at least the last Config.Keep. A start applies them to the index, which may
// have lost its last commits with a power cut.
func (l *Log) Local(ctx context.Context) iter.Seq2[Act, error] {
	return func(yield func(Act, error) bool) {
		l.mu.Lock()
		names := append(append([]fileName{}, l.shipped...), l.pending...)
		if l.cur != nil {
			names = append(names, l.curName)
		}
		l.mu.Unlock()
		for _, n := range names {
			acts, err := l.readActs(n)
			if errors.Is(err, fs.ErrNotExist) {
				n.shipped = true // renamed meanwhile
				if acts, err = l.readActs(n); errors.Is(err, fs.ErrNotExist) {
					continue // pruned meanwhile
				}
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Act{}, fmt.Errorf("read acts: %w", err))
				return
			}
			for _, a := range acts {
				if !yield(a, nil) {
					return
				}
			}
		}
	}
}

func (l *Log) readActs(n fileName) ([]Act, error) {
	lines, err := l.readLines(n)
	if err != nil {
		return nil, err
	}
	return parseObject(joinLines(lines))
}

func (l *Log) readLines(n fileName) ([][]byte, error) {
	b, err := vfs.ReadFile(l.cfg.FS, l.path(n))
	if err != nil {
		return nil, err
	}
	lines, torn := readLocal(b)
	if torn > 0 {
		l.cfg.Log.Warn("acts: torn lines passed over", "file", n.String(), "lines", torn)
	}
	return lines, nil
}

func joinLines(lines [][]byte) []byte {
	var out []byte
	for _, line := range lines {
		out = append(append(out, line...), '\n')
	}
	return out
}

func (l *Log) path(n fileName) string { return path.Join(l.cfg.Dir, n.String()) }
