package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"qianshao/configs"
	"qianshao/registry"
	"qianshao/registry/register"
	"qianshao/registry/secret"
	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/sqldb"
)

type reindexCmd struct {
	folder
	Deep bool `help:"Read every object whole, even where the store knows its checksum."`
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Help is printed below the flags.
func (*reindexCmd) Help() string {
	return `Rebuilds the index, and lost cameras, from the store and the spool alone. The old index is moved aside, not deleted. Stop the server first.

Nothing expires afterwards (safe mode) until you have looked and said: qianshao safe-mode end. Exit code 1 if something could not be indexed.`
}

// reindexed is the report.
type reindexed struct {
	Segments int               `json:"segments"`
	Bytes    int64             `json:"bytes"`
	Spooled  int               `json:"spooled"` // of the segments, those in the spool
	Removed  int               `json:"removed"` // expired or erased before: hidden again
	Acts     int               `json:"acts"`
	Register int               `json:"register"`          // entries of access registers that came back from the store
	Accounts int               `json:"accounts"`          // that came back from the store
	Cases    int               `json:"cases"`             // the same
	Restored bool              `json:"restored"`          // the registry came back from its snapshot
	Cameras  int               `json:"cameras"`           // made from acts alone: without address and password
	Aside    []string          `json:"aside,omitempty"`   // old databases
	Warning  string            `json:"warning,omitempty"` // why the snapshot was not restored
	Problems []storage.Problem `json:"problems"`
	SafeMode string            `json:"safe_mode"`
}

// Run rebuilds the databases of a data folder.
func (c *reindexCmd) Run(e *env) (err error) {
	cfg, err := c.load(e, nil)
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Data); err != nil {
		return fmt.Errorf("data folder: %w; name the one of your server with --data", err)
	}
	log := newLogger(e.err, configs.Log{Level: "warn", Format: cfg.Log.Format}, &slog.LevelVar{})
	d, err := lockFolder(cfg, log)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("%w: stop the server, then run qianshao reindex again", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	report := &reindexed{Problems: []storage.Problem{}}
	if err := d.moveAside(e.ctx, report); err != nil {
		return err
	}
	if err := d.open(e.ctx); err != nil {
		return err
	}
	if err := d.reindex(e, c.Deep, report); err != nil {
		return err
	}
	if report.SafeMode, err = d.index.SafeMode(e.ctx); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(e.out, report)
	} else {
		err = report.print(e)
	}
	return errors.Join(err, foundIf(len(report.Problems) > 0))
}

// moveAside makes room for a new index, once the store answers; and for a new
// registry where the old one is damaged.
func (d *data) moveAside(ctx context.Context, report *reindexed) error {
	store, err := openStore(d.cfg, d.fs)
	if err != nil {
		return err
	}
	if _, _, err := storage.Identity(ctx, store); err != nil {
		return fmt.Errorf("the store does not answer, so nothing was changed: %w; bring it back and run qianshao reindex again", err)
	}
	names := []string{"index.db"}
	for _, name := range []string{"registry.db", "accounts.db", "cases.db"} {
		path := filepath.Join(d.cfg.Data, name)
		if _, err := os.Stat(path); err == nil && errors.Is(checkDatabase(ctx, path), sqldb.ErrCorrupt) {
			names = append(names, name)
		}
	}
	suffix := "." + time.Now().UTC().Format("20060102T150405") + ".old"
	for _, name := range names {
		for _, part := range []string{"", "-wal", "-shm"} {
			from := filepath.Join(d.cfg.Data, name+part)
			err := os.Rename(from, filepath.Join(d.cfg.Data, name+suffix+part))
			switch {
			case err == nil && part == "":
				report.Aside = append(report.Aside, name+suffix)
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				return fmt.Errorf("move the old database aside: %w", err)
			}
		}
	}
	return nil
}

