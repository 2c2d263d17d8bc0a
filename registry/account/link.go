package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"qianshao/registry/secret"
	"qianshao/storage/media"
)

// NewLink makes the one-time link with which the owner of an account sets a
// password; a link made before ends. It is told this once.
func (b *Book) NewLink(ctx context.Context, id string) (plain secret.Secret, err error) {
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		a, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		if a.Disabled != 0 {
			return fmt.Errorf("%w: the account is closed", ErrBad)
		}
		if a.Directory != "" {
			return fmt.Errorf("%w: they sign in through the directory and have no password here", ErrBad)
		}
		plain, err = b.putLink(ctx, tx, id)
		return err
	})
	return plain, b.explain("make link", err)
}

// Setup makes the link with which the first admin is made. ErrBad once there are
// accounts.
func (b *Book) Setup(ctx context.Context) (plain secret.Secret, err error) {
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		if err := unset(ctx, tx); err != nil {
			return err
		}
		plain, err = b.putLink(ctx, tx, "")
		return err
	})
	return plain, b.explain("make set-up link", err)
}

func unset(ctx context.Context, q querier) error {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: there are accounts already", ErrBad)
	}
	return nil
}

func (b *Book) putLink(ctx context.Context, tx *sql.Tx, id string) (secret.Secret, error) {
	plain, hash := bearer("l_")
	if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE account = ? OR expires_us <= ?`, id, int64(b.now())); err != nil {
		return secret.Secret{}, err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO links (hash, account, expires_us) VALUES (?, ?, ?)`, hash, id, b.later(b.cfg.Link))
	return plain, err
}

// takeLink uses up a link and returns its account.
func (b *Book) takeLink(ctx context.Context, tx *sql.Tx, link secret.Secret) (id string, err error) {
	err = tx.QueryRowContext(ctx, `DELETE FROM links WHERE hash = ? AND expires_us > ? RETURNING account`, hashOf(link), int64(b.now())).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrExpired
	}
	return id, err
}

// LinkOf returns whose password a link sets, without using it up: the register is
// told before. The error is that of UseLink.
func (b *Book) LinkOf(ctx context.Context, link secret.Secret) (Account, error) {
	var id string
	err := b.db.R().QueryRowContext(ctx, `SELECT account FROM links WHERE hash = ? AND account <> '' AND expires_us > ?`, hashOf(link), int64(b.now())).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, ErrExpired
	}
	if err != nil {
		return Account{}, b.explain("link", err)
	}
	a, err := byID(ctx, b.db.R(), id)
	return a, b.explain("link", err)
}

// CheckSetup says whether UseSetup would make a first admin, with its error, and
// changes nothing: the register is told before.
func (b *Book) CheckSetup(ctx context.Context, link secret.Secret, login, name string, password secret.Secret) error {
	a := firstAdmin(login, name)
	if err := a.check(); err != nil {
		return err
	}
	if err := CheckPassword(login, password); err != nil {
		return err
	}
	if err := unset(ctx, b.db.R()); err != nil {
		return b.explain("set up", err)
	}
	var n int
	err := b.db.R().QueryRowContext(ctx, `SELECT count(*) FROM links WHERE hash = ? AND account = '' AND expires_us > ?`, hashOf(link), int64(b.now())).Scan(&n)
	if err == nil && n == 0 {
		return ErrExpired
	}
	return b.explain("set up", err)
}

func firstAdmin(login, name string) Account {
	return Account{Login: login, Name: name, Roles: []Role{Admin}}
}

// UseLink sets the password of a link's account. The link is used up when the
// password was taken, and not before.
func (b *Book) UseLink(ctx context.Context, link, password secret.Secret) (a Account, err error) {
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		id, err := b.takeLink(ctx, tx, link)
		if err != nil {
			return err
		}
		if id == "" {
			return ErrExpired // the set-up link makes an account first
		}
		if err := b.setPassword(ctx, tx, id, password, secret.Secret{}); err != nil {
			return err
		}
		a, err = byID(ctx, tx, id)
		return err
	})
	return a, b.explain("use link", err)
}

// UseSetup makes the first admin, with the set-up link.
func (b *Book) UseSetup(ctx context.Context, link secret.Secret, login, name string, password secret.Secret) (Account, error) {
	a := firstAdmin(login, name)
	a.ID, a.Created = media.NewID("u_"), b.now()
	if err := a.check(); err != nil {
		return Account{}, err
	}
	err := b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		if err := unset(ctx, tx); err != nil {
			return err
		}
		id, err := b.takeLink(ctx, tx, link)
		if err == nil && id != "" {
			err = ErrExpired
		}
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, &a); err != nil {
			return err
		}
		return b.setPassword(ctx, tx, a.ID, password, secret.Secret{})
	})
	if err != nil {
		return Account{}, b.explain("set up", err)
	}
	a.Password = true
	return a, nil
}
