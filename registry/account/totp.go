package account

import (
	"bytes"
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"image/png"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"qianshao/registry/secret"
)

const (
	totpPeriod = 30 // seconds, RFC 6238 5.2
	totpSkew   = 1  // steps that a phone's clock may be off either way
)

func totpPlace(id string) string { return "account totp " + id }

// NewTOTP draws the secret of a second factor and returns it as an otpauth://
// URL, for a phone to scan. Nothing is asked for yet: see ConfirmTOTP.
func (b *Book) NewTOTP(ctx context.Context, id string) (secret.Secret, error) {
	a, err := byID(ctx, b.db.R(), id)
	if err != nil {
		return secret.Secret{}, b.explain("second factor", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: b.cfg.Issuer, AccountName: a.Login, Period: totpPeriod, SecretSize: 20})
	if err != nil {
		return secret.Secret{}, b.explain("second factor", err)
	}
	return secret.New(key.URL()), nil
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

// ConfirmTOTP turns the second factor on, once a code of the URL that NewTOTP
// gave shows that a phone has it. The error wraps ErrBad for a wrong code.
func (b *Book) ConfirmTOTP(ctx context.Context, id string, url secret.Secret, code string) error {
	key, err := otp.NewKeyFromURL(url.Reveal())
	if err != nil || key.Type() != "totp" || key.Period() != totpPeriod || len(key.Secret()) < 16 {
		return fmt.Errorf("second factor: %w: not the URL that was given", ErrBad)
	}
	step := b.stepOf(key.Secret(), code)
	if step == 0 {
		return fmt.Errorf("second factor: %w: the code is not the phone's; is its clock right?", ErrBad)
	}
	return b.explain("second factor", b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		ok, err := exec(ctx, tx, `UPDATE accounts SET totp = ?, totp_used = ? WHERE id = ? AND disabled_us = 0`,
			b.cfg.Key.Seal([]byte(key.Secret()), totpPlace(id)), step, id)
		if err == nil && !ok {
			err = ErrUnknown
		}
		return err
	}))
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
