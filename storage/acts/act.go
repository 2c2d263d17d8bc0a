// Package acts keeps the decisions about footage where the footage is kept: in
// the store. An Act says that a camera was enrolled or removed, why a stream
// had no footage, what is held, erased or expired. Acts are never changed;
// replaying them rebuilds what a lost database knew.
//
// A Log takes acts in: they are synced to a local file first, and shipped to
// the store in batches. Replay gives back every act of a store. The package
// decides nothing and holds no secrets.
package acts

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Kind says what was decided.
type Kind string

// The kinds of acts.
const (
	Enrol   Kind = "enrol"   // a camera joined; Span is its enrolled time
	Place   Kind = "place"   // where it stands and looks, from Span.From on
	Remove  Kind = "remove"  // it left at Span.From
	Reason  Kind = "cause"   // why a stream had no footage during Span
	Hold    Kind = "hold"    // footage in Span must not be deleted
	Release Kind = "release" // the hold Of has ended
	Erase   Kind = "erase"   // footage in Span must not come back
	Expire  Kind = "expire"  // footage in Span was deleted because of its age, or for room
)

var kinds = map[Kind]bool{
	Enrol: true, Place: true, Remove: true, Reason: true,
	Hold: true, Release: true, Erase: true, Expire: true,
}

// Version of the JSON form. A reader that meets a higher one must not guess.
const Version = 1

// ErrBadAct is returned (wrapped) for what is not an act this version can read.
var ErrBadAct = errors.New("malformed act")

// Act is one decision. Which fields are set depends on Kind; Subject says whom
// it concerns.
type Act struct {
	ID     string         // unique, [a-z0-9_-]{1,64}; drawn by New
	Kind   Kind           //
	Of     string         // the act this one goes on with: the hold released, the cause interval closed
	Camera media.CameraID // enrol, place, remove; hold, release, erase of all streams
	Stream media.StreamID // cause, expire; hold, release, erase of one stream
	Span   timeline.Span  // To = timeline.Forever: not ended
	Cause  timeline.Cause // cause, erase, expire
	Source string         // who says so: "ingest", "upkeep", "operator"
	Actor  string         // the account behind it, if any
	At     timeline.Micros
	// LastStart, of expire and erase: every segment of the stream that starts
	// in [Span.From, LastStart] is deleted. Span, the time without footage, may
	// reach beyond.
	LastStart timeline.Micros
	Enrolled  *Enrolment // enrol and place
	Lifecycle string     // of remove: what the camera became; empty: it was taken down
}

// Enrolment is what the archive must know of a camera to list it again after
// the registry is lost. It has no URL, account or password, on purpose.
type Enrolment struct {
	Carrier  string   `json:"carrier,omitempty"`
	Device   string   `json:"device,omitempty"` // the carrier's id of the device
	Name     string   `json:"name,omitempty"`
	Lon      *float64 `json:"lon,omitempty"` // WGS-84 degrees
	Lat      *float64 `json:"lat,omitempty"`
	Azimuth  *float64 `json:"azimuth_deg,omitempty"` // of the view, from north, clockwise
	FOV      *float64 `json:"fov_deg,omitempty"`
	Range    *float64 `json:"range_m,omitempty"`
	Keep     int      `json:"retention_days,omitempty"` // 0: the installation's
	Streams  int      `json:"streams,omitempty"`        // how many, main first
	Division string   `json:"division,omitempty"`       // 12 digits
	// CommonName and Landmark are what people call the point.
	CommonName string `json:"common_name,omitempty"`
	Landmark   string `json:"landmark,omitempty"`
	// System is GCJ02 or BD09 where the position was given in it, as RawLon, RawLat.
	System string   `json:"coord_system,omitempty"`
	RawLon *float64 `json:"raw_lon,omitempty"`
	RawLat *float64 `json:"raw_lat,omitempty"`
}

// wire is the JSON form. Its names never change; fields are only added.
type wire struct {
	V         int            `json:"v"`
	ID        string         `json:"id"`
	Kind      Kind           `json:"kind"`
	Of        string         `json:"of,omitempty"`
	Camera    media.CameraID `json:"camera,omitempty"`
	Stream    media.StreamID `json:"stream,omitempty"`
	FromUS    int64          `json:"from_us"`
	ToUS      int64          `json:"to_us"`
	LastStart int64          `json:"last_start_us,omitempty"`
	Cause     timeline.Cause `json:"cause,omitempty"`
	Source    string         `json:"source,omitempty"`
	Actor     string         `json:"actor,omitempty"`
	AtUS      int64          `json:"at_us"`
	Enrolled  *Enrolment     `json:"enrol,omitempty"`
	Lifecycle string         `json:"lifecycle,omitempty"`
}

