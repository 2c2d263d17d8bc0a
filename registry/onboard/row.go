package onboard

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/registry/label"
)

// rowReader turns the rows of a table into Rows.
type rowReader struct {
	list    *List
	table   *table
	options Options
	seen    map[string]int // carrier:device → line
}

func (p *rowReader) row(line *line) Row {
	r := Row{Line: line.n, Draft: registry.Draft{Row: line.n}}
	if line.bad != "" {
		r.add(problem("", line.bad))
		return r
	}
	r.cells = make([]string, len(line.cells))
	for i := range line.cells {
		c := &line.cells[i]
		r.cells[i] = c.text
		switch {
		case i < len(p.list.columns):
			if col := p.list.columns[i]; col != nil {
				bad := p.put(&r, col, c)
				if r.add(bad); bad != nil && bad.Code == codeDigitsLost {
					r.cells[i] = lost(c)
				}
			}
		case p.table.separated && c.text != "":
			r.add(problem("", codeTooManyCells, len(line.cells), len(p.list.columns)))
			return r
		}
	}
	p.identify(&r)
	return r
}

func (r *Row) add(p *Problem) {
	if p != nil {
		p.Row = r.Line
		r.Problems = append(r.Problems, *p)
	}
}

// put puts one cell into a row: empty keeps, - clears.
func (p *rowReader) put(r *Row, col *column, c *cell) *Problem {
	switch c.kind {
	case uncomputed:
		return problem(col.name, codeNoValue)
	case failed:
		return problem(col.name, codeCellError, short(c.text))
	}
	switch c.text {
	case "":
		return nil
	case "-":
		if col.clear == nil {
			return problem(col.name, codeCannotClear)
		}
		col.clear(r)
		return nil
	}
	text, bad := p.plain(col, c)
	if bad != nil {
		return bad
	}
	return col.put(r, text)
}

// identify checks whose camera it is.
func (p *rowReader) identify(r *Row) {
	d := &r.Draft
	if d.Carrier == "" {
		d.Carrier = p.options.owner()
	}
	if p.options.Carrier != "" && d.Carrier != p.options.Carrier {
		r.add(problem("carrier", codeOtherCarrier, p.options.Carrier))
	}
	if d.DeviceID == "" {
		if !r.has(deviceColumn) {
			r.add(problem(deviceColumn, codeRequired))
		}
		return
	}
	if err := registry.CheckRef(d.Carrier, d.DeviceID); err != nil {
		if fe := (*registry.FieldError)(nil); errors.As(err, &fe) {
			r.add(ofField(fe))
		}
		return
	}
	ref := d.Carrier + ":" + d.DeviceID
	if first, ok := p.seen[ref]; ok {
		r.add(problem(deviceColumn, registry.CodeDuplicate, ref, first))
		return
	}
	p.seen[ref] = r.Line
}

// has reports whether something is wrong with a field already.
func (r *Row) has(field string) bool {
	for _, p := range r.Problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

var (
	// scientific is how a spreadsheet shows a long number; what is not shown is lost
	// in a text.
	scientific = regexp.MustCompile(`^[+-]?[0-9](\.[0-9]+)?[eE]\+?[0-9]{2}$`)
	// pointZero is a code that some program took for a number.
	pointZero = regexp.MustCompile(`^([0-9]{5,})\.0+$`)
	serial    = regexp.MustCompile(`^[0-9]{5}(\.[0-9]+)?$`)
)

// digitsAlone are the codes that have no letter E.
var digitsAlone = map[string]bool{"village_code": true, "gb_id": true, "phone": true}

// exact is the first whole number that a spreadsheet does not keep every digit of: it
// has 15.
const exact = 1e15

// plain is a cell's text as its column needs it.
func (p *rowReader) plain(col *column, c *cell) (string, *Problem) {
	text := label.Uninert(c.text)
	if col.kind != isText && col.kind != isSecret {
		text = trim(narrow(text))
	}
	switch col.kind {
	case isNumber:
		return text, nil
	case isDate:
		text = strings.Replace(text, "T00:00:00", "", 1)
		if serial.MatchString(text) {
			return p.day(text), nil
		}
		return text, nil
	}
	if c.kind == numeric {
		v, err := strconv.ParseFloat(text, 64)
		switch whole := v == math.Trunc(v); {
		case err != nil || !whole:
		case math.Abs(v) >= exact:
			return "", problem(col.name, codeDigitsLost)
		default:
			text = strconv.FormatFloat(v, 'f', 0, 64)
		}
		return text, nil
	}
	if col.kind == isCode {
		if scientific.MatchString(text) && (digitsAlone[col.name] || strings.Contains(text, "+")) {
			return "", problem(col.name, codeDigitsLost)
		}
		if m := pointZero.FindStringSubmatch(text); m != nil {
			if len(m[1]) > 15 {
				return "", problem(col.name, codeDigitsLost)
			}
			text = m[1]
		}
	}
	return text, nil
}

// lost is a number whose digits are lost so that nobody takes it for a code again.
func lost(c *cell) string {
	if v, err := strconv.ParseFloat(c.text, 64); err == nil {
		return strconv.FormatFloat(v, 'E', -1, 64)
	}
	return c.text
}

// day is the date, and the time if there is one, that a spreadsheet's number means: days
// since the end of 1899, or of 1904 begun on a Macintosh (ECMA-376 18.17.4.1).
func (p *rowReader) day(text string) string {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if p.table.from1904 {
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	days, part := math.Modf(v)
	at := from.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(part*86400)) * time.Second)
	if part == 0 {
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02 15:04:05")
}
