package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"qianshao/storage/blob"
)

// snapshot is everything but sessions, links and second factors that wait for their
// code: those end with the machine.
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

// content is what a copy in the store holds.
func (b *Book) content(ctx context.Context) ([]byte, error) {
	s, err := b.save(ctx)
	if err != nil {
		return nil, b.db.Explain(err)
	}
	if len(s.Accounts) == 0 && len(s.Units) == 0 && len(s.Tokens) == 0 {
		return nil, nil
	}
	return json.Marshal(s)
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
	plain, err := b.Newest(ctx, store)
	if err != nil || plain == nil {
		return 0, err
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