func (d *data) reindex(e *env, deep bool, report *reindexed) error {
	if err := d.book.Append(e.ctx, &register.Entry{Kind: register.Admin, Who: operator, Act: "index.rebuild"}); err != nil {
		return err
	}
	var err error
	if report.Register, err = d.book.Restore(e.ctx); err != nil {
		return err
	}
	report.Accounts, err = d.people.Restore(e.ctx, d.store)
	if errors.Is(err, secret.ErrOtherKey) {
		report.Warning = err.Error() + ": put back the secret.key of then and run qianshao reindex again, or make the accounts anew"
	} else if err != nil {
		return err
	} else if report.Cases, err = d.cases.Restore(e.ctx, d.store); err != nil {
		return err
	}
	var local []acts.Act
	for a, err := range d.acts.Local(e.ctx) {
		if err != nil {
			return err
		}
		local = append(local, a)
	}
	show := newTicker(e.err)
	rep, err := storage.Reindex(e.ctx, d.archive, storage.ReindexConfig{
		Deep: deep, Local: local,
		Acts: func(ctx context.Context, list []acts.Act) error { return d.restore(ctx, list, report) },
		Progress: func(p storage.ReindexProgress) {
			show.say("%d acts, %d segments, %s  %s", p.Acts, p.Segments, bytesText(p.Bytes), p.At)
		},
	})
	show.clear()
	if rep != nil {
		report.Segments, report.Bytes, report.Acts = rep.Segments, rep.Bytes, rep.Acts
		report.Spooled, report.Removed = rep.Spooled, rep.Removed
		report.Problems = append(report.Problems, rep.Problems...)
	}
	return err
}

// restore brings cameras back: with their addresses from the snapshot, else as
// far as acts tell.
func (d *data) restore(ctx context.Context, list []acts.Act, report *reindexed) error {
	known, err := d.reg.IDs(ctx)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		err := d.reg.RestoreNewest(ctx, d.store)
		switch {
		case err == nil:
			report.Restored = true
		case errors.Is(err, blob.ErrNotExist):
		case errors.Is(err, registry.ErrBadSnapshot), errors.Is(err, secret.ErrOtherKey), errors.Is(err, sqldb.ErrNewer):
			report.Warning = strings.TrimPrefix(report.Warning+"; ", "; ") + err.Error() + "; cameras come back from acts, without addresses and passwords: import those again"
		default:
			return err
		}
	}
	report.Cameras, err = d.reg.Replay(ctx, list)
	return err
}

func (r *reindexed) print(e *env) error {
	text := fmt.Sprintf("%d segments, %s, of which %d are in the spool; %d acts\n", r.Segments, bytesText(r.Bytes), r.Spooled, r.Acts)
	if r.Removed > 0 {
		text += fmt.Sprintf("%d segments had been removed: they stay hidden, and retention deletes them\n", r.Removed)
	}
	if r.Register > 0 {
		text += fmt.Sprintf("%d entries of the access register came back from the store\n", r.Register)
	}
	if r.Restored {
		text += "cameras restored from the newest snapshot\n"
	}
	if r.Cases > 0 {
		text += plural(r.Cases, "case") + " restored\n"
	}
	if r.Accounts > 0 {
		text += plural(r.Accounts, "account") + " restored; the passwords are those of then\n"
	}
	if r.Cameras > 0 {
		text += fmt.Sprintf("%s known from acts alone: import addresses and passwords again\n", plural(r.Cameras, "camera"))
	}
	for _, name := range r.Aside {
		text += "the old database is " + name + "; remove it when all is well\n"
	}
	if r.Warning != "" {
		text += "warning: " + r.Warning + "\n"
	}
	for _, p := range r.Problems {
		text += p.String() + "\n"
	}
	if r.SafeMode != "" {
		text += "nothing expires until you have looked and said: qianshao safe-mode end\n"
	}
	_, err := fmt.Fprint(e.out, text)
	return err
}
