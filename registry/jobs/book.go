package jobs

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"qianshao/registry/copies"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	// Keep is how long a job that has ended is known.
	Keep = 30 * timeline.Day
	// mostWaiting bounds the jobs that have not ended, mostOfOne those of one carrier: each
	// holds what was uploaded.
	mostWaiting = 32
	mostOfOne   = 8
)

// Config says where a Book lies.
type Config struct {
	Dir      string           // folder of jobs.db
	Key      copies.Sealer    // required: of what goes in and comes out
	Parallel int              // so many run at once; default: 2
	Log      *slog.Logger     // default: discards
	Now      func() time.Time // default: time.Now
}

// Book keeps the jobs of a folder. All methods may be called at once from many goroutines.
type Book struct {
	cfg Config
	db  *sqldb.DB

	beginning sync.Mutex // held while a job comes

	mu    sync.Mutex
	open  map[string]*open // jobs that have not ended; guarded by mu
	queue []string         // of them those that wait, in order; guarded by mu

	wake chan struct{}
}

// open is a job that has not ended. Its fields are guarded by Book.mu.
type open struct {
	job     Job
	cancel  context.CancelCauseFunc // nil: it does not run
	changed chan struct{}           // closed, and made anew, with every change
}

func (o *open) tell() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// Open opens the jobs of a folder, and makes an empty book where there is none. It starts
// nothing: jobs wait for Run.
func Open(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Key == nil {
		return nil, errors.New("open jobs: Config needs Key")
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 2
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open jobs: %w", err)
	}
	db, err := sqldb.Open(ctx, filepath.Join(cfg.Dir, "jobs.db"), migrations, sqldb.Options{Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("open jobs: %w", err)
	}
	b := &Book{cfg: cfg, db: db, open: map[string]*open{}, wake: make(chan struct{}, 1)}
	if err := b.load(ctx); err != nil {
		return nil, errors.Join(b.explain("open jobs", err), db.Close())
	}
	return b, nil
}

func (b *Book) now() timeline.Micros { return timeline.FromTime(b.cfg.Now()) }

func (b *Book) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, b.db.Explain(err))
}

// load finds the jobs that have not ended, the oldest first.
func (b *Book) load(ctx context.Context) error {
	list, err := b.rows(ctx, `WHERE ended = 0 ORDER BY rowid`)
	for i := range list {
		j := list[i]
		j.State, j.Total, j.Done, j.Counts = Queued, 0, 0, nil
		b.open[j.ID] = &open{job: j, changed: make(chan struct{})}
		b.queue = append(b.queue, j.ID)
	}
	return err
}

func (b *Book) rows(ctx context.Context, where string, args ...any) (out []Job, err error) {
	rows, err := b.db.R().QueryContext(ctx, `SELECT body FROM jobs `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		var j Job
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &j); err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, rows.Err()
}

func place(id, what string) string { return "job " + id + " " + what }

// digestOf is what two requests under one key must have in common.
func digestOf(j *Job, input []byte) ([]byte, error) {
	options, err := json.Marshal(j.Options)
	sum := sha256.Sum256(append(append(options, 0), input...))
	return sum[:], err
}

// Begin takes a job in: it is durable before this returns. With a key that its actor has
// used for the same before, that job is returned, and fresh is false; for something else the
// error wraps ErrKeyUsed. ErrFull: too many wait.
func (b *Book) Begin(ctx context.Context, j Job, key string, input []byte) (_ Job, fresh bool, err error) {
	b.beginning.Lock()
	defer b.beginning.Unlock()
	if err := b.prune(ctx); err != nil {
		return Job{}, false, err
	}
	digest, err := digestOf(&j, input)
	if err != nil {
		return Job{}, false, fmt.Errorf("begin a job: %w", err)
	}
	if key != "" {
		old, err := b.byKey(ctx, &j, key, digest)
		if err == nil || !errors.Is(err, ErrUnknown) {
			return old, false, err
		}
	}
	if !b.room(j.Carrier) {
		return Job{}, false, ErrFull
	}
	j.ID, j.State, j.Created = media.NewID("j_"), Queued, b.now()
	body, err := json.Marshal(j)
	if err != nil {
		return Job{}, false, fmt.Errorf("begin a job: %w", err)
	}
	_, err = b.db.W().ExecContext(ctx, `INSERT INTO jobs (id, kind, carrier, actor, key, body, digest, input) VALUES (?, ?, ?, ?, NULLIF(?, ''), ?, ?, ?)`,
		j.ID, j.Kind, j.Carrier, j.Actor, key, string(body), b.cfg.Key.Seal(digest, place(j.ID, "digest")), b.cfg.Key.Seal(input, place(j.ID, "input")))
	if err != nil {
		return Job{}, false, b.explain("begin a job", err)
	}
	b.mu.Lock()
	b.open[j.ID] = &open{job: j, changed: make(chan struct{})}
	b.queue = append(b.queue, j.ID)
	b.mu.Unlock()
	b.rouse()
	return j.clone(), true, nil
}

