package register

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Kind says what an entry is about.
type Kind string

// The kinds of entries.
const (
	Start        Kind = "start"         // a process took the chain on; viewings open before it ended without totals
	ViewingOpen  Kind = "viewing.open"  // somebody begins to see footage
	ViewingMore  Kind = "viewing.more"  // of further cameras or another time, in the same viewing
	ViewingClose Kind = "viewing.close" // with the totals
	Admin        Kind = "admin"         // somebody signs in, or changes something; or was refused
	Pruned       Kind = "pruned"        // entries up to Through were removed because of their age
)

var kinds = map[Kind]bool{Start: true, ViewingOpen: true, ViewingMore: true, ViewingClose: true, Admin: true, Pruned: true}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String gives 64 hexadecimal digits.
func (h Hash) String() string { return fmt.Sprintf("%x", h[:]) }

// Entry is one line of the register. Append sets Chain, Seq, At, Prev and Hash.
type Entry struct {
	Chain string          // id of the chain, r_…
	Seq   uint64          // from 1, without a hole
	At    timeline.Micros // when it was written
	Kind  Kind

	Who     string // login, or id of a token; "operator" on this machine's control socket; empty without accounts
	Unit    string // the account's unit at that time
	Case    string // the case's number
	Reason  string // as it was given
	Address string // of the client; empty on the control socket

	Viewing string           // id of the viewing, v_…
	Act     string           // what was asked for: footage.read, camera.import, …
	Cameras []media.CameraID // that may have been seen, or were changed
	Span    timeline.Span    // of the footage; To = timeline.Forever: live, without end

	Requests int64  // of viewing.close
	Bytes    int64  // of viewing.close: sent
	Result   string // Allowed, Refused, Failed, Done, or empty
	Note     string // free words
	Of       *Mark  // an entry of this chain that this one tells the outcome of; nil: it is no outcome

	Through *Mark // of pruned

	Prev Hash // Hash of the entry before; zero for the first
	Hash Hash // of this one's line, up to it
}

// Mark names an entry by its place and content.
type Mark struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"` // 64 hexadecimal digits
}

// ErrBadEntry is wrapped for what cannot be an entry.
var ErrBadEntry = errors.New("malformed register entry")

const (
	maxText    = 1024    // bytes of one field
	maxCameras = 100_000 // of one entry
	maxLine    = 4 << 20
)

var (
	chainForm   = regexp.MustCompile(`^r_[a-z2-7]{16}$`)
	viewingForm = regexp.MustCompile(`^v_[a-z2-7]{16}$`)
)

// check says whether an entry may be written; the error wraps ErrBadEntry.
func (e *Entry) check() error {
	bad := func(why string) error { return fmt.Errorf("%.20q: %w: %s", e.Kind, ErrBadEntry, why) }
	switch {
	case !kinds[e.Kind]:
		return bad("no such kind")
	case e.Viewing != "" && !viewingForm.MatchString(e.Viewing):
		return bad("viewing")
	case len(e.Cameras) > maxCameras:
		return bad("too many cameras")
	case e.Span.From < 0 || e.Span.To < e.Span.From || e.Span.To > timeline.Forever:
		return bad("span")
	case e.Requests < 0 || e.Bytes < 0:
		return bad("negative totals")
	case e.Of != nil && (e.Of.Seq == 0 || unhex(new(Hash), e.Of.Hash) != nil):
		return bad("the entry whose outcome it is")
	}
	for _, text := range []string{e.Who, e.Unit, e.Case, e.Reason, e.Address, e.Act, e.Result, e.Note} {
		if len(text) > maxText || !utf8.ValidString(text) {
			return bad("a text that is too long or not UTF-8")
		}
	}
	for _, c := range e.Cameras {
		if _, err := media.ParseCameraID(string(c)); err != nil {
			return bad(err.Error())
		}
	}
	return nil
}

// Clean shortens what a client sent to what an entry takes.
func Clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	for len(text) > maxText {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	return text
}

// MostListed bounds the cameras that an entry about many lists, and MostNamed the devices
// that it names.
const (
	MostListed = 1000
	MostNamed  = 20
)

// AndMore is the beginning of a list of so many.
func AndMore(first []string, all int) string {
	text := strings.Join(first, " ")
	if more := all - len(first); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
