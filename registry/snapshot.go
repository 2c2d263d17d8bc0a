package registry

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"qianshao/registry/secret"
	"qianshao/storage/sqldb"
)

// A snapshot is snapshotHead and a sealed box (package secret) of the gzipped
// database.
const (
	snapshotHead  = "qianshao-registry-1\n"
	snapshotPlace = "registry snapshot 1"
)

// maxSnapshot bounds the unpacked database: 100,000 cameras take some 100 MB.
const maxSnapshot = 2 << 30

// snapshotTables are copied by Restore. The history of states stays behind:
// it is large and says nothing of another machine.
var snapshotTables = []string{"cameras", "streams", "enrolments", "camera_places", "camera_divisions", "lifecycle_steps", "consents", "pauses", "withdrawals", "site_places", "outbox"}

// Snapshot returns the whole registry, sealed under secret.key: cameras, URLs,
// accounts and passwords. Ship it when Changes has grown.
func (r *Registry) Snapshot(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp(r.cfg.Dir, ".snapshot-") // 0700
	if err != nil {
		return nil, fmt.Errorf("snapshot registry: %w", err)
	}
	plain, err := r.copyOut(ctx, filepath.Join(dir, dbName))
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return nil, fmt.Errorf("snapshot registry: %w", err)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(plain)
	if err = errors.Join(err, zip.Close()); err != nil {
		return nil, fmt.Errorf("snapshot registry: %w", err)
	}
	return append([]byte(snapshotHead), r.key.Load().Seal(packed.Bytes(), snapshotPlace)...), nil
}

// copyOut writes a consistent copy of the database to path and reads it back.
func (r *Registry) copyOut(ctx context.Context, path string) ([]byte, error) {
	if _, err := r.db.W().ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return nil, r.db.Explain(err)
	}
	copied, err := sqldb.Open(ctx, path, nil, sqldb.Options{Sync: sqldb.SyncNormal})
	if err != nil {
		return nil, err
	}
	_, err = copied.W().ExecContext(ctx, `DELETE FROM stream_states`)
	if err == nil {
		_, err = copied.W().ExecContext(ctx, `VACUUM`)
	}
	if err = errors.Join(err, copied.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Restore fills an empty registry from a Snapshot, also of an older version of
// the program. The error wraps ErrNotEmpty, ErrBadSnapshot, secret.ErrOtherKey
// (put the secret.key of then into place first) or sqldb.ErrNewer.
func (r *Registry) Restore(ctx context.Context, snapshot []byte) error {
	plain, err := r.unseal(snapshot)
	if err != nil {
		return fmt.Errorf("restore registry: %w", err)
	}
	dir, err := os.MkdirTemp(r.cfg.Dir, ".snapshot-")
	if err != nil {
		return fmt.Errorf("restore registry: %w", err)
	}
	err = r.copyIn(ctx, filepath.Join(dir, dbName), plain)
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("restore registry: %w", err)
	}
	r.watch.wake()
	return nil
}

func (r *Registry) unseal(snapshot []byte) ([]byte, error) {
	box, ok := bytes.CutPrefix(snapshot, []byte(snapshotHead))
	if !ok {
		return nil, fmt.Errorf("%w: it begins otherwise", ErrBadSnapshot)
	}
	packed, err := r.key.Load().Open(box, snapshotPlace)
	if errors.Is(err, secret.ErrOtherKey) {
		return nil, fmt.Errorf("%w: stop, put back the secret.key this snapshot was made with, and try again", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	plain, err := io.ReadAll(io.LimitReader(zip, maxSnapshot))
	if err = errors.Join(err, zip.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	return plain, nil
}

// copyIn brings the snapshot at path up to date and copies its rows.
func (r *Registry) copyIn(ctx context.Context, path string, plain []byte) error {
	if err := os.WriteFile(path, plain, 0o600); err != nil {
		return err
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	from, err := sqldb.Open(ctx, path, migrations, sqldb.Options{Sync: sqldb.SyncNormal, Log: r.log})
	if err != nil {
		return err
	}
	if err := from.Close(); err != nil {
		return err
	}
	conn, err := r.db.W().Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	if _, err := conn.ExecContext(ctx, `ATTACH DATABASE ? AS snap`, path); err != nil {
		return err
	}
	err = r.copyTables(ctx, conn)
	// The connection lives on: without this the next Restore would find it taken.
	_, detached := conn.ExecContext(context.WithoutCancel(ctx), `DETACH DATABASE snap`)
	return errors.Join(err, detached)
}

func (r *Registry) copyTables(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM main.cameras`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: it has %d cameras: move registry.db aside to start from the snapshot", ErrNotEmpty, n)
	}
	for _, table := range snapshotTables {
		if _, err := tx.ExecContext(ctx, `INSERT INTO main.`+table+` SELECT * FROM snap.`+table); err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE main.meta SET value = 1 +
		max(value, (SELECT s.value FROM snap.meta s WHERE s.name = 'changes')) WHERE name = 'changes'`)
	if err != nil {
		return err
	}
	return tx.Commit()
}
