package account

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// columns of a list of accounts.
var columns = []string{"login", "name", "unit", "carrier", "roles", "cameras"}

const (
	maxListBytes = 8 << 20
	maxListRows  = 10_000
)

// Row is a line of a list of accounts.
type Row struct {
	Line    int // of the file, from 1
	Account Account
	Err     error // why it was not, or cannot be, added
}

// ReadCSV reads a list: a header with the columns login, name, unit, carrier,
// roles, cameras in any order, then an account a line, its roles and cameras
// separated by spaces. Cameras are as the list names them: the caller finds their
// ids. The error wraps ErrBad: nothing of the list can be used then.
func ReadCSV(r io.Reader) ([]Row, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxListBytes+1))
	if err != nil {
		return nil, err
	}
	bad := func(line int, why string) error { return fmt.Errorf("line %d: %w: %s", line, ErrBad, why) }
	switch {
	case len(b) > maxListBytes:
		return nil, bad(1, "the list has more than 8 MB")
	case !utf8.Valid(b):
		return nil, bad(1, "save the list as CSV in UTF-8")
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return nil, bad(1, "begin with the columns "+strings.Join(columns, ","))
	}
	at := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		_, twice := at[name]
		if !slices.Contains(columns, name) || twice {
			return nil, bad(1, fmt.Sprintf("column %.40q: use each of %s once at most", name, strings.Join(columns, ",")))
		}
		at[name] = i
	}
	for _, name := range []string{"login", "name", "roles"} {
		if _, ok := at[name]; !ok {
			return nil, bad(1, "the column "+name+" is missing")
		}
	}
	var rows []Row
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBad, err) // names the line
		}
		line, _ := in.FieldPos(0)
		if len(rows) == maxListRows {
			return nil, bad(line, fmt.Sprintf("at most %d accounts a list", maxListRows))
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(record) {
				return strings.TrimSpace(record[i])
			}
			return ""
		}
		a := Account{Login: cell("login"), Name: cell("name"), Unit: cell("unit"), Carrier: cell("carrier")}
		for role := range strings.FieldsSeq(cell("roles")) {
			a.Roles = append(a.Roles, Role(role))
		}
		a.Cameras = splitCameras(cell("cameras"))
		rows = append(rows, Row{Line: line, Account: a})
	}
}

// AddAll adds the accounts of a list, each by itself: one that cannot be added
// does not stop the others. It sets Account or Err of every row, and leaves those
// that have an Err already.
func (b *Book) AddAll(ctx context.Context, rows []Row) error {
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if rows[i].Err != nil {
			continue
		}
		added, err := b.Add(ctx, rows[i].Account)
		if rows[i].Err = err; err == nil {
			rows[i].Account = added
		}
	}
	return nil
}

// ReadLogins reads a list of logins, one a line; empty lines are passed over, and a
// login that comes again. The error wraps ErrBad and names the line: nothing of the
// list can be used then.
func ReadLogins(r io.Reader) ([]string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxListBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxListBytes {
		return nil, fmt.Errorf("%w: the list has more than 8 MB", ErrBad)
	}
	var logins []string
	seen := map[string]bool{}
	line := 0
	for text := range bytes.Lines(bytes.TrimPrefix(b, []byte("\ufeff"))) {
		line++
		login := string(bytes.TrimSpace(text))
		switch {
		case login == "" || seen[login]:
			continue
		case !loginForm.MatchString(login):
			return nil, fmt.Errorf("line %d: %w: %.40q is no login: give one a line", line, ErrBad, login)
		case len(logins) == maxListRows:
			return nil, fmt.Errorf("line %d: %w: at most %d logins a list", line, ErrBad, maxListRows)
		}
		seen[login] = true
		logins = append(logins, login)
	}
	return logins, nil
}
