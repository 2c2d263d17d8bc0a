package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"qianshao/storage/group"
	"qianshao/storage/sqldb"
)

// groupMax bounds the writes that share one commit, and with it how long the
// first of them waits for the last.
const groupMax = 256

// durability says what a write must survive before it is reported done.
type durability bool

const (
	derived durability = false // kill -9; after a power cut it is derived again
	durable durability = true  // a power cut
)

// revision is the last committed revision, read without a lock.
type revision struct{ v atomic.Int64 }

func (r *revision) load() Rev   { return Rev(r.v.Load()) }
func (r *revision) store(v Rev) { r.v.Store(int64(v)) }

// writer runs writes one transaction at a time; those that arrive during a
// commit share the next one.
type writer struct {
	queue group.Queue[*write]
	db    *sqldb.DB
	head  *revision

	// Used by the round under way alone.
	conn  *sql.Conn // the one that writes
	stmts map[string]*sql.Stmt

	once sync.Once // closes
	err  error     // of closing
}

// write is one queued write.
type write struct {
	fn  func(ctx context.Context, tx *tx) error
	dur durability
	err error
}

// tx is the transaction of a round, on the writer's connection. rev is the
// last revision given.
type tx struct {
	w   *writer
	rev Rev
}

func newWriter(ctx context.Context, db *sqldb.DB, head *revision) (*writer, error) {
	conn, err := db.W().Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, head: head, conn: conn, stmts: map[string]*sql.Stmt{}}
	w.queue.Run, w.queue.Max = w.run, groupMax
	return w, nil
}

// do runs fn in a transaction and returns when it is committed. If fn fails,
// its changes alone are undone. If ctx ends first, do returns its error and the
// write may or may not take effect: what fn reads must not be changed then, and
// what it writes not be read.
func (w *writer) do(ctx context.Context, dur durability, fn func(ctx context.Context, tx *tx) error) error {
	op := &write{fn: fn, dur: dur}
	if err := w.queue.Do(ctx, op); err != nil {
		return err
	}
	return op.err
}

// run commits a round and tells each of its writes how it went.
func (w *writer) run(ctx context.Context, round []*write) {
	head, err := w.commit(ctx, round)
	if err == nil {
		w.head.store(head)
		return
	}
	err = w.db.Explain(err)
	for _, op := range round {
		if op.err == nil {
			op.err = err
		}
	}
}

func (w *writer) commit(ctx context.Context, round []*write) (head Rev, err error) {
	dur := derived
	for _, op := range round {
		dur = dur || op.dur
	}
	if dur == durable {
		if err := w.sync(ctx, "FULL"); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, w.sync(ctx, "NORMAL")) }()
	}
	t := &tx{w: w}
	if err := t.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return 0, fmt.Errorf("begin write: %w", err)
	}
	defer func() {
		if err != nil {
			// Some errors (a full disk) have rolled back already.
			_ = t.exec(ctx, `ROLLBACK`)
		}
	}()
	if _, err := t.one(ctx, `SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'rev'`, nil, &t.rev); err != nil {
		return 0, err
	}
	before := t.rev
	for _, op := range round {
		if err := w.runOne(ctx, t, op); err != nil {
			return 0, err
		}
	}
	if t.rev != before {
		err := t.exec(ctx, `INSERT INTO meta (name, value) VALUES ('rev', ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, fmt.Sprint(int64(t.rev)))
		if err != nil {
			return 0, err
		}
	}
	if err := t.exec(ctx, `COMMIT`); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return t.rev, nil
}

// runOne runs one write behind a savepoint. It returns an error only if the
// whole transaction is lost; the write's own error goes to op.err.
func (w *writer) runOne(ctx context.Context, t *tx, op *write) error {
	if err := t.exec(ctx, `SAVEPOINT op`); err != nil {
		return err
	}
	rev := t.rev
	if op.err = op.fn(ctx, t); op.err != nil {
		t.rev = rev
		if err := t.exec(ctx, `ROLLBACK TO op`); err != nil {
			// A full disk, for one, has undone the whole transaction already.
			return errors.Join(op.err, err)
		}
	}
	return t.exec(ctx, `RELEASE op`)
}

func (w *writer) sync(ctx context.Context, mode string) error {
	_, err := w.conn.ExecContext(ctx, `PRAGMA synchronous = `+mode)
	return err
}

// close waits for the writes under way and refuses further ones.
func (w *writer) close() error {
	w.queue.Close()
	w.once.Do(func() {
		var errs []error
		for _, s := range w.stmts {
			errs = append(errs, s.Close())
		}
		w.err = errors.Join(append(errs, w.conn.Close())...)
	})
	return w.err
}

// nextRev gives a new revision.
func (t *tx) nextRev() Rev {
	t.rev++
	return t.rev
}

func (t *tx) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s := t.w.stmts[text]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	t.w.stmts[text] = s
	return s, nil
}

func (t *tx) exec(ctx context.Context, text string, args ...any) error {
	_, err := t.execN(ctx, text, args...)
	return err
}

// execN returns how many rows the statement changed.
func (t *tx) execN(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := t.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *tx) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := t.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// one scans the first result row; found is false if there is none.
func (t *tx) one(ctx context.Context, text string, args []any, dest ...any) (found bool, err error) {
	rows, err := t.query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, errors.Join(rows.Scan(dest...), rows.Close())
}
