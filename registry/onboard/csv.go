// Package onboard reads the lists that carriers hand over: a CSV file becomes
// Drafts for registry.Upsert, and a report that answers row by row. It writes
// nothing itself.
package onboard

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"qianshao/registry"
	"qianshao/registry/place"
	"qianshao/registry/secret"
)

// MaxRows is how many cameras one file may hold; larger lists are split.
const MaxRows = 10_000

// maxBytes is far above 10,000 rows; it bounds the memory a file can ask for.
const maxBytes = 32 << 20

// ErrBadFile is wrapped when a file as a whole cannot be read as a list of
// cameras. The error's text says what to do.
var ErrBadFile = errors.New("not a camera list")

// List is what a file holds.
type List struct {
	Drafts   []registry.Draft   // of the rows that could be read, in order
	Rejected []registry.Outcome // of those that could not, in order
	Warnings []string           // about the file as a whole
}

// column puts one cell into a Draft. The cell is neither empty nor "-", unless
// clear is given.
type column struct {
	set   func(d *registry.Draft, cell string) error
	clear func(d *registry.Draft)
}

func text(at func(d *registry.Draft) *registry.Field[string]) column {
	return column{
		set:   func(d *registry.Draft, cell string) error { *at(d) = registry.Set(cell); return nil },
		clear: func(d *registry.Draft) { *at(d) = registry.Clear[string]() },
	}
}

func number(at func(d *registry.Draft) *registry.Field[float64]) column {
	return column{
		set: func(d *registry.Draft, cell string) error {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return errors.New("the cell is not a number: write it like 104.8951") // the cell may be a shifted password
			}
			*at(d) = registry.Set(v)
			return nil
		},
		clear: func(d *registry.Draft) { *at(d) = registry.Clear[float64]() },
	}
}

// columns are the names a header may have.
var columns = map[string]column{
	"carrier":           {set: func(d *registry.Draft, cell string) error { d.Carrier = cell; return nil }},
	"carrier_device_id": {set: func(d *registry.Draft, cell string) error { d.DeviceID = cell; return nil }},
	"name":              text(func(d *registry.Draft) *registry.Field[string] { return &d.Name }),
	"rtsp_url":          text(func(d *registry.Draft) *registry.Field[string] { return &d.URL }),
	"sub_rtsp_url":      text(func(d *registry.Draft) *registry.Field[string] { return &d.SubURL }),
	"username":          text(func(d *registry.Draft) *registry.Field[string] { return &d.Username }),
	"tls_sha256":        text(func(d *registry.Draft) *registry.Field[string] { return &d.TLSSHA256 }),
	"village_code":      text(func(d *registry.Draft) *registry.Field[string] { return &d.Division }),
	"lon":               number(func(d *registry.Draft) *registry.Field[float64] { return &d.Lon }),
	"coord_system": {
		set: func(d *registry.Draft, cell string) error {
			system, err := place.ParseSystem(cell)
			d.System = registry.Set(system)
			return err
		},
		clear: func(d *registry.Draft) { d.System = registry.Clear[place.System]() },
	},
	"common_name": text(func(d *registry.Draft) *registry.Field[string] { return &d.CommonName }),
	"landmark":    text(func(d *registry.Draft) *registry.Field[string] { return &d.Landmark }),
	"lat":         number(func(d *registry.Draft) *registry.Field[float64] { return &d.Lat }),
	"azimuth_deg": number(func(d *registry.Draft) *registry.Field[float64] { return &d.Azimuth }),
	"fov_deg":     number(func(d *registry.Draft) *registry.Field[float64] { return &d.FOV }),
	"range_m":     number(func(d *registry.Draft) *registry.Field[float64] { return &d.Range }),
	"password": {
		set:   func(d *registry.Draft, cell string) error { d.Password = registry.Set(secret.New(cell)); return nil },
		clear: func(d *registry.Draft) { d.Password = registry.Clear[secret.Secret]() },
	},
	"transport": {
		set: func(d *registry.Draft, cell string) error {
			d.Transport = registry.Set(registry.Transport(strings.ToLower(cell)))
			return nil
		},
		clear: func(d *registry.Draft) { d.Transport = registry.Clear[registry.Transport]() },
	},
	"retention_days": {
		set: func(d *registry.Draft, cell string) error {
			v, err := strconv.Atoi(cell)
			if err != nil {
				return errors.New("the cell is not a whole number of days")
			}
			d.RetentionDays = registry.Set(v)
			return nil
		},
		clear: func(d *registry.Draft) { d.RetentionDays = registry.Clear[int]() },
	},
}