// NewID draws an id for an act: "a_" and 16 characters of [a-z2-7], 80 bits.
func NewID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails (Go 1.24)
	return "a_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// MarshalJSON gives the act on one line.
func (a Act) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{
		V: Version, ID: a.ID, Kind: a.Kind, Of: a.Of, Camera: a.Camera, Stream: a.Stream,
		FromUS: int64(a.Span.From), ToUS: int64(a.Span.To), LastStart: int64(a.LastStart),
		Cause: a.Cause, Source: a.Source, Actor: a.Actor, AtUS: int64(a.At), Enrolled: a.Enrolled, Lifecycle: a.Lifecycle,
	})
}

// UnmarshalJSON reads an act and checks it. Unknown fields are passed over; an
// unknown version or kind is ErrBadAct.
func (a *Act) UnmarshalJSON(b []byte) error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrBadAct, err)
	}
	if w.V != Version {
		return fmt.Errorf("%w: version %d, this program reads %d: use a newer program", ErrBadAct, w.V, Version)
	}
	*a = Act{
		ID: w.ID, Kind: w.Kind, Of: w.Of, Camera: w.Camera, Stream: w.Stream,
		Span:      timeline.Span{From: timeline.Micros(w.FromUS), To: timeline.Micros(w.ToUS)},
		LastStart: timeline.Micros(w.LastStart),
		Cause:     w.Cause, Source: w.Source, Actor: w.Actor, At: timeline.Micros(w.AtUS), Enrolled: w.Enrolled,
		Lifecycle: w.Lifecycle,
	}
	return a.Check()
}

var idForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// Check says whether the act is complete for its kind; the error wraps
// ErrBadAct.
func (a *Act) Check() error {
	bad := func(why string) error { return fmt.Errorf("act %.70q (%.20q): %w: %s", a.ID, a.Kind, ErrBadAct, why) }
	switch {
	case !idForm.MatchString(a.ID):
		return bad("id")
	case !kinds[a.Kind]:
		return bad("no such kind")
	case a.Of != "" && !idForm.MatchString(a.Of):
		return bad("of")
	case a.At <= 0 || a.At > timeline.Forever:
		return bad("at_us")
	case a.Span.From < 0 || a.Span.To < a.Span.From || a.Span.To > timeline.Forever:
		return bad("span")
	case a.LastStart != 0 && (a.LastStart < a.Span.From || a.LastStart > a.Span.To):
		return bad("last_start_us")
	case a.Kind == Release && a.Of == "":
		return bad("no hold is named")
	}
	if why := a.checkSubject(); why != "" {
		return bad(why)
	}
	if a.Cause != "" || a.Kind == Reason {
		if _, err := timeline.ParseCause(string(a.Cause)); err != nil {
			return bad("cause")
		}
	}
	return nil
}

func (a *Act) checkSubject() string {
	var camera, stream bool // which of both may be named
	switch a.Kind {
	case Enrol, Place, Remove:
		camera = true
	case Reason, Expire:
		stream = true
	default:
		camera, stream = true, true
	}
	switch {
	case (a.Camera == "") == (a.Stream == ""):
		return "one camera or one stream must be named"
	case a.Camera != "" && !camera:
		return "a stream must be named, not a camera"
	case a.Stream != "" && !stream:
		return "a camera must be named, not a stream"
	case a.Camera != "":
		if _, err := media.ParseCameraID(string(a.Camera)); err != nil {
			return err.Error()
		}
	default:
		if _, err := media.ParseStreamID(string(a.Stream)); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Concerns reports whether the act is about this stream.
func (a *Act) Concerns(s media.StreamID) bool {
	return a.Stream == s || a.Camera != "" && a.Camera == s.Camera()
}

// Removes reports whether an expire or erase act takes a segment of this
// stream that starts at this moment.
func (a *Act) Removes(s media.StreamID, start timeline.Micros) bool {
	if a.Kind != Expire && a.Kind != Erase || !a.Concerns(s) || start < a.Span.From {
		return false
	}
	if a.LastStart != 0 {
		return start <= a.LastStart
	}
	return start < a.Span.To
}
