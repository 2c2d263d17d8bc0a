package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // registers "sqlite3"
)

// Sync says what a commit survives.
type Sync string

const (
	// SyncFull commits survive a power cut. The default.
	SyncFull Sync = "FULL"
	// SyncNormal commits survive kill -9; a power cut may take back the last
	// ones, in order, and never damages the file.
	SyncNormal Sync = "NORMAL"
)

// Options of Open. The zero value is right for a small database that matters.
type Options struct {
	Sync        Sync          // default SyncFull
	Readers     int           // connections that read; default 4
	BusyTimeout time.Duration // how long to wait for another process; default 10 s
	CacheKiB    int           // page cache of each connection; default SQLite's 2,000 KiB
	Log         *slog.Logger  // default: discards
}

// DB is an open database. All methods may be called at once from many
// goroutines.
type DB struct {
	path string
	w, r *sql.DB

	close sync.Once
	err   error // of closing
}

// Open opens the SQLite file at path, makes it (mode 0600) if it is missing,
// and applies the migrations it does not have yet: files named
// 00001_what.sql at the root of migrations, in goose's form. A nil migrations
// leaves the tables alone.
//
// A damaged file gives ErrCorrupt, a newer one ErrNewer. Both name the next
// action; the file is left as it was.
func Open(ctx context.Context, path string, migrations fs.FS, opts Options) (*DB, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := touch(abs); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{path: abs}
	if err := db.open(ctx, migrations, opts); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, errors.Join(explain(path, err), db.Close()))
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, migrations fs.FS, opts Options) (err error) {
	if db.w, err = sql.Open("sqlite3", dsn(db.path, opts, true)); err != nil {
		return err
	}
	db.w.SetMaxOpenConns(1)
	if db.r, err = sql.Open("sqlite3", dsn(db.path, opts, false)); err != nil {
		return err
	}
	readers := opts.Readers
	if readers <= 0 {
		readers = 4
	}
	db.r.SetMaxOpenConns(readers)
	db.r.SetMaxIdleConns(readers)
	if err := db.connect(ctx, opts.busy()); err != nil {
		return err
	}
	if migrations == nil {
		return nil
	}
	return migrate(ctx, db.w, db.path, migrations, opts.Log)
}

// connect opens the writing connection. Two processes that turn a new file to WAL
// at once may each hold what the other wants: SQLite then tells one of them that
// the file is locked without waiting, and it tries again here.
func (db *DB) connect(ctx context.Context, patience time.Duration) error {
	for until := time.Now().Add(patience); ; {
		err := db.w.PingContext(ctx)
		if !IsBusy(err) || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// busy is how long to wait for another process.
func (o Options) busy() time.Duration {
	if o.BusyTimeout > 0 {
		return o.BusyTimeout
	}
	return 10 * time.Second
}

// dsn builds the data source name. The busy timeout stands first: the other
// pragmas may already meet another process's lock.
func dsn(path string, opts Options, write bool) string {
	q := []string{"_pragma=busy_timeout(" + strconv.FormatInt(opts.busy().Milliseconds(), 10) + ")"}
	if opts.CacheKiB > 0 {
		q = append(q, "_pragma=cache_size("+strconv.Itoa(-opts.CacheKiB)+")")
	}
	if write {
		level := opts.Sync
		if level == "" {
			level = SyncFull
		}
		q = append(q, "_txlock=immediate", "_pragma=journal_mode(wal)", "_pragma=synchronous("+string(level)+")",
			"_pragma=foreign_keys(1)", "_pragma=journal_size_limit(67108864)")
	} else {
		q = append(q, "_txlock=deferred", "_pragma=query_only(1)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(q, "&")
}

// touch makes an empty file with a private mode and a synced directory entry;
// SQLite would make it readable for everyone.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Path is the absolute path of the database file.
func (db *DB) Path() string { return db.path }

// W is the connection that writes; there is one, so statements on it queue up.
// Its transactions take the write lock when they begin.
func (db *DB) W() *sql.DB { return db.w }

// R is the pool of connections that read. Writing through it is an error.
func (db *DB) R() *sql.DB { return db.r }

// WriteTx runs fn in a transaction and commits it; an error of fn undoes it.
func (db *DB) WriteTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return db.tx(ctx, db.w, nil, fn)
}

// ReadTx runs fn on one consistent state of the database.
func (db *DB) ReadTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return db.tx(ctx, db.r, &sql.TxOptions{ReadOnly: true}, fn)
}

func (db *DB) tx(ctx context.Context, on *sql.DB, opts *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	tx, err := on.BeginTx(ctx, opts)
	if err != nil {
		return db.Explain(fmt.Errorf("begin transaction: %w", err))
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	if err := fn(tx); err != nil {
		return db.Explain(err)
	}
	if err := tx.Commit(); err != nil {
		return db.Explain(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// Check reads the whole file and returns ErrCorrupt, naming the first faults
// found, if it is damaged. It takes time in proportion to the file.
func (db *DB) Check(ctx context.Context) error {
	rows, err := db.r.QueryContext(ctx, `PRAGMA quick_check(10)`)
	if err != nil {
		return fmt.Errorf("check %s: %w", db.path, db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var faults []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return fmt.Errorf("check %s: %w", db.path, db.Explain(err))
		}
		if s != "ok" {
			faults = append(faults, s)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("check %s: %w", db.path, db.Explain(err))
	}
	if len(faults) > 0 {
		return fmt.Errorf("check %s: %w: %s: %s", db.path, ErrCorrupt, strings.Join(faults, "; "), moveAside(db.path))
	}
	return nil
}

// Close closes all connections, waiting for the statements under way; the last
// one to close folds the WAL into the file. It may be called twice.
func (db *DB) Close() error {
	db.close.Do(func() {
		for _, c := range []*sql.DB{db.r, db.w} {
			if c != nil {
				db.err = errors.Join(db.err, c.Close())
			}
		}
	})
	return db.err
}
