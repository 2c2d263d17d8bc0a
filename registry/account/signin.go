package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"qianshao/registry/secret"
)

// decoy is checked where there is no password, so that it takes as long.
var decoy = sync.OnceValue(func() string { return hashPassword(secret.New("no account has this password")) })

// SignIn lets somebody in: the right password, and the code of the second factor
// where the account has one. It returns the session's bearer, told this once.
// The error is ErrDenied for all that is wrong, after the same time (ErrLocked after
// too many attempts), or ErrNeedCode for the right password without a code.
func (b *Book) SignIn(ctx context.Context, login string, password secret.Secret, code, address string) (bearer secret.Secret, a Account, err error) {
	if a, err = b.Prove(ctx, login, password, code, address); err != nil {
		return secret.Secret{}, Account{}, err
	}
	bearer, err = b.begin(ctx, a.ID, address)
	return bearer, a, err
}

// Prove is SignIn without a session: somebody who is signed in shows that it is
// still them, before their password or second factor changes.
func (b *Book) Prove(ctx context.Context, login string, password secret.Secret, code, address string) (Account, error) {
	if b.throttle.locked(login, address) {
		return Account{}, ErrLocked
	}
	if len(login) > 64 || len(password.Reveal()) > longestPassword {
		return Account{}, ErrDenied
	}
	a, err := b.check(ctx, login, password, code)
	switch {
	case errors.Is(err, ErrNeedCode):
		return Account{}, err // not a failure: the code comes next
	case errors.Is(err, ErrDenied):
		if b.throttle.failed(login, address) {
			return Account{}, ErrLocked
		}
		return Account{}, err
	case err != nil:
		return Account{}, b.explain("sign in", err)
	}
	b.throttle.fine(login, address)
	return a, nil
}

func (b *Book) check(ctx context.Context, login string, password secret.Secret, code string) (Account, error) {
	a, err := scanAccount(b.db.R().QueryRowContext(ctx, accountColumns+`WHERE login = ?`, login))
	if err != nil && !errors.Is(err, ErrUnknown) {
		return a, err
	}
	phc := decoy()
	exists := err == nil && a.Disabled == 0 && a.Password
	if exists {
		if err := b.db.R().QueryRowContext(ctx, `SELECT password FROM accounts WHERE id = ?`, a.ID).Scan(&phc); err != nil {
			return a, err
		}
	}
	same, err := b.samePassword(ctx, phc, password)
	switch {
	case err != nil:
		return a, err
	case !same || !exists:
		return a, ErrDenied
	case !a.TOTP:
		return a, nil
	case code == "":
		return a, ErrNeedCode
	}
	return a, b.takeCode(ctx, a.ID, code)
}

// samePassword is the function, a few at a time.
func (b *Book) samePassword(ctx context.Context, phc string, password secret.Secret) (bool, error) {
	select {
	case b.hashing <- struct{}{}:
		defer func() { <-b.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return samePassword(phc, password)
}

// SetPassword gives an account a new password. Its links, and its sessions but
// for the one that asks (its bearer, or none), end.
func (b *Book) SetPassword(ctx context.Context, id string, password, session secret.Secret) error {
	return b.explain("set password", b.db.WriteTx(ctx, func(tx *sql.Tx) error { return b.setPassword(ctx, tx, id, password, session) }))
}

func (b *Book) setPassword(ctx context.Context, tx *sql.Tx, id string, password, session secret.Secret) error {
	a, err := byID(ctx, tx, id)
	if err != nil {
		return err
	}
	if a.Disabled != 0 {
		return fmt.Errorf("%w: the account is closed", ErrBad)
	}
	if err := CheckPassword(a.Login, password); err != nil {
		return err
	}
	if _, err := exec(ctx, tx, `UPDATE accounts SET password = ? WHERE id = ?`, hashPassword(password), id); err != nil {
		return err
	}
	b.throttle.fine(a.Login, "") // from where is not known: their sign-in takes back the rest
	return forget(ctx, tx, id, hashOf(session))
}
