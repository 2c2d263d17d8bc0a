package onboard

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"qianshao/registry"
)

// parser turns records into Drafts.
type parser struct {
	names []string       // of the columns, in the file's order; "" = passed over
	seen  map[string]int // carrier:device → line
}

// header learns the order of the columns.
func (p *parser) header(record []string) (warnings []string, err error) {
	var unknown []string
	at := map[string]bool{}
	for _, cell := range record {
		name := strings.ToLower(strings.TrimSpace(cell))
		if _, ok := columns[name]; !ok {
			if name != "" {
				unknown = append(unknown, fmt.Sprintf("%.40q", name))
			}
			p.names = append(p.names, "")
			continue
		}
		if at[name] {
			return nil, fmt.Errorf("%w: column %s stands there twice: leave one out", ErrBadFile, name)
		}
		at[name] = true
		p.names = append(p.names, name)
	}
	if !at["carrier_device_id"] {
		return nil, fmt.Errorf("%w: the first line must name the columns, carrier_device_id among them; known are %s",
			ErrBadFile, strings.Join(Columns(), ", "))
	}
	if len(unknown) > 0 {
		warnings = append(warnings, fmt.Sprintf("columns not known and passed over: %s; known are %s",
			strings.Join(unknown, ", "), strings.Join(Columns(), ", ")))
	}
	return warnings, nil
}

// row reads one record.
func (p *parser) row(record []string, line int) (registry.Draft, *registry.Outcome) {
	d := registry.Draft{Row: line}
	reject := func(field, code, message string) (registry.Draft, *registry.Outcome) {
		return d, &registry.Outcome{
			Row: line, Carrier: d.Carrier, DeviceID: d.DeviceID, Status: registry.Rejected,
			Field: field, Code: code, Message: message,
		}
	}
	var failed error
	var failedAt string
	for i, cell := range record {
		if i >= len(p.names) {
			if strings.TrimSpace(cell) != "" {
				return reject("", "too_many_cells", fmt.Sprintf("the row has %d cells, the header %d: quote cells that hold a comma", len(record), len(p.names)))
			}
			continue
		}
		if err := put(&d, p.names[i], strings.TrimSpace(cell)); err != nil && failed == nil {
			failed, failedAt = err, p.names[i]
		}
	}
	if d.Carrier == "" {
		d.Carrier = registry.DefaultCarrier
	}
	if d.DeviceID == "" {
		return reject("carrier_device_id", registry.CodeBadDevice, "the cell is empty: every row needs the carrier's id of the device")
	}
	if err := registry.CheckRef(d.Carrier, d.DeviceID); err != nil {
		fe := (*registry.FieldError)(nil)
		errors.As(err, &fe)
		return reject(fe.Field, fe.Code, fe.Message)
	}
	ref := d.Carrier + ":" + d.DeviceID
	if first, ok := p.seen[ref]; ok {
		return reject("carrier_device_id", registry.CodeDuplicate, fmt.Sprintf("%s stands in line %d already, which counts: leave one out", ref, first))
	}
	p.seen[ref] = line
	if failed != nil {
		return reject(failedAt, registry.CodeNotANumber, failed.Error())
	}
	return d, nil
}

// put puts one trimmed cell into d: empty keeps, - clears.
func put(d *registry.Draft, name, cell string) error {
	col, ok := columns[name]
	switch {
	case !ok || cell == "":
		return nil
	case cell == "-" && col.clear != nil:
		col.clear(d)
		return nil
	}
	return col.set(d, cell)
}

// skippable reports whether the reader can go on behind the error: a bare quote
// spoils its own line alone, an open one everything that follows.
func (p *parser) skippable(err error) bool {
	return errors.Is(err, csv.ErrBareQuote)
}
