package register

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Version of the lines. A reader that meets a higher one must not guess.
const Version = 1

// wire is the JSON form. Its names and their order never change; fields are only
// added, before prev.
type wire struct {
	V        int              `json:"v"`
	Chain    string           `json:"chain"`
	Seq      uint64           `json:"seq"`
	At       timeline.Micros  `json:"at"`
	Kind     Kind             `json:"kind"`
	Who      string           `json:"who,omitempty"`
	Unit     string           `json:"unit,omitempty"`
	Case     string           `json:"case,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Address  string           `json:"address,omitempty"`
	Viewing  string           `json:"viewing,omitempty"`
	Act      string           `json:"act,omitempty"`
	Cameras  []media.CameraID `json:"cameras,omitempty"`
	FromUS   int64            `json:"from_us,omitempty"`
	ToUS     int64            `json:"to_us,omitempty"`
	Requests int64            `json:"requests,omitempty"`
	Bytes    int64            `json:"bytes,omitempty"`
	Result   string           `json:"result,omitempty"`
	Note     string           `json:"note,omitempty"`
	Through  *Mark            `json:"through,omitempty"`
	Of       *Mark            `json:"of,omitempty"`
	Prev     string           `json:"prev"`
	Hash     string           `json:"hash,omitempty"`
}

// A line ends with its hash: SHA-256 of all bytes before hashMark.
const (
	hashMark = `,"hash":"`
	hashTail = len(hashMark) + 2*sha256.Size + len("\"}")
)

// appendLine appends an entry's line, without newline, and sets e.Hash.
func appendLine(b []byte, e *Entry) ([]byte, error) {
	body, err := json.Marshal(wire{
		V: Version, Chain: e.Chain, Seq: e.Seq, At: e.At, Kind: e.Kind, Who: e.Who, Unit: e.Unit, Case: e.Case,
		Reason: e.Reason, Address: e.Address, Viewing: e.Viewing, Act: e.Act, Cameras: e.Cameras,
		FromUS: int64(e.Span.From), ToUS: int64(e.Span.To), Requests: e.Requests, Bytes: e.Bytes,
		Result: e.Result, Note: e.Note, Through: e.Through, Of: e.Of, Prev: e.Prev.String(),
	})
	if err != nil {
		return b, err
	}
	body = body[:len(body)-1] // the closing brace
	e.Hash = sha256.Sum256(body)
	b = append(append(b, body...), hashMark...)
	b = hex.AppendEncode(b, e.Hash[:])
	return append(b, "\"}"...), nil
}

// parseLine reads a line without its newline. sound says whether its hash is
// that of its bytes; a line that is none at all wraps ErrBadEntry.
func parseLine(line []byte) (e Entry, sound bool, err error) {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrBadEntry, why) }
	if len(line) > maxLine {
		return e, false, bad("too long")
	}
	var w wire
	if err := json.Unmarshal(line, &w); err != nil {
		return e, false, bad(err.Error())
	}
	if w.V != Version {
		return e, false, bad(fmt.Sprintf("version %d, this program reads %d: use a newer program", w.V, Version))
	}
	e = Entry{
		Chain: w.Chain, Seq: w.Seq, At: w.At, Kind: w.Kind, Who: w.Who, Unit: w.Unit, Case: w.Case,
		Reason: w.Reason, Address: w.Address, Viewing: w.Viewing, Act: w.Act, Cameras: w.Cameras,
		Span:     timeline.Span{From: timeline.Micros(w.FromUS), To: timeline.Micros(w.ToUS)},
		Requests: w.Requests, Bytes: w.Bytes, Result: w.Result, Note: w.Note, Through: w.Through, Of: w.Of,
	}
	if !chainForm.MatchString(w.Chain) || w.Seq == 0 {
		return e, false, bad("chain or seq")
	}
	if err := unhex(&e.Prev, w.Prev); err != nil {
		return e, false, bad("prev")
	}
	if err := unhex(&e.Hash, w.Hash); err != nil {
		return e, false, bad("hash")
	}
	if len(line) < hashTail || !bytes.HasPrefix(line[len(line)-hashTail:], []byte(hashMark)) {
		return e, false, nil
	}
	return e, sha256.Sum256(line[:len(line)-hashTail]) == e.Hash && e.check() == nil, nil
}

func unhex(h *Hash, text string) error {
	if len(text) != 2*len(h) {
		return ErrBadEntry
	}
	_, err := hex.Decode(h[:], []byte(text))
	return err
}
