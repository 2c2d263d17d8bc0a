package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"qianshao/registry/area"
	"qianshao/registry/label"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Case is one case.
type Case struct {
	ID        string          `json:"id"`     // k_…
	Number    string          `json:"number"` // as the bureau counts; empty: an emergency that has none yet
	Unit      string          `json:"unit"`
	Class     string          `json:"class"`  // of what happened, in the bureau's words
	Reason    string          `json:"reason"` // why footage is needed
	Area      area.Area       `json:"area"`
	Span      timeline.Span   `json:"span"` // of the footage that may be seen
	Members   []string        `json:"members"`
	Emergency bool            `json:"emergency,omitempty"` // it began as one
	Growth    bool            `json:"growth,omitempty"`    // a route may be followed beyond the area, hop by hop
	Hops      []Hop           `json:"hops,omitempty"`
	By        string          `json:"by"` // who opened it
	Opened    timeline.Micros `json:"opened"`
	Expires   timeline.Micros `json:"expires"`
	Large     []Large         `json:"large,omitempty"` // why it needs a second officer; empty: it needs none
	Approved  *Mark           `json:"approved,omitempty"`
	Adopted   *Mark           `json:"adopted,omitempty"` // an emergency became a case
	Changed   bool            `json:"changed,omitempty"` // with another area or time than the emergency's
	Closed    *Mark           `json:"closed,omitempty"`
	Reviews   []Mark          `json:"reviews,omitempty"`
}

// Large is one way in which a case reaches further than one officer may.
type Large struct {
	What string `json:"what" enum:"cameras,hours" doc:"cameras in its area, or hours of footage"`
	Is   int    `json:"is"`
	Most int    `json:"most" doc:"that one officer may"`
}

// String writes it for the register.
func (l Large) String() string { return fmt.Sprintf("%d %s (more than %d)", l.Is, l.What, l.Most) }

// Mark says that somebody did something.
type Mark struct {
	By   string          `json:"by"`
	At   timeline.Micros `json:"at"`
	Note string          `json:"note,omitempty"`
}

// Hop is a step of a route that was followed: what lies around a camera, around a
// moment, is added to what the case allows.
type Hop struct {
	Camera media.CameraID  `json:"camera"`
	At     timeline.Micros `json:"at"`  // when the route passed there
	Lon    float64         `json:"lon"` // where the camera stood
	Lat    float64         `json:"lat"`
	By     string          `json:"by"`
	Added  timeline.Micros `json:"added"`
}

// What a hop adds.
const (
	HopRadiusM = 2000
	HopTime    = 30 * timeline.Minute
)

const (
	maxHops    = 200
	maxMembers = 200
	longest    = 366 * timeline.Day // how long a case stays open
	maxReason  = 500                // characters
	maxShort   = 64                 // of number and class
	// An emergency lasts a day, and reaches three days back.
	emergencyTime = timeline.Day
	emergencyBack = 3 * timeline.Day
)

// Errors that callers tell apart.
var (
	// ErrBad is wrapped for what a case cannot be.
	ErrBad = label.ErrBad
	// ErrUnknown is wrapped where there is no such case.
	ErrUnknown = errors.New("no such case")
	// ErrTaken is wrapped for a number that another case has.
	ErrTaken = errors.New("there is a case of this number already")
	// ErrState is wrapped for what the case's state does not allow.
	ErrState = errors.New("the case does not allow it now")
	// ErrNotRegistered is wrapped when the register cannot be written: nothing was
	// changed.
	ErrNotRegistered = register.ErrUnwritten
	// ErrOutside is wrapped where footage lies outside of what the case allows.
	ErrOutside = errors.New("outside of the case's area or time")
)

// State is how a case stands.
type State string

// The states. Footage may be seen while it is open.
const (
	Waiting State = "waiting" // for a second officer
	Running State = "open"
	Closed  State = "closed"
	Expired State = "expired"
)

