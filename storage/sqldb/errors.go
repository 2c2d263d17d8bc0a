package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// ErrCorrupt is wrapped by errors of a database file that is damaged or is no
// SQLite database. The error's text says what to do.
var ErrCorrupt = errors.New("database is damaged")

// ErrNewer is wrapped by Open when the database was written by a newer version
// of the program. The error's text says what to do.
var ErrNewer = errors.New("database is newer than this program")

// IsBusy reports whether another process kept the database locked for longer
// than the busy timeout; trying again is right.
func IsBusy(err error) bool { return errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.LOCKED) }

// IsInterrupted reports whether a query was cut short by its context.
func IsInterrupted(err error) bool {
	return errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// IsFull reports whether the disk under the database had no room left.
func IsFull(err error) bool { return errors.Is(err, sqlite3.FULL) }

// IsUnique reports whether a statement broke a UNIQUE or PRIMARY KEY rule.
func IsUnique(err error) bool {
	return errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) || errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY)
}

// Explain makes an operator's error of err: damage to the file becomes
// ErrCorrupt with the next action. Other errors, and nil, come back unchanged.
func (db *DB) Explain(err error) error { return explain(db.path, err) }

func explain(path string, err error) error {
	if err == nil || errors.Is(err, ErrCorrupt) || !damaged(err) {
		return err
	}
	return fmt.Errorf("%w: %w: %s", ErrCorrupt, err, moveAside(path))
}

func damaged(err error) bool {
	return errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// moveAside is the next action of every error here. Footage never depends on a
// database: it is found again in the spool and the store.
func moveAside(path string) string {
	return fmt.Sprintf("stop the server, move %s, %s-wal and %s-shm aside and run: qianshao reindex", path, path, path)
}
