package account

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"qianshao/storage/blob"
)

const (
	// snapshotPrefix is where copies of the accounts stand in the store, named by
	// their microsecond, so that the last in key order is the newest.
	snapshotPrefix = "v1/accounts/"
	snapshotPlace  = "accounts snapshot 1"
	snapshotsKept  = 5
	maxSnapshot    = 256 << 20
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
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := b.Ship(ctx, store); err != nil && ctx.Err() == nil {
			b.cfg.Log.Warn("the copy of the accounts is not shipped, will be tried again", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Ship puts a copy into the store if something has changed since this process put
// one there.
func (b *Book) Ship(ctx context.Context, store blob.Store) error {
	b.shipping.Lock()
	defer b.shipping.Unlock()
	return b.ship(ctx, store, snapshotsKept)
}

// Replace puts a copy under the key of the moment into the store, and removes all
// others: they are sealed under a key that shall be forgotten.
func (b *Book) Replace(ctx context.Context, store blob.Store) error {
	b.shipping.Lock()
	defer b.shipping.Unlock()
	b.shipped = [32]byte{}
	return b.ship(ctx, store, 1)
}

func (b *Book) ship(ctx context.Context, store blob.Store, keep int) error {
	s, err := b.save(ctx)
	if err != nil {
		return b.explain("copy accounts", err)
	}
	if len(s.Accounts) == 0 && len(s.Units) == 0 && len(s.Tokens) == 0 {
		return nil // a new folder has nothing to say, and must not push copies out
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("copy accounts: %w", err)
	}
	sum := sha256.Sum256(plain)
	if sum == b.shipped {
		return nil
	}
	key := fmt.Sprintf("%s%016d", snapshotPrefix, b.cfg.Now().UnixMicro())
	if err := store.Put(ctx, key, blob.Bytes(b.cfg.Key.Seal(plain, snapshotPlace))); err != nil {
		return fmt.Errorf("ship accounts: %w", err)
	}
	keys, err := snapshotKeys(ctx, store)
	if err != nil {
		return fmt.Errorf("ship accounts: %w", err)
	}
	for len(keys) > keep {
		if err := store.Delete(ctx, keys[0]); err != nil {
			return fmt.Errorf("remove an old copy of the accounts: %w", err)
		}
		keys = keys[1:]
	}
	b.shipped = sum
	return nil
}

func snapshotKeys(ctx context.Context, store blob.Store) (keys []string, err error) {
	for info, err := range store.List(ctx, snapshotPrefix, "") {
		if err != nil {
			return nil, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
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
		each(`SELECT id, parent, kind, name, areas FROM units ORDER BY id`, func(rows *sql.Rows) error {
			var u Unit
			var areas string
			err := rows.Scan(&u.ID, &u.Parent, &u.Kind, &u.Name, &areas)
			u.Areas = strings.Fields(areas)
			s.Units = append(s.Units, u)
			return err
		}),
		each(`SELECT id, login, name, unit, carrier, roles, created_us, disabled_us, password, totp, totp_used FROM accounts ORDER BY id`, func(rows *sql.Rows) error {
			var a savedAccount
			var roles string
			err := rows.Scan(&a.ID, &a.Login, &a.Name, &a.Unit, &a.Carrier, &roles, &a.Created, &a.Disabled, &a.Hash, &a.TOTP, &a.Used)
			for r := range strings.FieldsSeq(roles) {
				a.Roles = append(a.Roles, Role(r))
			}
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
	keys, err := snapshotKeys(ctx, store)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	key := keys[len(keys)-1]
	r, err := store.Get(ctx, key, 0, -1)
	if err != nil {
		return 0, fmt.Errorf("restore accounts: %w", err)
	}
	box, err := io.ReadAll(io.LimitReader(r, maxSnapshot))
	if err = errors.Join(err, r.Close()); err != nil {
		return 0, fmt.Errorf("restore accounts: %s: %w", key, err)
	}
	plain, err := b.cfg.Key.Open(box, snapshotPlace)
	if err != nil {
		return 0, fmt.Errorf("restore accounts: %s: %w", key, err)
	}
	var s snapshot
	if err := json.Unmarshal(plain, &s); err != nil {
		return 0, fmt.Errorf("restore accounts: %s: %w", key, err)
	}
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error { return s.put(ctx, tx) })
	if err != nil {
		return 0, b.explain("restore accounts", err)
	}
	return len(s.Accounts), nil
}

func (s *snapshot) put(ctx context.Context, tx *sql.Tx) error {
	for _, u := range s.Units {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO units (id, parent, kind, name, areas) VALUES (?, ?, ?, ?, ?)`,
			u.ID, u.Parent, string(u.Kind), u.Name, strings.Join(u.Areas, " ")); err != nil {
			return err
		}
	}
	for _, a := range s.Accounts {
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, login, name, unit, carrier, roles, password, totp, totp_used, created_us, disabled_us)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, a.ID, a.Login, a.Name, a.Unit, a.Carrier, joinRoles(a.Roles), a.Hash, a.TOTP, a.Used,
			int64(a.Created), int64(a.Disabled)); err != nil {
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