// State says how the case stands at a moment.
func (c *Case) State(now timeline.Micros) State {
	switch {
	case c.Closed != nil:
		return Closed
	case now >= c.Expires:
		return Expired
	case c.Pending(now) && !(c.Emergency && !c.Changed && now < c.Opened+emergencyTime):
		return Waiting
	}
	return Running
}

// Pending reports whether a second officer is to decide. An emergency that became a
// case as it was goes on meanwhile, to the end of its day.
func (c *Case) Pending(now timeline.Micros) bool {
	return len(c.Large) > 0 && c.Approved == nil && c.Closed == nil && now < c.Expires
}

// DueForReview reports whether somebody is to look at what was done without a
// second officer: an emergency that is over and did not become a case, and hops
// that were added since the last review.
func (c *Case) DueForReview(now timeline.Micros) bool {
	var last timeline.Micros
	if n := len(c.Reviews); n > 0 {
		last = c.Reviews[n-1].At
	}
	if c.Emergency && c.Adopted == nil && last == 0 && c.State(now) != Running {
		return true
	}
	return slices.ContainsFunc(c.Hops, func(h Hop) bool { return h.Added > last })
}

// Name is what the case is called in the register: its number, or its id while it
// has none.
func (c *Case) Name() string {
	if c.Number != "" {
		return c.Number
	}
	return c.ID
}

// spans are the times at which the case allows to see a camera.
func (c *Case) spans(s *area.Spot) (out []timeline.Span) {
	if c.Area.Holds(s) {
		out = append(out, c.Span)
	}
	for i := range c.Hops {
		if h := &c.Hops[i]; h.Camera == s.Camera || s.Placed && area.Distance(h.Lon, h.Lat, s.Lon, s.Lat) <= HopRadiusM {
			out = append(out, timeline.Span{From: h.At - HopTime, To: h.At + HopTime})
		}
	}
	return timeline.Normalize(out)
}

// Reaches reports whether the case allows to see a camera at any time.
func (c *Case) Reaches(s *area.Spot) bool { return len(c.spans(s)) > 0 }

// Allows reports whether the case allows to see all of a span of a camera. It does
// not look at the case's state.
func (c *Case) Allows(s *area.Spot, span timeline.Span) bool {
	return !span.Empty() && len(timeline.Subtract([]timeline.Span{span}, c.spans(s))) == 0
}

func bad(field, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", field, ErrBad, fmt.Sprintf(format, args...))
}

// text says whether a text may stand in a field: it goes into the register and
// onto pages.
func text(field, s string, most int, needed bool) error {
	if needed && label.Empty(s) {
		return bad(field, "it is empty")
	}
	if err := label.Check(s, most); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

func (c *Case) check() error {
	if err := text("number", c.Number, maxShort, !c.Emergency); err != nil {
		return err
	}
	if strings.HasPrefix(c.Number, "k_") {
		return bad("number", "ids of ours begin so")
	}
	if err := text("class", c.Class, maxShort, !c.Emergency); err != nil {
		return err
	}
	if err := text("reason", c.Reason, maxReason, true); err != nil {
		return err
	}
	if err := c.Area.Check(); err != nil {
		return bad("area", "%v", err)
	}
	switch {
	case c.Area.Empty():
		return bad("area", "give divisions, circles, polygons or cameras")
	case c.Span.Empty() || c.Span.From <= 0:
		return bad("span", "give from and to, the later one last")
	case len(c.Members) > maxMembers:
		return bad("members", "at most %d", maxMembers)
	case c.Expires <= c.Opened || c.Expires > c.Opened+longest:
		return bad("expires", "use a time within %d days", longest/timeline.Day)
	}
	return nil
}

// clone copies a case, so that its holder cannot change the book's.
func (c *Case) clone() Case {
	out := *c
	out.Members, out.Hops, out.Large, out.Reviews = slices.Clone(c.Members), slices.Clone(c.Hops), slices.Clone(c.Large), slices.Clone(c.Reviews)
	return out
}

// Limits say which cases need a second officer. Zero: no bound.
type Limits struct {
	Cameras int
	Span    time.Duration
}
