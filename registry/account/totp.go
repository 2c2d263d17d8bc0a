package account

import (
	"bytes"
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"image/png"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"qianshao/registry/secret"
)

const (
	totpPeriod = 30 // seconds, RFC 6238 5.2
	totpSkew   = 1  // steps that a phone's clock may be off either way

	drawnTime = 10 * time.Minute // to scan one and type its first code
)

// ErrNotDrawn is returned (wrapped) for a second factor that was not drawn here for
// the account, or too long ago.
var ErrNotDrawn = fmt.Errorf("%w: it was not drawn here in the last ten minutes: begin anew", ErrBad)

func totpPlace(id string) string { return "account totp " + id }

func drawnPlace(id string) string { return "account totp drawn " + id }

// NewTOTP draws the secret of a second factor and returns it as an otpauth://
// URL, for a phone to scan. Nothing is asked for yet: ConfirmTOTP takes this URL
// for ten minutes, unless a newer one is drawn, or the password or the second
// factor changes meanwhile. The caller has had the account proven (Prove).
func (b *Book) NewTOTP(ctx context.Context, id string) (drawn secret.Secret, err error) {
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		a, err := byID(ctx, tx, id)
		if err != nil {
			return err
		}
		key, err := totp.Generate(totp.GenerateOpts{Issuer: b.cfg.Issuer, AccountName: a.Login, Period: totpPeriod, SecretSize: 20})
		if err != nil {
			return err
		}
		drawn = secret.New(key.URL())
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO factors (account, box, expires_us) VALUES (?, ?, ?)`,
			id, b.cfg.Key.Seal([]byte(key.URL()), drawnPlace(id)), b.later(drawnTime))
		return err
	})
	if err != nil {
		return secret.Secret{}, b.explain("second factor", err)
	}
	return drawn, nil
}

// QR is an otpauth:// URL as a picture for a phone to scan: PNG of so many pixels.
func QR(url secret.Secret, pixels int) ([]byte, error) {
	key, err := otp.NewKeyFromURL(url.Reveal())
	if err != nil || key.Type() != "totp" {
		return nil, fmt.Errorf("second factor: %w: not the URL that was given", ErrBad)
	}
	img, err := key.Image(pixels, pixels)
	if err != nil {
		return nil, fmt.Errorf("second factor: %w", err)
	}
	var b bytes.Buffer
	err = png.Encode(&b, img)
	return b.Bytes(), err
}

// CheckTOTP says whether ConfirmTOTP would take a URL and a code, with its errors, and
// changes nothing.
func (b *Book) CheckTOTP(ctx context.Context, id string, url secret.Secret, code string) error {
	return b.explain("second factor", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, _, err := b.shown(ctx, tx, id, url, code)
		return err
	}))
}

// ConfirmTOTP turns the second factor on, or takes it to another phone, once a
// code of the URL that NewTOTP gave shows that a phone has it. The error wraps
// ErrNotDrawn for any other URL, ErrBad for a wrong code.
func (b *Book) ConfirmTOTP(ctx context.Context, id string, url secret.Secret, code string) error {
	return b.explain("second factor", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		plain, step, err := b.shown(ctx, tx, id, url, code)
		if err != nil {
			return err
		}
		ok, err := exec(ctx, tx, `UPDATE accounts SET totp = ?, totp_used = ? WHERE id = ? AND disabled_us = 0`,
			b.cfg.Key.Seal([]byte(plain), totpPlace(id)), step, id)
		if err == nil && !ok {
			err = ErrUnknown
		}
		return errors.Join(err, undraw(ctx, tx, id))
	}))
}

// shown is the secret of the second factor that waits for its code, and the time step
// of the code.
func (b *Book) shown(ctx context.Context, tx *sql.Tx, id string, url secret.Secret, code string) (plain string, step int64, err error) {
	key, err := b.drawn(ctx, tx, id, url)
	if err != nil {
		return "", 0, err
	}
	if step = b.stepOf(key.Secret(), code); step == 0 {
		return "", 0, fmt.Errorf("%w: the code is not the phone's; is its clock right?", ErrBad)
	}
	return key.Secret(), step, nil
}

// drawn is the second factor that waits for its code, if this is its URL.
func (b *Book) drawn(ctx context.Context, tx *sql.Tx, id string, url secret.Secret) (*otp.Key, error) {
	var box []byte
	err := tx.QueryRowContext(ctx, `SELECT box FROM factors WHERE account = ? AND expires_us > ?`, id, int64(b.now())).Scan(&box)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotDrawn
	}
	if err != nil {
		return nil, err
	}
	text, err := b.cfg.Key.Open(box, drawnPlace(id))
	if err != nil || subtle.ConstantTimeCompare(text, []byte(url.Reveal())) != 1 {
		return nil, ErrNotDrawn
	}
	return otp.NewKeyFromURL(string(text))
}

// undraw forgets the second factor that waits for its code.
func undraw(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM factors WHERE account = ?`, id)
	return err
}

