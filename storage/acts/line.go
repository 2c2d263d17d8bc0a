package acts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
)

// A local file holds one act a line: eight hex digits of CRC-32C, a space, the
// JSON, a newline. The checksum is over the JSON. A line that was torn by a
// power cut fails its checksum; the lines around it are still good. An object
// in the store holds the JSON lines alone: there the store keeps the checksum.

const crcDigits = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendLine appends the local form of an act.
func appendLine(dst []byte, a *Act) ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("act %s: %w", a.ID, err)
	}
	dst = fmt.Appendf(dst, "%0*x ", crcDigits, crc32.Checksum(text, castagnoli))
	return append(append(dst, text...), '\n'), nil
}

// cutLine gives the JSON of a local line without its newline; ok is false if it
// is torn.
func cutLine(line []byte) (text []byte, ok bool) {
	if len(line) < crcDigits+1 || line[crcDigits] != ' ' {
		return nil, false
	}
	sum, err := strconv.ParseUint(string(line[:crcDigits]), 16, 32)
	text = line[crcDigits+1:]
	if err != nil || crc32.Checksum(text, castagnoli) != uint32(sum) {
		return nil, false
	}
	return text, true
}

// readLocal gives the JSON lines of a local file that are whole, and how many
// are not. A last line without its newline counts as torn.
func readLocal(file []byte) (lines [][]byte, torn int) {
	for len(file) > 0 {
		line, rest, whole := bytes.Cut(file, []byte{'\n'})
		file = rest
		if text, ok := cutLine(line); ok && whole {
			lines = append(lines, text)
		} else {
			torn++
		}
	}
	return lines, torn
}

// parseObject reads the JSON lines of an object. Lines that cannot be read are
// passed over and named in the error, which wraps ErrBadAct.
func parseObject(b []byte) (acts []Act, err error) {
	var bad []error
	for n := 1; len(b) > 0; n++ {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		b = rest
		if len(line) == 0 {
			continue
		}
		var a Act
		if err := json.Unmarshal(line, &a); err != nil {
			if !errors.Is(err, ErrBadAct) { // not even JSON
				err = fmt.Errorf("%w: %w", ErrBadAct, err)
			}
			bad = append(bad, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		acts = append(acts, a)
	}
	return acts, errors.Join(bad...)
}
