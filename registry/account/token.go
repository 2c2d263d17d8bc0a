package account

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Token is what a program signs in with: a carrier's onboarding, a script of the
// bureau. It is one role's, and can be bound further.
type Token struct {
	ID      string          `json:"id"`   // t_…, of NewTokenID
	Name    string          `json:"name"` // what it is for
	Role    Role            `json:"role"`
	Carrier string          `json:"carrier,omitempty"`
	Case    string          `json:"case,omitempty"`
	By      string          `json:"by,omitempty"` // the account that issued it
	Created timeline.Micros `json:"created"`
	Expires timeline.Micros `json:"expires"`
	Revoked timeline.Micros `json:"revoked,omitempty"` // since; 0: not
}

// longestToken bounds how long a token lasts: what nobody renews, nobody needs.
const longestToken = 400 * 24 * time.Hour

// NewTokenID draws the id of a token that is to be issued: the register has it
// before there is one.
func NewTokenID() string { return media.NewID("t_") }

var tokenForm = regexp.MustCompile(`^t_[a-z2-7]{16}$`)

// IssueToken makes a token and returns its bearer, told this once. Without an id it
// draws one. The error wraps ErrBad.
func (b *Book) IssueToken(ctx context.Context, t Token) (plain secret.Secret, out Token, err error) {
	bad := func(field, why string) (secret.Secret, Token, error) {
		return secret.Secret{}, Token{}, fmt.Errorf("%s: %w: %s", field, ErrBad, why)
	}
	now := b.now()
	if err := CheckName(t.Name); err != nil {
		return secret.Secret{}, Token{}, err
	}
	t.ID = cmp.Or(t.ID, NewTokenID())
	switch {
	case !tokenForm.MatchString(t.ID):
		return bad("id", "leave it out")
	case t.Role != Carrier && t.Role != Investigator && t.Role != Admin && t.Role != Auditor:
		return bad("role", "use investigator, carrier, admin or auditor")
	case (t.Role == Carrier) != (t.Carrier != ""):
		return bad("carrier", "a token of role carrier needs one, others have none")
	case t.Carrier != "" && !carrierForm.MatchString(t.Carrier):
		return bad("carrier", "use a-z 0-9 . _ -")
	case (t.Role == Investigator) != (t.Case != ""):
		return bad("case", "a token of role investigator is bound to one, others to none")
	case t.Expires <= now || t.Expires > now+timeline.Micros(longestToken.Microseconds()):
		return bad("expires", "use a time within 400 days")
	}
	t.Created, t.Revoked = now, 0
	plain, hash := bearer("q_")
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, hash, name, role, carrier, case_no, by, created_us, expires_us, revoked_us)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`, t.ID, hash, t.Name, string(t.Role), t.Carrier, t.Case, t.By, int64(t.Created), int64(t.Expires))
		return err
	})
	if err != nil {
		return secret.Secret{}, Token{}, b.explain("issue token", err)
	}
	return plain, t, nil
}

const tokenColumns = `SELECT id, name, role, carrier, case_no, by, created_us, expires_us, revoked_us FROM tokens `

func scanToken(row scanner) (t Token, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Role, &t.Carrier, &t.Case, &t.By, &t.Created, &t.Expires, &t.Revoked)
	return t, err
}

// Token returns what a bearer may act as. ErrExpired when it is over, revoked,
// or never was.
func (b *Book) Token(ctx context.Context, bearer secret.Secret) (Token, error) {
	t, err := scanToken(b.db.R().QueryRowContext(ctx, tokenColumns+`WHERE hash = ?`, hashOf(bearer)))
	if errors.Is(err, sql.ErrNoRows) || err == nil && (t.Revoked != 0 || t.Expires <= b.now()) {
		return Token{}, ErrExpired
	}
	return t, b.explain("token", err)
}

// Tokens lists all tokens, the newest first.
func (b *Book) Tokens(ctx context.Context) (out []Token, err error) {
	rows, err := b.db.R().QueryContext(ctx, tokenColumns+`ORDER BY created_us DESC, id`)
	if err != nil {
		return nil, b.explain("list tokens", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, b.explain("list tokens", err)
		}
		out = append(out, t)
	}
	return out, b.explain("list tokens", rows.Err())
}

// RevokeToken ends a token at once.
func (b *Book) RevokeToken(ctx context.Context, id string) error {
	return b.explain(fmt.Sprintf("token %.32q", id), b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		ok, err := exec(ctx, tx, `UPDATE tokens SET revoked_us = ? WHERE id = ? AND revoked_us = 0`, int64(b.now()), id)
		if err == nil && !ok {
			err = ErrUnknown
		}
		return err
	}))
}
