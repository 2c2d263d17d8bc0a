package account

import (
	"context"
	"database/sql"
	"errors"

	"qianshao/registry/secret"
	"qianshao/storage/timeline"
)

// renewAfter is how old a session's last note of its use may be before it is
// written anew: a write a minute, not one a request.
const renewAfter = timeline.Minute

func (b *Book) begin(ctx context.Context, id, address string) (secret.Secret, error) {
	plain, hash := bearer("s_")
	now := int64(b.now())
	err := b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (hash, account, address, begun_us, seen_us, expires_us) VALUES (?, ?, ?, ?, ?, ?)`,
			hash, id, address, now, now, b.later(b.cfg.Most))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_us <= ? OR seen_us <= ?`, now, now-b.cfg.Idle.Microseconds())
		return err
	})
	if err != nil {
		return secret.Secret{}, b.explain("begin session", err)
	}
	return plain, nil
}

// Session returns whose session a bearer is, and notes that it was used.
// ErrExpired when it is over, was ended, or never was.
func (b *Book) Session(ctx context.Context, bearer secret.Secret) (Account, error) {
	hash, now := hashOf(bearer), b.now()
	var id string
	var seen, expires timeline.Micros
	err := b.db.R().QueryRowContext(ctx, `SELECT account, seen_us, expires_us FROM sessions WHERE hash = ?`, hash).Scan(&id, &seen, &expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (now >= expires || now-seen >= timeline.Micros(b.cfg.Idle.Microseconds())) {
		return Account{}, ErrExpired
	}
	if err != nil {
		return Account{}, b.explain("session", err)
	}
	a, err := byID(ctx, b.db.R(), id)
	if err != nil {
		return Account{}, b.explain("session", err)
	}
	if a.Disabled != 0 {
		return Account{}, ErrExpired
	}
	if now-seen >= renewAfter {
		// On a full disk this fails: the session then ends early, not at once.
		err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_us = ? WHERE hash = ?`, int64(now), hash)
			return err
		})
		if err != nil {
			b.cfg.Log.Warn("the use of a session is not noted", "err", b.db.Explain(err))
		}
	}
	return a, nil
}

// SignOut ends a session. One that is over already is no error.
func (b *Book) SignOut(ctx context.Context, bearer secret.Secret) error {
	return b.explain("sign out", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE hash = ?`, hashOf(bearer))
		return err
	}))
}

// EndSessions ends all sessions and links of an account.
func (b *Book) EndSessions(ctx context.Context, id string) error {
	return b.explain("end sessions", b.db.WriteTx(ctx, func(tx *sql.Tx) error { return forget(ctx, tx, id, nil) }))
}
