package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"qianshao/registry/secret"
	"qianshao/storage/media"
)

// SignInFrom lets somebody in whom a directory has vouched for: subject is its name
// for them, which never changes. The first time makes their account; name, unit,
// carrier and roles are the directory's with every time. The error is ErrDenied for
// a closed account, wraps ErrTaken where the login is another's, and ErrBad where
// what the directory says cannot be an account.
func (b *Book) SignInFrom(ctx context.Context, subject string, as Account, address string) (bearer secret.Secret, a Account, err error) {
	if subject == "" {
		return bearer, a, fmt.Errorf("%w: the directory names nobody", ErrBad)
	}
	if err := as.check(); err != nil {
		return bearer, a, err
	}
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		if err := unitExists(ctx, tx, as.Unit); err != nil {
			return err
		}
		a, err = scanAccount(tx.QueryRowContext(ctx, accountColumns+`WHERE directory = ?`, subject))
		if errors.Is(err, ErrUnknown) {
			a = as
			a.ID, a.Created, a.Disabled, a.Directory = media.NewID("u_"), b.now(), 0, subject
			return insert(ctx, tx, &a)
		}
		if err != nil {
			return err
		}
		if a.Disabled != 0 {
			return ErrDenied
		}
		a.Login, a.Name, a.Unit, a.Carrier, a.Cameras, a.Roles = as.Login, as.Name, as.Unit, as.Carrier, as.Cameras, as.Roles
		return update(ctx, tx, &a)
	})
	if err != nil {
		return bearer, Account{}, b.explain(fmt.Sprintf("sign in %.64q from the directory", as.Login), err)
	}
	bearer, err = b.begin(ctx, a.ID, address)
	return bearer, a, err
}
