package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"qianshao/registry/copies"
	"qianshao/storage/blob"
)

// snapshot is everything but sessions and links: those end with the machine.
type snapshot struct {
	Units    []Unit         `json:"units"`
	Accounts []savedAccount `json:"accounts"`
	Tokens   []savedToken   `json:"tokens"`
}

type savedAccount struct {
	Account
	Hash string `json:"hash"`           // of the password, PHC; empty: none
	TOTP []byte `json:"seed,omitempty"` // sealed
	Used int64  `json:"used"`
}

type savedToken struct {
	Token
	Hash []byte `json:"hash"`
}

// Run keeps a sealed copy of the accounts in the store, looking for changes every
// so often, until ctx ends; it then returns nil.
func (b *Book) Run(ctx context.Context, store blob.Store, every time.Duration) error {
	return copies.Keep(ctx, b.cfg.Log, every, func(ctx context.Context) error { return b.Ship(ctx, store) })
}

// Ship puts a copy into the store if something has changed since this process put
// one there.
func (b *Book) Ship(ctx context.Context, store blob.Store) error {
	return b.copy(ctx, store, b.shelf.Put)
}

// Replace puts a copy under the key of the moment into the store, and removes all
// others: they are sealed under a key that shall be forgotten.
func (b *Book) Replace(ctx context.Context, store blob.Store) error {
	return b.copy(ctx, store, b.shelf.Replace)
}

func (b *Book) copy(ctx context.Context, store blob.Store, put func(context.Context, blob.Store, []byte) error) error {
	s, err := b.save(ctx)
	if err != nil {
		return b.explain("copy accounts", err)
	}
	if len(s.Accounts) == 0 && len(s.Units) == 0 && len(s.Tokens) == 0 {
		return nil // a new folder has nothing to say, and must not push copies out
	}
	plain, err := json.Marshal(s)
	if err == nil {
		err = put(ctx, store, plain)
	}
	if err != nil {
		return fmt.Errorf("copy accounts: %w", err)
	}
	return nil
}

// save reads what a copy holds, in one moment and always in the same order.
func (b *Book) save(ctx context.Context) (s snapshot, err error) {
	tx, err := b.db.R().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	each := func(query string, scan func(*sql.Rows) error) error {
		rows, err := tx.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := scan(rows); err != nil {
				return errors.Join(err, rows.Close())
			}
		}
		return errors.Join(rows.Err(), rows.Close())
	}
	return s, errors.Join(
		each(`SELECT `+unitColumns+` FROM units ORDER BY id`, func(rows *sql.Rows) error {
			u, err := scanUnit(rows)
			s.Units = append(s.Units, u)
			return err
		}),
		each(`SELECT id, login, name, unit, carrier, roles, created_us, disabled_us, directory, cameras, password, totp, totp_used FROM accounts ORDER BY id`, func(rows *sql.Rows) error {
			var a savedAccount
			var roles, cameras string
			err := rows.Scan(&a.ID, &a.Login, &a.Name, &a.Unit, &a.Carrier, &roles, &a.Created, &a.Disabled, &a.Directory, &cameras, &a.Hash, &a.TOTP, &a.Used)
			for r := range strings.FieldsSeq(roles) {
				a.Roles = append(a.Roles, Role(r))
			}
			a.Cameras = splitCameras(cameras)
			s.Accounts = append(s.Accounts, a)
			return err
		}),
		each(`SELECT id, name, role, carrier, case_no, by, created_us, expires_us, revoked_us, hash FROM tokens ORDER BY id`, func(rows *sql.Rows) error {
			var t savedToken
			err := rows.Scan(&t.ID, &t.Name, &t.Role, &t.Carrier, &t.Case, &t.By, &t.Created, &t.Expires, &t.Revoked, &t.Hash)
			s.Tokens = append(s.Tokens, t)
			return err
		}),
	)
}

// Restore fills an empty book from the newest copy in the store, and says how many
// accounts came. A book that is not empty, or a store without a copy, is left as
// it is. The error wraps secret.ErrOtherKey where another secret.key is needed.
func (b *Book) Restore(ctx context.Context, store blob.Store) (accounts int, err error) {
	if n, err := b.Count(ctx); n > 0 || err != nil {
		return 0, err
	}
	plain, err := b.shelf.Newest(ctx, store)
	if err != nil {
		return 0, fmt.Errorf("restore accounts: %w", err)
	}
	if plain == nil {
		return 0, nil
	}
	var s snapshot
	if err := json.Unmarshal(plain, &s); err != nil {
		return 0, fmt.Errorf("restore accounts: %w", err)
	}
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error { return s.put(ctx, tx) })
	if err != nil {
		return 0, b.explain("restore accounts", err)
	}
	return len(s.Accounts), nil
}

func (s *snapshot) put(ctx context.Context, tx *sql.Tx) error {
	for _, u := range s.Units {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO units (`+unitColumns+`) VALUES (?, ?, ?, ?, ?, ?)`, u.row()...); err != nil {
			return err
		}
	}
	for _, a := range s.Accounts {
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, login, name, unit, carrier, roles, password, totp, totp_used, created_us, disabled_us, directory, cameras)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, a.ID, a.Login, a.Name, a.Unit, a.Carrier, joinRoles(a.Roles), a.Hash, a.TOTP, a.Used,
			int64(a.Created), int64(a.Disabled), a.Directory, joinCameras(a.Cameras)); err != nil {
			return err
		}
	}
	for _, t := range s.Tokens {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO tokens (id, hash, name, role, carrier, case_no, by, created_us, expires_us, revoked_us)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, t.ID, t.Hash, t.Name, string(t.Role), t.Carrier, t.Case, t.By,
			int64(t.Created), int64(t.Expires), int64(t.Revoked)); err != nil {
			return err
		}
	}
	// The link that made the first administrator of an empty book is none for these.
	_, err := tx.ExecContext(ctx, `DELETE FROM links`)
	return err
}