// byKey finds the job that an actor began under a key.
func (b *Book) byKey(ctx context.Context, j *Job, key string, digest []byte) (Job, error) {
	var id string
	var box []byte
	err := b.db.R().QueryRowContext(ctx, `SELECT id, digest FROM jobs WHERE kind = ? AND actor = ? AND key = ?`, j.Kind, j.Actor, key).Scan(&id, &box)
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, ErrUnknown
	}
	if err != nil {
		return Job{}, b.explain("begin a job", err)
	}
	was, err := b.cfg.Key.Open(box, place(id, "digest"))
	if err != nil {
		return Job{}, fmt.Errorf("job %s: %w", id, err)
	}
	if subtle.ConstantTimeCompare(was, digest) == 0 {
		return Job{}, fmt.Errorf("job %s: %w", id, ErrKeyUsed)
	}
	return b.Get(ctx, id)
}

// room reports whether one more job of a carrier may wait.
func (b *Book) room(carrier string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := 0
	for _, o := range b.open {
		if o.job.Carrier == carrier {
			of++
		}
	}
	return len(b.open) < mostWaiting && of < mostOfOne
}

// Get returns a job as it stands. The error wraps ErrUnknown.
func (b *Book) Get(ctx context.Context, id string) (Job, error) {
	b.mu.Lock()
	o := b.open[id]
	if o != nil {
		defer b.mu.Unlock()
		return o.job.clone(), nil
	}
	b.mu.Unlock()
	list, err := b.rows(ctx, `WHERE id = ?`, id)
	switch {
	case err != nil:
		return Job{}, b.explain("job", err)
	case len(list) == 0:
		return Job{}, fmt.Errorf("job %.40q: %w", id, ErrUnknown)
	}
	return list[0], nil
}

// List returns the jobs of a kind, the newest first: of a carrier, or with all everybody's.
func (b *Book) List(ctx context.Context, kind, carrier string, all bool, limit int) ([]Job, error) {
	list, err := b.rows(ctx, `WHERE kind = ? AND (? OR carrier = ?) ORDER BY rowid DESC LIMIT ?`, kind, all, carrier, limit)
	if err != nil {
		return nil, b.explain("list jobs", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range list {
		if o := b.open[list[i].ID]; o != nil {
			list[i] = o.job.clone()
		}
	}
	return list, nil
}

// Watch returns a job as it stands, and a channel that is closed once it stands otherwise;
// nil: it has ended.
func (b *Book) Watch(ctx context.Context, id string) (Job, <-chan struct{}, error) {
	b.mu.Lock()
	if o := b.open[id]; o != nil {
		defer b.mu.Unlock()
		return o.job.clone(), o.changed, nil
	}
	b.mu.Unlock()
	j, err := b.Get(ctx, id)
	return j, nil, err
}

// Result is what came out of a job; nil: nothing did, or not yet.
func (b *Book) Result(ctx context.Context, id string) ([]byte, error) {
	return b.opened(ctx, id, "result")
}

// Sheet is what a job has to download; nil: there is nothing.
func (b *Book) Sheet(ctx context.Context, id string) ([]byte, error) {
	return b.opened(ctx, id, "sheet")
}

// opened reads a sealed column of a job.
func (b *Book) opened(ctx context.Context, id, column string) ([]byte, error) {
	var box []byte
	err := b.db.R().QueryRowContext(ctx, `SELECT `+column+` FROM jobs WHERE id = ?`, id).Scan(&box)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("job %.40q: %w", id, ErrUnknown)
	}
	if err != nil || box == nil {
		return nil, b.explain("job", err)
	}
	plain, err := b.cfg.Key.Open(box, place(id, column))
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", id, err)
	}
	return plain, nil
}

// prune forgets jobs that ended long ago.
func (b *Book) prune(ctx context.Context) error {
	_, err := b.db.W().ExecContext(ctx, `DELETE FROM jobs WHERE ended > 0 AND ended < ?`, int64(b.now()-Keep))
	return b.explain("prune jobs", err)
}
