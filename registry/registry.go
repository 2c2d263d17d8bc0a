package registry

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/registry/secret"
	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The files of a registry below Config.Dir.
const (
	dbName  = "registry.db"
	keyName = "secret.key"
)

// cacheKiB is what each connection may keep of the database in memory: what is asked
// for most of a hundred thousand cameras. A small registry fills little of it.
const cacheKiB = 16 << 10

// ActSink takes acts and returns when the store has them; acts.Log is one. An
// error that wraps acts.ErrNotShipped means: taken, and on its way. An act may
// be given twice, with the same id.
type ActSink interface {
	AppendWait(ctx context.Context, list ...*acts.Act) error
}

// Config says where the registry lies and what it may use.
type Config struct {
	Dir  string           // DATA; made (0700) if missing
	Log  *slog.Logger     // default: discards
	Now  func() time.Time // default: time.Now
	Acts ActSink          // nil: acts wait in the database for a process that has one
	// MostDays bounds the retention that a camera may have of its own: the register
	// outlives what it tells of. Default, and at most: ten years.
	MostDays int
	// Poll is how often Run looks for changes made by another process; default
	// 2 s.
	Poll time.Duration
}

// Registry is the front door. All methods may be called at once from many
// goroutines. Changes are durable when a method returns.
type Registry struct {
	cfg Config
	db  *sqldb.DB
	key atomic.Pointer[secret.Key]
	log *slog.Logger

	ships sync.Mutex // held while the outbox is emptied

	shipping sync.Mutex // held while a snapshot goes to the store
	shipped  int64      // Changes of the last snapshot that went there; guarded by shipping

	watch  watchers
	states book
	finder finder
}

// Open opens the registry, and makes an empty one, with a new key, where there
// is none. It starts nothing; see Run.
//
// A damaged or newer database gives sqldb.ErrCorrupt or sqldb.ErrNewer; a key
// that is gone though passwords depend on it gives ErrKeyMissing; a key that
// others may read secret.ErrKeyOpen. Each names the next action.
func Open(ctx context.Context, cfg Config) (*Registry, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MostDays <= 0 || cfg.MostDays > maxRetentionDays {
		cfg.MostDays = maxRetentionDays
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 2 * time.Second
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	db, err := sqldb.Open(ctx, filepath.Join(cfg.Dir, dbName), migrations, sqldb.Options{CacheKiB: cacheKiB, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	key, err := openKey(ctx, db, filepath.Join(cfg.Dir, keyName))
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", errors.Join(err, db.Close()))
	}
	r := &Registry{cfg: cfg, db: db, log: cfg.Log}
	r.key.Store(key)
	r.states.init()
	return r, nil
}

// openKey loads the key, or makes one if nothing depends on a lost one.
func openKey(ctx context.Context, db *sqldb.DB, path string) (*secret.Key, error) {
	key, err := secret.LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	var sealed int
	err = db.R().QueryRowContext(ctx, `SELECT count(*) FROM streams WHERE password IS NOT NULL OR push_key IS NOT NULL`).Scan(&sealed)
	if err != nil {
		return nil, db.Explain(err)
	}
	if sealed > 0 {
		return nil, fmt.Errorf("%s: %w: %d camera passwords and push keys are sealed under it: put it back from your backup; if it is lost, "+
			"run: install -m 600 /dev/null %s, start again and import the passwords anew", path, ErrKeyMissing, sealed, path)
	}
	return secret.MakeKey(path)
}

// Close writes the state changes still in memory and closes the database. Run
// must have returned. Close may be called twice.
func (r *Registry) Close() error {
	r.finder.others.Wait()
	err := r.flushStates(context.Background())
	return errors.Join(err, r.db.Close())
}

// now is the present moment.
func (r *Registry) now() timeline.Micros { return timeline.FromTime(r.cfg.Now()) }

// write runs fn in a transaction. If fn reports changed, the change counter is
// raised with it, and watchers wake after the commit.
func (r *Registry) write(ctx context.Context, fn func(tx *sql.Tx) (changed bool, err error)) error {
	var changed bool
	err := r.db.WriteTx(ctx, func(tx *sql.Tx) (err error) {
		if changed, err = fn(tx); err != nil || !changed {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE meta SET value = value + 1 WHERE name = 'changes'`)
		return err
	})
	if err == nil && changed {
		r.watch.wake()
	}
	return err
}

// Changes counts the changes of cameras ever made, by any process: ship a new
// Snapshot when it has grown.
func (r *Registry) Changes(ctx context.Context) (int64, error) {
	n, err := changes(ctx, r.db.R())
	return n, r.db.Explain(err)
}

func changes(ctx context.Context, on *sql.DB) (n int64, err error) {
	err = on.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'changes'`).Scan(&n)
	return n, err
}

// place is the part of a sealed box's address that names a stream's password.
func boxPlace(id media.StreamID) string { return "streams/" + string(id) + "/password" }
