package index

import (
	"context"
	"fmt"
	"strconv"

	"qianshao/storage/timeline"
)

// The names of the meta table. "rev" belongs to the writer.
const (
	metaStore    = "store"     // identity of the store this index describes
	metaSafeMode = "safe_mode" // why deletes are off; absent when they are on
	metaConfirm  = "confirmed" // see Confirmed
)

// SafeMode returns why deletes are off, or "" when they are allowed.
func (db *DB) SafeMode(ctx context.Context) (why string, err error) {
	if _, err := db.one(ctx, `SELECT value FROM meta WHERE name = ?`, []any{metaSafeMode}, &why); err != nil {
		return "", fmt.Errorf("read safe mode: %w", err)
	}
	return why, nil
}

// EnterSafeMode turns deletes off until EndSafeMode, across restarts. The first
// reason is kept.
func (db *DB) EnterSafeMode(ctx context.Context, why string) error {
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		return tx.enterSafeMode(ctx, why)
	})
	if err != nil {
		return fmt.Errorf("enter safe mode: %w", err)
	}
	db.cfg.Log.Warn("deletes are off until an operator ends safe mode", "why", why)
	return nil
}

func (t *tx) enterSafeMode(ctx context.Context, why string) error {
	return t.exec(ctx, `INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, metaSafeMode, why)
}

// EndSafeMode allows deletes again; only an operator decides that.
func (db *DB) EndSafeMode(ctx context.Context) error {
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		return tx.exec(ctx, `DELETE FROM meta WHERE name = ?`, metaSafeMode)
	})
	if err != nil {
		return fmt.Errorf("end safe mode: %w", err)
	}
	return nil
}

// StoreID is the identity noted by Meet, "" before.
func (db *DB) StoreID(ctx context.Context) (id string, err error) {
	if _, err := db.one(ctx, `SELECT value FROM meta WHERE name = ?`, []any{metaStore}, &id); err != nil {
		return "", fmt.Errorf("read store identity: %w", err)
	}
	return id, nil
}

// Meet joins the index with its store, at every start. An index that has never
// met a store takes this one; if the store holds objects already, the database
// was lost, and deletes stay off (safe mode) until an operator ends it. An
// index that knows another store enters safe mode too, and Meet fails with
// ErrOtherStore.
func (db *DB) Meet(ctx context.Context, storeID string, storeEmpty bool) error {
	var known string
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		found, err := tx.one(ctx, `SELECT value FROM meta WHERE name = ?`, []any{metaStore}, &known)
		if err != nil {
			return err
		}
		switch {
		case found && known == storeID:
			return nil
		case found:
			return tx.enterSafeMode(ctx, "the index belongs to store "+known+", not "+storeID)
		}
		known = storeID
		if !storeEmpty {
			if err := tx.enterSafeMode(ctx, "the index was new while the store held footage"); err != nil {
				return err
			}
		}
		return tx.exec(ctx, `INSERT INTO meta (name, value) VALUES (?, ?)`, metaStore, storeID)
	})
	if err == nil && known != storeID {
		err = fmt.Errorf("%s, not %s: %w", known, storeID, ErrOtherStore)
	}
	if err != nil {
		return fmt.Errorf("join index and store: %w", err)
	}
	return nil
}

// Confirmed is the moment up to which an operator has allowed footage to expire
// whatever the guards of retention say; 0 if never.
func (db *DB) Confirmed(ctx context.Context) (before timeline.Micros, err error) {
	if _, err := db.one(ctx, `SELECT CAST(value AS BIGINT) FROM meta WHERE name = ?`, []any{metaConfirm}, &before); err != nil {
		return 0, fmt.Errorf("read confirmation: %w", err)
	}
	return before, nil
}

// Confirm sets what Confirmed returns.
func (db *DB) Confirm(ctx context.Context, before timeline.Micros) error {
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		return tx.exec(ctx, `INSERT INTO meta (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, metaConfirm, strconv.FormatInt(int64(before), 10))
	})
	if err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	return nil
}
