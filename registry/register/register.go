package register

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/storage/blob"
	"qianshao/storage/group"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// Config says where a Register lies.
type Config struct {
	FS    vfs.FS           // holds Dir
	Dir   string           // default "register"
	Store blob.Store       // where entries are shipped to; nil: nowhere
	Keep  time.Duration    // how long entries are kept; 0: for good
	Every time.Duration    // Run ships at most this often; default 30 s
	Log   *slog.Logger     // default: discards
	Now   func() time.Time // default: time.Now
}

const (
	rotateBytes = 4 << 20 // begins a new file
	roundMost   = 512     // callers that share a sync
)

// Register takes entries in. All methods may be called at once from many
// goroutines; one process owns Dir.
type Register struct {
	cfg   Config
	queue group.Queue[*pending]
	wake  chan struct{} // one wake-up waits; more say nothing new
	ships sync.Mutex    // held while a Ship or a prune is under way

	mu      sync.Mutex // guards below; held for file operations on cur
	own     chain
	head    uint64 // of the last synced entry; 0: none
	hash    Hash   // of it
	cur     vfs.File
	curName fileName
	newest  fileName // the last in name order, of all
	size    int64    // of cur, synced
	buf     []byte   // of the round being written

	counts  counting
	shipped atomic.Uint64         // the store has entries up to it
	sought  bool                  // shipped is known; guarded by ships
	failing atomic.Pointer[error] // of the last round; nil: it was written
}

// pending is one caller's entries on their way to the disk.
type pending struct {
	entries []*Entry
	err     error
}

// Open goes on with the chain of the folder, or begins one. A torn tail, left by
// a power cut, is passed over: its entry had not been promised.
func Open(_ context.Context, cfg Config) (*Register, error) {
	if cfg.Dir == "" {
		cfg.Dir = "register"
	}
	if cfg.Every <= 0 {
		cfg.Every = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Register{cfg: cfg, wake: make(chan struct{}, 1)}
	r.queue.Run, r.queue.Max = r.write, roundMost
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("open the access register: %w", err)
	}
	return r, nil
}

// ownFile names this folder's own chain.
const ownFile = "chain"

func (r *Register) load() error {
	if err := r.cfg.FS.MkdirAll(r.cfg.Dir); err != nil {
		return err
	}
	b, err := vfs.ReadFile(r.cfg.FS, path.Join(r.cfg.Dir, ownFile))
	id := strings.TrimSpace(string(b))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if id, err = r.found(); err != nil {
			return err
		}
	case err != nil:
		return err
	case !chainForm.MatchString(id):
		return fmt.Errorf("%s/%s does not name a chain (r_…): put it back from your backup, or remove it: a new chain then begins, and the old one stays readable", r.cfg.Dir, ownFile)
	}
	r.own = chain{fs: r.cfg.FS, dir: path.Join(r.cfg.Dir, id), id: id}
	if err := r.cfg.FS.MkdirAll(r.own.dir); err != nil {
		return err
	}
	names, err := r.own.files()
	if err != nil {
		return err
	}
	if len(names) > 0 {
		r.newest = names[len(names)-1]
	}
	e, ok, err := r.own.last()
	if ok {
		r.head, r.hash = e.Seq, e.Hash
		r.wake <- struct{}{} // perhaps not shipped yet
	}
	return err
}

// found begins a chain.
func (r *Register) found() (id string, err error) {
	id = media.NewID("r_")
	name := path.Join(r.cfg.Dir, ownFile)
	tmp := name + ".new"
	if err := r.cfg.FS.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := r.cfg.FS.Create(tmp)
	if err != nil {
		return "", err
	}
	_, err = f.Writev([][]byte{[]byte(id + "\n")})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if err := r.cfg.FS.Rename(tmp, name); err != nil {
		return "", err
	}
	return id, r.cfg.FS.SyncDir(r.cfg.Dir)
}

// NewViewingID draws the id of a viewing.
func NewViewingID() string { return media.NewID("v_") }

