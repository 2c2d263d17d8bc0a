package onboard

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// readCSV reads a table of separated values.
func readCSV(raw []byte) (*table, error) {
	t := &table{separated: true}
	raw, err := t.decode(raw)
	if err != nil {
		return nil, err
	}
	cr := csvReader(raw, separator(raw))
	for {
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		l := line{}
		switch pe := (*csv.ParseError)(nil); {
		case err == nil:
			l.n, _ = cr.FieldPos(0)
			l.cells = make([]cell, len(record))
			for i, text := range record {
				l.cells[i].text = trim(text)
			}
		case !errors.As(err, &pe):
			return nil, fmt.Errorf("read camera list: %w", err)
		case errors.Is(err, csv.ErrBareQuote): // spoils its own line alone
			l.n, l.bad = pe.StartLine, codeBadCSV
		default: // an open quote spoils what follows; the line may hold a password
			return nil, badFile(codeOpenQuote, pe.Line, pe.Column)
		}
		if l.bad == "" && l.blank() {
			continue
		}
		if t.lines = append(t.lines, l); len(t.lines) > MaxRows+mostHeaderRows {
			return nil, badFile(codeTooManyRows, MaxRows)
		}
	}
}

func csvReader(raw []byte, comma rune) *csv.Reader {
	cr := csv.NewReader(bytes.NewReader(raw))
	cr.FieldsPerRecord = -1
	cr.TrimLeadingSpace = comma != '\t' // it would take the separator
	cr.ReuseRecord = true
	cr.Comma = comma
	return cr
}

// separator is the one by which one of the first rows has most columns that are known.
func separator(raw []byte) rune {
	best, most := ',', 0
	for _, comma := range ",;\t" {
		cr := csvReader(raw, comma)
		for range mostHeaderRows {
			record, err := cr.Read()
			if err != nil {
				break
			}
			known := 0
			for _, text := range record {
				if columnOf(text) != nil {
					known++
				}
			}
			if known > most {
				best, most = comma, known
			}
		}
	}
	return best
}

// decode makes UTF-8 of what spreadsheets write.
func (t *table) decode(raw []byte) ([]byte, error) {
	var err error
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		if raw, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(raw); err != nil {
			return nil, badFile(codeNotText, 1)
		}
	case !utf8.Valid(raw):
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
		if i := bytes.IndexRune(text, utf8.RuneError); err != nil || i >= 0 {
			return nil, badFile(codeNotText, 1+bytes.Count(text[:max(i, 0)], []byte("\n")))
		}
		raw = text
		t.warn(codeGBK)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return nil, badFile(codeNotText, 1+bytes.Count(raw[:i], []byte("\n")))
	}
	if head := strings.ToLower(string(raw[:min(len(raw), 512)])); strings.HasPrefix(strings.TrimSpace(head), "<") {
		return nil, badFile(codeWebPage)
	}
	return raw, nil
}
