package index

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config says where the index lies.
type Config struct {
	Path string           // of the SQLite file; made if missing
	Log  *slog.Logger     // default: discards
	Now  func() time.Time // default: time.Now; the floor of revisions, see DB
}

// DB is the time index. All methods may be called at once from many
// goroutines; readers never wait for the writer.
//
// Revisions ascend and are never given twice: an opening of the database raises
// the next one to at least the Unix time in milliseconds, so that neither a
// lost database nor a power cut that took the last commits makes an old
// revision mean something new. Such revisions answer ErrGone.
//
// Writes that arrive while a commit is under way share the next one. Commits
// survive kill -9. A power cut may take back the last seconds: rows are derived
// again from the spool and the store, causes from the acts; only what allows a
// deletion (Hide) is synced before it returns.
type DB struct {
	cfg Config
	sql *sqldb.DB
	w   *writer

	mu    sync.Mutex           // guards below
	stmts map[string]*sql.Stmt // prepared on the readers

	head  revision // last committed revision
	voids []void   // ascending; constant after Open

	ownMu sync.Mutex // guards own
	own   runKey     // the run stamped through this DB
}

// void is a range of revisions, both ends exclusive, that were never given or
// are lost.
type void struct{ after, before Rev }

// Open opens or makes the index and brings its tables up to date.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", cfg.Path, err)
	}
	file, err := sqldb.Open(ctx, cfg.Path, sub, sqldb.Options{Sync: sqldb.SyncNormal, CacheKiB: 8 << 10, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	db := &DB{cfg: cfg, sql: file, stmts: map[string]*sql.Stmt{}}
	if db.w, err = newWriter(ctx, file, &db.head); err != nil {
		return nil, fmt.Errorf("open index %s: %w", cfg.Path, errors.Join(err, file.Close()))
	}
	if err := db.begin(ctx); err != nil {
		return nil, fmt.Errorf("open index %s: %w", cfg.Path, errors.Join(err, db.Close()))
	}
	return db, nil
}

// Close waits for the write under way and closes the database. It may be
// called twice.
func (db *DB) Close() error {
	errs := []error{db.w.close()}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, s := range db.stmts {
		errs = append(errs, s.Close())
	}
	clear(db.stmts)
	return errors.Join(append(errs, db.sql.Close())...)
}

// begin notes this opening and learns the earlier ones.
func (db *DB) begin(ctx context.Context) error {
	now := db.cfg.Now()
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		last := tx.rev
		tx.rev = max(last, Rev(now.UnixMilli())-1)
		return tx.exec(ctx, `INSERT INTO openings (rev, prev_rev, at_us) VALUES (?, ?, ?)`,
			int64(tx.nextRev()), int64(last), now.UnixMicro())
	})
	if err != nil {
		return err
	}
	rows, err := db.query(ctx, `SELECT prev_rev, rev FROM openings ORDER BY rev`)
	if err != nil {
		return err
	}
	return each(rows, func(scan scanner) error {
		var v void
		if err := scan(&v.after, &v.before); err != nil {
			return err
		}
		db.voids = append(db.voids, v)
		return nil
	})
}

// Head is the last committed revision. An answer as of Head is the answer now.
func (db *DB) Head() Rev { return db.head.load() }

// honours reports whether the index still knows what rev looked like.
func (db *DB) honours(rev Rev) bool {
	if rev <= 0 || rev > db.Head() {
		return false
	}
	for _, v := range db.voids {
		if v.after < rev && rev < v.before {
			return false
		}
	}
	return true
}

// query runs a prepared statement on a reader.
func (db *DB) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := db.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	return rows, db.sql.Explain(err)
}

func (db *DB) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if s := db.stmts[text]; s != nil {
		return s, nil
	}
	s, err := db.sql.R().PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	db.stmts[text] = s
	return s, nil
}

// scanner is the Scan of one result row.
type scanner func(dest ...any) error

// each calls fn for every result row, and closes rows.
func each(rows *sql.Rows, fn func(scan scanner) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one scans the first result row; found is false if there is none.
func (db *DB) one(ctx context.Context, text string, args []any, dest ...any) (found bool, err error) {
	rows, err := db.query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(dest...)
}

// StreamStat is what the index knows of a stream as a whole.
type StreamStat struct {
	Stream   media.StreamID
	Segments int64 // not hidden
	Bytes    int64 // of these segments
}

// Streams lists every stream that ever had a segment, a cause or a hold, in
// order of its id.
func (db *DB) Streams(ctx context.Context) ([]StreamStat, error) {
	rows, err := db.query(ctx, `SELECT stream, segments, bytes FROM streams ORDER BY stream`)
	if err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	var out []StreamStat
	err = each(rows, func(scan scanner) error {
		var s StreamStat
		if err := scan(&s.Stream, &s.Segments, &s.Bytes); err != nil {
			return err
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	return out, nil
}
