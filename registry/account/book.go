package account

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"qianshao/registry/area"
	"qianshao/registry/copies"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Config says where a Book lies and how long things last.
type Config struct {
	Dir    string           // folder of accounts.db
	Key    copies.Sealer    // required; keeps TOTP secrets and copies
	Idle   time.Duration    // a session ends after so long without use; default 1 h
	Most   time.Duration    // and after so long in any case; default 12 h
	Link   time.Duration    // how long a one-time link works; default 72 h
	Log    *slog.Logger     // default: discards
	Now    func() time.Time // default: time.Now
	Issuer string           // what an authenticator app shows; default "qianshao"
}

// Book has the accounts. All methods may be called at once from many goroutines.
type Book struct {
	*copies.Shelf // in the store

	cfg      Config
	db       *sqldb.DB
	hashing  chan struct{} // bounds what argon2 takes at once
	throttle throttle
}

// hashesAtOnce bounds sign-ins that are checked at once: 19 MiB each.
const hashesAtOnce = 2

// Open opens the accounts of a folder, and makes an empty book where there is
// none.
func Open(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Key == nil {
		return nil, errors.New("open accounts: Config needs a Key")
	}
	set := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	set(&cfg.Idle, time.Hour)
	set(&cfg.Most, 12*time.Hour)
	set(&cfg.Link, 72*time.Hour)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Issuer == "" {
		cfg.Issuer = "qianshao"
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	db, err := sqldb.Open(ctx, filepath.Join(cfg.Dir, "accounts.db"), migrations, sqldb.Options{Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	b := &Book{cfg: cfg, db: db, hashing: make(chan struct{}, hashesAtOnce), throttle: throttle{now: cfg.Now}}
	b.Shelf = copies.New(copies.Config{Name: "accounts", Place: "accounts snapshot 1", Key: cfg.Key, Content: b.content, Log: cfg.Log, Now: cfg.Now})
	return b, nil
}

// Close closes the database. It may be called twice.
func (b *Book) Close() error { return b.db.Close() }

func (b *Book) now() timeline.Micros { return timeline.FromTime(b.cfg.Now()) }

func (b *Book) later(d time.Duration) int64 { return b.cfg.Now().Add(d).UnixMicro() }

// exec runs a statement and reports whether it changed a row.
func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (bool, error) {
	done, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// Count returns how many accounts there are, closed ones among them.
func (b *Book) Count(ctx context.Context) (n int, err error) {
	err = b.db.R().QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&n)
	return n, b.explain("count accounts", err)
}

func (b *Book) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, b.db.Explain(err))
}

const accountColumns = `SELECT id, login, name, unit, carrier, roles, password <> '', totp IS NOT NULL, created_us, disabled_us, directory, cameras FROM accounts `

type scanner interface{ Scan(dest ...any) error }

func scanAccount(row scanner) (a Account, err error) {
	var roles, cameras string
	err = row.Scan(&a.ID, &a.Login, &a.Name, &a.Unit, &a.Carrier, &roles, &a.Password, &a.TOTP, &a.Created, &a.Disabled, &a.Directory, &cameras)
	for r := range strings.FieldsSeq(roles) {
		a.Roles = append(a.Roles, Role(r))
	}
	a.Cameras = splitCameras(cameras)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknown
	}
	return a, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func byID(ctx context.Context, q querier, id string) (Account, error) {
	return scanAccount(q.QueryRowContext(ctx, accountColumns+`WHERE id = ?`, id))
}

// Get returns an account by its id or login; the error wraps ErrUnknown if there
// is none.
func (b *Book) Get(ctx context.Context, ref string) (Account, error) {
	a, err := scanAccount(b.db.R().QueryRowContext(ctx, accountColumns+`WHERE id = ? OR login = ?`, ref, ref))
	return a, b.explain(fmt.Sprintf("account %.64q", ref), err)
}

// List returns all accounts by login; closed ones too if asked for.
func (b *Book) List(ctx context.Context, closed bool) (out []Account, err error) {
	rows, err := b.db.R().QueryContext(ctx, accountColumns+`WHERE disabled_us = 0 OR ? ORDER BY login`, closed)
	if err != nil {
		return nil, b.explain("list accounts", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		a, err := scanAccount(rows)
		if err != nil {
			return nil, b.explain("list accounts", err)
		}
		out = append(out, a)
	}
	return out, b.explain("list accounts", rows.Err())
}

func joinCameras(list []media.CameraID) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = string(c)
	}
	return strings.Join(texts, " ")
}

func splitCameras(text string) (out []media.CameraID) {
	for c := range strings.FieldsSeq(text) {
		out = append(out, media.CameraID(c))
	}
	return out
}

func joinRoles(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, " ")
}

// Add makes an account without a password: NewLink lets its owner set one. The
// error wraps ErrBad, ErrTaken or, for a unit that is not there, ErrUnknown.
func (b *Book) Add(ctx context.Context, a Account) (Account, error) {
	a.ID, a.Created, a.Disabled, a.Password, a.TOTP, a.Directory = media.NewID("u_"), b.now(), 0, false, false, ""
	if err := a.check(); err != nil {
		return Account{}, err
	}
	err := b.db.WriteTx(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, &a) })
	if err != nil {
		return Account{}, b.explain(fmt.Sprintf("add account %.64q", a.Login), err)
	}
	return a, nil
}

