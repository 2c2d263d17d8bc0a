// Package onboard reads the lists of cameras that carriers hand over, CSV and XLSX, holds
// them against the rules, and answers row by row in Chinese and English. Its nouns are
// the List (what a file holds), the Answer (what becomes of a row) and the Problem (what
// is wrong with a cell). It writes nothing into the registry itself.
package onboard

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"qianshao/registry"
)

// MaxRows is how many cameras one file may hold; larger lists are split.
const MaxRows = 10_000

// MaxBytes is far above 10,000 rows; it bounds the memory a file can ask for.
const MaxBytes = 32 << 20

// ErrBadFile is what a FileError is: the file as a whole cannot be read as a list of
// cameras.
var ErrBadFile = errors.New("not a camera list")

// FileError says what is wrong with a file, and what to do.
type FileError struct {
	Code    string
	Message Text
}

func (e *FileError) Error() string { return ErrBadFile.Error() + ": " + e.Message.EN }

// Is makes it ErrBadFile.
func (e *FileError) Is(target error) bool { return target == ErrBadFile }

// badFile is never nil.
func badFile(code string, args ...any) *FileError {
	return &FileError{Code: code, Message: say(code, args...)}
}

// Warning is about a file that can be read.
type Warning struct {
	Code    string `json:"code" doc:"what it is about"`
	Message Text   `json:"message"`
}

// Row is one row of a list.
type Row struct {
	Line     int                   // in the file, from 1
	Draft    registry.Draft        // of the cells that could be read
	Consent  registry.ConsentDraft // the zero one: the row has none
	Problems []Problem             // found while reading

	cells []string // as they are in the file
}

// List is what a file holds. It has passwords and telephone numbers in it.
type List struct {
	Sheet    string // of a workbook, the one that was read
	Rows     []Row  // in order
	Warnings []Warning

	heads   []string  // the header as it is in the file
	columns []*column // of each column; nil: passed over
}

// Options say how to read a list.
type Options struct {
	// Carrier is whose list it is: a row that names none is of it, and a row that names
	// another one is refused. Empty: rows without a carrier are "local", others are not
	// looked at.
	Carrier string
}

// Read reads a list: XLSX, or CSV (RFC 4180; UTF-8, GBK, GB18030 or UTF-16, separated by
// commas, semicolons or tabs). A header stands in one of the first ten rows, with
// carrier_device_id and any of the other columns in any order, by their English names or
// by those that carriers use. Then follows a row a camera. A missing column or an empty
// cell keeps the value, "-" clears it.
//
// A bad row does not stop the others. The error, if any, is a *FileError or the reader's.
func Read(src io.Reader, o Options) (*List, error) {
	raw, err := io.ReadAll(io.LimitReader(src, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read camera list: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, badFile(codeTooLarge, MaxBytes>>20)
	}
	read := readCSV
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		read = readXLSX
	case bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return nil, badFile(codeOldWorkbook)
	}
	t, err := read(raw)
	if err != nil {
		return nil, err
	}
	return t.list(o)
}

// list makes a list of a table.
func (t *table) list(o Options) (*List, error) {
	l := &List{Sheet: t.sheet, Warnings: t.warnings}
	at, err := l.header(t)
	if err != nil {
		return nil, err
	}
	p := rowReader{list: l, table: t, options: o, seen: map[string]int{}}
	for i := range t.lines[at+1:] {
		line := &t.lines[at+1+i]
		if device := l.device(line); device == exampleDevice || device != "" && l.isHead(device) {
			continue // of the template, or the header printed again on the next page
		}
		if len(l.Rows) == MaxRows {
			return nil, badFile(codeTooManyRows, MaxRows)
		}
		l.Rows = append(l.Rows, p.row(line))
	}
	if len(l.Rows) == 0 {
		return nil, badFile(codeNoRows)
	}
	merged := 0
	for _, last := range t.merged {
		if last > t.lines[at].n {
			merged++
		}
	}
	if merged > 0 {
		l.warn(codeMerged, merged)
	}
	l.warnMissing()
	return l, nil
}

// Drafts are what is to be entered: the rows that passed Check. With accept cameras of
// carriers are recorded at once; else they wait as imported, as those of "local" never do.
func (l *List) Drafts(answers []Answer, accept bool) []registry.Draft {
	var out []registry.Draft
	for i := range l.Rows {
		if answers[i].Status == registry.Rejected {
			continue
		}
		d := l.Rows[i].Draft
		if c := l.Rows[i].Consent; c != (registry.ConsentDraft{}) {
			d.Consent = &c
		}
		d.Begin = registry.Active
		if d.Carrier != registry.DefaultCarrier && !accept {
			d.Begin = registry.Imported
		}
		out = append(out, d)
	}
	return out
}

// owner is whose a row is that names no carrier.
func (o Options) owner() string { return cmp.Or(o.Carrier, registry.DefaultCarrier) }