// Columns returns the known column names, in alphabetical order.
func Columns() []string {
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ReadCSV reads a list: a header row with carrier_device_id and any of Columns
// in any order, then a row a camera (RFC 4180; UTF-8 with or without a byte
// order mark). A missing column or an empty cell keeps the value, "-" clears
// it. Rows are counted from 1, the header being the first line; a Draft's Row
// is its line.
//
// A bad row is reported in Rejected and does not stop the others. The error, if
// any, wraps ErrBadFile or is the reader's.
func ReadCSV(src io.Reader) (List, error) {
	raw, err := io.ReadAll(io.LimitReader(src, maxBytes+1))
	if err != nil {
		return List{}, fmt.Errorf("read camera list: %w", err)
	}
	if raw, err = decode(raw); err != nil {
		return List{}, err
	}
	cr := csv.NewReader(bytes.NewReader(raw))
	cr.FieldsPerRecord = -1
	cr.TrimLeadingSpace = true
	cr.ReuseRecord = true
	header, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return List{}, fmt.Errorf("%w: the file is empty: begin with the line carrier_device_id,name,rtsp_url,lon,lat", ErrBadFile)
	}
	if err != nil {
		return List{}, badSyntax(err)
	}
	var list List
	p := parser{seen: map[string]int{}}
	if list.Warnings, err = p.header(header); err != nil {
		return List{}, err
	}
	for rows := 0; ; {
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			if !p.skippable(err) {
				return List{}, badSyntax(err)
			}
			list.Rejected = append(list.Rejected, syntaxOutcome(err))
			continue
		}
		if blank(record) {
			continue
		}
		if rows++; rows > MaxRows {
			return List{}, fmt.Errorf("%w: more than %d rows: split the file", ErrBadFile, MaxRows)
		}
		line, _ := cr.FieldPos(0)
		d, bad := p.row(record, line)
		if bad != nil {
			list.Rejected = append(list.Rejected, *bad)
			continue
		}
		list.Drafts = append(list.Drafts, d)
	}
}

// decode checks size and encoding and takes a byte order mark off.
func decode(raw []byte) ([]byte, error) {
	bad := func(why string) ([]byte, error) { return nil, fmt.Errorf("%w: %s", ErrBadFile, why) }
	switch {
	case len(raw) > maxBytes:
		return bad(fmt.Sprintf("larger than %d MiB: split the file", maxBytes>>20))
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return bad("this is an Excel workbook: save it as CSV UTF-8")
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return bad("the text is UTF-16: save it as CSV UTF-8")
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if i := invalidUTF8(raw); i >= 0 {
		line := 1 + bytes.Count(raw[:i], []byte("\n"))
		return bad(fmt.Sprintf("line %d is not UTF-8, probably GBK as Excel writes it: save the file as UTF-8 (in Excel: CSV UTF-8)", line))
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return bad("it holds zero bytes: save it as CSV UTF-8")
	}
	return raw, nil
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// badSyntax repeats the place alone: the line may hold a password.
func badSyntax(err error) error {
	if pe := (*csv.ParseError)(nil); errors.As(err, &pe) {
		return fmt.Errorf("%w: line %d, column %d: %w: close the quote, or double a quote inside one", ErrBadFile, pe.Line, pe.Column, pe.Err)
	}
	return fmt.Errorf("read camera list: %w", err)
}

func syntaxOutcome(err error) registry.Outcome {
	o := registry.Outcome{Status: registry.Rejected, Code: "bad_csv", Message: "a quote stands inside a cell without quotes: quote the cell and double the quote"}
	if pe := (*csv.ParseError)(nil); errors.As(err, &pe) {
		o.Row = pe.StartLine
	}
	return o
}