// DropTOTP turns the second factor off: the phone is lost. Sessions end.
func (b *Book) DropTOTP(ctx context.Context, id string) error {
	return b.explain("second factor", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		ok, err := exec(ctx, tx, `UPDATE accounts SET totp = NULL WHERE id = ?`, id)
		if err == nil && !ok {
			return ErrUnknown
		}
		return errors.Join(err, forget(ctx, tx, id, nil))
	}))
}

// stepOf returns the time step whose code this is, 0 for none near now.
func (b *Book) stepOf(key, code string) (step int64) {
	now := b.cfg.Now().Unix() / totpPeriod
	for at := now - totpSkew; at <= now+totpSkew; at++ {
		want, err := hotp.GenerateCode(key, uint64(at))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = at
		}
	}
	return step
}

// takeCode uses up a code: none is taken twice (RFC 6238 5.2).
func (b *Book) takeCode(ctx context.Context, id, code string) error {
	return b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		var box []byte
		if err := tx.QueryRowContext(ctx, `SELECT totp FROM accounts WHERE id = ?`, id).Scan(&box); err != nil {
			return err
		}
		key, err := b.cfg.Key.Open(box, totpPlace(id))
		if err != nil {
			return fmt.Errorf("second factor of the account: %w", err)
		}
		step := b.stepOf(string(key), code)
		if step == 0 {
			return ErrDenied
		}
		ok, err := exec(ctx, tx, `UPDATE accounts SET totp_used = ? WHERE id = ? AND totp_used < ?`, step, id, step)
		if err == nil && !ok {
			err = ErrDenied
		}
		return err
	})
}

// Reseal seals every second factor under the key of the moment, and forgets what
// stood there before. locked are those that no key opens; they stay.
func (b *Book) Reseal(ctx context.Context) (sealed, locked int, err error) {
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		sealed, locked = 0, 0
		if _, err := tx.ExecContext(ctx, `DELETE FROM factors`); err != nil { // drawn anew in a moment
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT id, totp FROM accounts WHERE totp IS NOT NULL`)
		if err != nil {
			return err
		}
		boxes := map[string][]byte{}
		for rows.Next() {
			var id string
			var box []byte
			if err := rows.Scan(&id, &box); err != nil {
				return errors.Join(err, rows.Close())
			}
			boxes[id] = box
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for id, box := range boxes {
			plain, err := b.cfg.Key.Open(box, totpPlace(id))
			if err != nil {
				locked++
				continue
			}
			sealed++
			if _, err := tx.ExecContext(ctx, `UPDATE accounts SET totp = ? WHERE id = ?`, b.cfg.Key.Seal(plain, totpPlace(id)), id); err != nil {
				return err
			}
		}
		return nil
	})
	for _, sql := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if err == nil {
			_, err = b.db.W().ExecContext(ctx, sql)
		}
	}
	return sealed, locked, b.explain("seal second factors", err)
}
