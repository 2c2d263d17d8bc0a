package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// migrateTries bounds how often two processes that open a new database at the
// same moment may get into each other's way.
const migrateTries = 5

// migrate brings the tables up to date. path is for the error's text.
func migrate(ctx context.Context, w *sql.DB, path string, migrations fs.FS, log *slog.Logger) error {
	p, err := goose.NewProvider(database.DialectSQLite3, w, migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	var tried error
	for range migrateTries {
		have, want, err := p.GetVersions(ctx)
		switch {
		case err != nil && damaged(err):
			return err
		case err != nil:
			tried = err
			continue
		case have == want:
			return nil
		case have > want:
			return fmt.Errorf("%w: it has version %d, this program knows up to %d: start the newer program again, or %s",
				ErrNewer, have, want, moveAside(path))
		}
		done, err := p.Up(ctx)
		if err == nil {
			log.Info("database migrated", "path", path, "from", have, "to", want, "steps", len(done))
			return nil
		}
		// Another process may have been faster: look again.
		tried = err
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("migrate: %w", errors.Join(ctx.Err(), tried))
}
