package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func migrations(files ...string) fs.FS {
	m := fstest.MapFS{}
	for i, up := range files {
		name := "0000" + string(rune('1'+i)) + "_step.sql"
		m[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "\n")}
	}
	return m
}

var one = migrations(`CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);`)

func mustOpen(t *testing.T, path string, m fs.FS, opts Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, m, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func insert(t *testing.T, db *DB, name string) {
	t.Helper()
	err := db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO things (name) VALUES (?)`, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	err := db.ReadTx(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM things`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReopenKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	// A name that a data source name could misread.
	path := filepath.Join(t.TempDir(), "odd name?x#y%20z.db")
	db := mustOpen(t, path, one, Options{})
	insert(t, db, "a")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	two := mustOpen(t, path, migrations(
		`CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);`,
		`ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 0;`), Options{Sync: SyncNormal})
	insert(t, two, "b")
	if n := count(t, two); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	if err := two.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, filepath.Join(t.TempDir(), "x.db"), one, Options{Sync: SyncNormal, CacheKiB: 512})
	for _, c := range []struct {
		on   *sql.DB
		what string
		want string
	}{
		{db.W(), "journal_mode", "wal"},
		{db.W(), "synchronous", "1"},
		{db.W(), "foreign_keys", "1"},
		{db.W(), "busy_timeout", "10000"},
		{db.W(), "cache_size", "-512"},
		{db.R(), "query_only", "1"},
		{db.R(), "busy_timeout", "10000"},
	} {
		var got string
		if err := c.on.QueryRowContext(t.Context(), "PRAGMA "+c.what).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%s is %s, want %s", c.what, got, c.want)
		}
	}
	if _, err := db.R().ExecContext(t.Context(), `INSERT INTO things (name) VALUES ('x')`); err == nil {
		t.Error("a reader wrote")
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, filepath.Join(t.TempDir(), "x.db"), one, Options{})
	insert(t, db, "a")
	boom := errors.New("boom")
	err := db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO things (name) VALUES ('b')`)
		return errors.Join(boom, err)
	})
	if !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	err = db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO things (name) VALUES ('a')`)
		return err
	})
	if !IsUnique(err) {
		t.Fatalf("got %v, want a broken UNIQUE", err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "index.db")
	newer := migrations(`CREATE TABLE a (x INTEGER);`, `CREATE TABLE b (x INTEGER);`)
	if err := mustOpen(t, path, newer, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, migrations(`CREATE TABLE a (x INTEGER);`), Options{})
	if !errors.Is(err, ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
	for _, want := range []string{path, "version 2", "qianshao reindex"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	mustOpen(t, path, newer, Options{}) // unharmed
}

func TestDamagedFileIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "good.db")
	db := mustOpen(t, good, one, Options{})
	insert(t, db, "a")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"garbage":     func(b []byte) []byte { return bytes.Repeat([]byte("qianshao"), len(b)/8) },
		"zeroed head": func(b []byte) []byte { clear(b[:100]); return b },
		"torn schema": func(b []byte) []byte { clear(b[100:4096]); return b },
		"cut short":   func(b []byte) []byte { return b[:len(b)/2/4096*4096+100] },
		"a text file": func([]byte) []byte { return []byte("not a database\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "index.db")
			bad := spoil(bytes.Clone(sound))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), path, one, Options{})
			if err == nil {
				// Damage behind the schema shows at the first full reading.
				err = db.Check(t.Context())
				t.Cleanup(func() { _ = db.Close() })
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			for _, want := range []string{path, "aside", "qianshao reindex"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			now, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(now, bad) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

func TestAMissingFolderIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "no", "x.db")
	_, err := Open(t.Context(), path, one, Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}

func TestABadMigrationLeavesTheVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	half := migrations(`CREATE TABLE a (x INTEGER);`, "CREATE TABLE b (x INTEGER);\nINSERT INTO nowhere VALUES (1);")
	if _, err := Open(t.Context(), path, half, Options{}); err == nil {
		t.Fatal("a failing migration passed")
	}
	db := mustOpen(t, path, migrations(`CREATE TABLE a (x INTEGER);`, `CREATE TABLE b (x INTEGER);`), Options{})
	if _, err := db.W().ExecContext(t.Context(), `INSERT INTO b VALUES (1)`); err != nil {
		t.Error(err)
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			db, err := Open(context.Background(), path, one, Options{})
			if err == nil {
				err = db.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x.db")
	for b.Loop() {
		db, err := Open(b.Context(), path, one, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