// Append takes entries in, in their order, and returns when they are synced.
// Callers that come during a sync share the next one. On an error none of them
// counts, and what they were to allow must not happen.
func (r *Register) Append(ctx context.Context, entries ...*Entry) error {
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
	}
	p := &pending{entries: entries}
	err := r.queue.Do(ctx, p)
	if err == nil {
		err = p.err
	}
	if err != nil {
		return fmt.Errorf("write the access register: %w", err)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// write syncs a round of callers' entries. If that fails the file is given up
// and the round tried once more in a new one.
func (r *Register) write(_ context.Context, round []*pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.writeOnce(round)
	if err != nil {
		r.cfg.Log.Warn("access register: file abandoned", "file", r.curName.String(), "err", err)
		r.abandon()
		if err = r.writeOnce(round); err != nil {
			r.abandon()
		}
	}
	for _, p := range round {
		p.err = err
	}
	if err == nil {
		r.failing.Store(nil)
	} else {
		r.failing.Store(&err)
	}
}

// Failing returns the error of the last round of entries, nil if it was written:
// while it is not, nothing is shown to anybody.
func (r *Register) Failing() error {
	if err := r.failing.Load(); err != nil {
		return fmt.Errorf("write the access register: %w", *err)
	}
	return nil
}

// Waiting is how many entries the store's copy lacks.
func (r *Register) Waiting() uint64 {
	_, head := r.Head()
	if shipped := r.shipped.Load(); r.cfg.Store != nil && shipped < head.Seq {
		return head.Seq - shipped
	}
	return 0
}

func (r *Register) writeOnce(round []*pending) (err error) {
	seq, prev := r.head, r.hash
	at := timeline.FromTime(r.cfg.Now())
	b := r.buf[:0]
	for _, p := range round {
		for _, e := range p.entries {
			seq++
			e.Chain, e.Seq, e.Prev, e.At = r.own.id, seq, prev, at
			if b, err = appendLine(b, e); err != nil {
				return err
			}
			b = append(b, '\n')
			prev = e.Hash
		}
	}
	if r.buf = b; len(b) > rotateBytes {
		r.buf = nil
	}
	if r.cur == nil {
		if err := r.create(at); err != nil {
			return err
		}
	}
	n, err := r.cur.Writev([][]byte{b})
	if err != nil {
		return err
	}
	if err := r.cur.Datasync(); err != nil {
		return err
	}
	r.head, r.hash = seq, prev
	if r.size += n; r.size >= rotateBytes {
		r.close()
	}
	return nil
}

func (r *Register) create(at timeline.Micros) error {
	name := fileName{r.head + 1, at}
	if r.newest.seq == name.seq { // left by a write that failed; the clock may have been set back since
		name.at = max(name.at, r.newest.at+1)
	}
	f, err := r.cfg.FS.Create(r.own.path(name))
	if err != nil {
		return err
	}
	r.cur, r.curName, r.newest, r.size = f, name, name, 0
	return r.cfg.FS.SyncDir(r.own.dir)
}

// abandon gives up the file in hand, with what was written of a round that
// failed cut off where that can be done.
func (r *Register) abandon() {
	if r.cur == nil {
		return
	}
	err := r.cur.Truncate(r.size)
	if err == nil {
		err = r.cur.Datasync()
	}
	if err != nil {
		r.cfg.Log.Warn("access register: what was not promised stays behind in the file", "file", r.curName.String(), "err", err)
	}
	r.close()
}

func (r *Register) close() {
	if r.cur == nil {
		return
	}
	if err := r.cur.Close(); err != nil {
		r.cfg.Log.Warn("access register: close", "file", r.curName.String(), "err", err)
	}
	r.cur = nil
}

// Head is the place of the last entry; Seq 0: there is none.
func (r *Register) Head() (chain string, m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.own.id, Mark{r.head, r.hash.String()}
}

// Close writes what was counted, waits for the appends under way and refuses
// further ones. It may be called twice.
func (r *Register) Close() error {
	if err := r.Flush(context.Background()); err != nil {
		r.cfg.Log.Warn("access register: what was refused of late is not in it", "err", err)
	}
	r.queue.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
	return nil
}