func insert(ctx context.Context, tx *sql.Tx, a *Account) error {
	if err := unitExists(ctx, tx, a.Unit); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, login, name, unit, carrier, roles, password, totp_used, created_us, disabled_us, directory, cameras)
		VALUES (?, ?, ?, ?, ?, ?, '', 0, ?, 0, ?, ?)`, a.ID, a.Login, a.Name, a.Unit, a.Carrier, joinRoles(a.Roles), int64(a.Created), a.Directory, joinCameras(a.Cameras))
	if sqldb.IsUnique(err) {
		return ErrTaken
	}
	return err
}

func unitExists(ctx context.Context, tx *sql.Tx, id string) error {
	if id == "" {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM units WHERE id = ?`, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("unit %q: %w", id, ErrUnknown)
	}
	return nil
}

// Change gives an account another login, name, unit, carrier, cameras and roles. Where
// what it may do or see changes, its sessions end: at once, and in the middle of an
// answer when that asks again. Links stay. The error wraps ErrBad for an account of
// the directory, which says all of this with every sign-in.
func (b *Book) Change(ctx context.Context, a Account) error {
	if err := a.check(); err != nil {
		return err
	}
	return b.explain(fmt.Sprintf("account %.64q", a.Login), b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		old, err := byID(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if old.Directory != "" {
			return fmt.Errorf("%w: they come from the directory: change their groups there", ErrBad)
		}
		if err := unitExists(ctx, tx, a.Unit); err != nil {
			return err
		}
		if err := update(ctx, tx, &a); err != nil {
			return err
		}
		if joinRoles(old.Roles) == joinRoles(a.Roles) && old.Unit == a.Unit && old.Carrier == a.Carrier && joinCameras(old.Cameras) == joinCameras(a.Cameras) {
			return nil
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE account = ?`, a.ID)
		return err
	}))
}

func update(ctx context.Context, tx *sql.Tx, a *Account) error {
	ok, err := exec(ctx, tx, `UPDATE accounts SET login = ?, name = ?, unit = ?, carrier = ?, roles = ?, cameras = ? WHERE id = ?`,
		a.Login, a.Name, a.Unit, a.Carrier, joinRoles(a.Roles), joinCameras(a.Cameras), a.ID)
	if sqldb.IsUnique(err) {
		return ErrTaken
	}
	if err == nil && !ok {
		err = ErrUnknown
	}
	return err
}

// Disable closes the account of somebody who leaves: its sessions and links end
// at once. The account stays, so that the register's entries keep their name.
func (b *Book) Disable(ctx context.Context, id string) error {
	return b.explain("close account", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		ok, err := exec(ctx, tx, `UPDATE accounts SET disabled_us = ?, password = '', totp = NULL WHERE id = ? AND disabled_us = 0`, int64(b.now()), id)
		if err == nil && !ok {
			return ErrUnknown
		}
		return errors.Join(err, forget(ctx, tx, id, nil))
	}))
}

// Enable opens a closed account again. It has no password then.
func (b *Book) Enable(ctx context.Context, id string) error {
	return b.explain("open account", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		ok, err := exec(ctx, tx, `UPDATE accounts SET disabled_us = 0 WHERE id = ? AND disabled_us <> 0`, id)
		if err == nil && !ok {
			err = ErrUnknown
		}
		return err
	}))
}

// forget ends an account's links, the second factor that waits for its code, and
// its sessions, all but one.
func forget(ctx context.Context, tx *sql.Tx, id string, but []byte) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE account = ? AND hash IS NOT ?`, id, but); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE account = ?`, id); err != nil {
		return err
	}
	return undraw(ctx, tx, id)
}

// PutUnit makes a unit or changes one. Its parent must be there and stand above.
func (b *Book) PutUnit(ctx context.Context, u Unit) error {
	if err := u.check(); err != nil {
		return err
	}
	return b.explain(fmt.Sprintf("unit %.32q", u.ID), b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		for at, steps := u.Parent, 0; at != ""; steps++ {
			var up string
			err := tx.QueryRowContext(ctx, `SELECT parent FROM units WHERE id = ?`, at).Scan(&up)
			if errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("parent %q: %w", at, ErrUnknown)
			}
			if err != nil {
				return err
			}
			if at == u.ID || steps > 10 {
				return fmt.Errorf("parent %q: %w: it stands below this unit", u.Parent, ErrBad)
			}
			at = up
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO units (`+unitColumns+`) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
			parent = excluded.parent, kind = excluded.kind, name = excluded.name, areas = excluded.areas, polygons = excluded.polygons`, u.row()...)
		return err
	}))
}

const unitColumns = `id, parent, kind, name, areas, polygons`

// row is a unit as its table has it.
func (u *Unit) row() []any {
	text, err := json.Marshal(append([]area.Polygon{}, u.Polygons...))
	if err != nil {
		panic(err) // numbers that check has let through
	}
	return []any{u.ID, u.Parent, string(u.Kind), u.Name, strings.Join(u.Areas, " "), string(text)}
}

func scanUnit(row scanner) (u Unit, err error) {
	var areas string
	var polygons []byte
	if err := row.Scan(&u.ID, &u.Parent, &u.Kind, &u.Name, &areas, &polygons); err != nil {
		return u, err
	}
	u.Areas = strings.Fields(areas)
	if err := json.Unmarshal(polygons, &u.Polygons); err != nil {
		return u, fmt.Errorf("unit %s: %w", u.ID, err)
	}
	return u, nil
}

// Units returns all units by id.
func (b *Book) Units(ctx context.Context) (out []Unit, err error) {
	rows, err := b.db.R().QueryContext(ctx, `SELECT `+unitColumns+` FROM units ORDER BY id`)
	if err != nil {
		return nil, b.explain("list units", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		u, err := scanUnit(rows)
		if err != nil {
			return nil, b.explain("list units", err)
		}
		out = append(out, u)
	}
	return out, b.explain("list units", rows.Err())
}
