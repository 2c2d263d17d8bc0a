package rtsptest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The faults a camera can have.
const (
	Stall  Kind = "stall"  // connections stay open, nothing is sent; goes on at the next key frame
	Cut    Kind = "cut"    // connections are closed, then refused for the duration
	Loss   Kind = "loss"   // packets are left out
	Reboot Kind = "reboot" // connections are reset, then refused; new SSRC, sequence and timestamps
	Clock  Kind = "clock"  // the NTP times of sender reports are off
	Silent Kind = "silent" // one track stops, the session goes on
)

// Fault is one misbehaviour of one camera, or of all.
type Fault struct {
	Kind   Kind
	Camera int           // 1-based; 0: every camera
	At     time.Duration // after the server's start, or after PLAY with FromPlay, or after Inject
	For    time.Duration // 0 takes the default of the kind; Cut: 0 refuses nobody; Clock: 0 is for ever

	FromPlay bool          // counts from the PLAY of each session and touches only it
	Percent  float64       // Loss: of packets, default 5
	Offset   time.Duration // Clock: default 1 h
	Track    string        // Silent: "video" or "audio" (default)
	Reset    bool          // Cut: with RST, which drops what is on the way, in place of FIN
}

// ErrFault is returned for a fault that cannot be.
var ErrFault = errors.New("fault")

// forever is longer than any run.
const forever = 100 * 365 * 24 * time.Hour

func (f Fault) check(cameras int) error {
	switch {
	case f.Camera < 0 || f.Camera > cameras:
		return fmt.Errorf("%w %s: camera %d of %d", ErrFault, f.Kind, f.Camera, cameras)
	case f.At < 0 || f.For < 0 || f.Percent < 0 || f.Percent > 100:
		return fmt.Errorf("%w %s: negative time or more than 100 %%", ErrFault, f.Kind)
	case f.Track != "" && f.Track != "audio" && f.Track != "video":
		return fmt.Errorf("%w %s: track %q (audio, video)", ErrFault, f.Kind, f.Track)
	}
	switch f.Kind {
	case Stall, Cut, Loss, Reboot, Clock, Silent:
		return nil
	}
	return fmt.Errorf("%w %q: not one of stall, cut, loss, reboot, clock, silent", ErrFault, f.Kind)
}

func (f Fault) withDefaults() Fault {
	if f.For == 0 {
		switch f.Kind {
		case Stall:
			f.For = 15 * time.Second
		case Clock:
			f.For = forever
		case Loss, Reboot, Silent:
			f.For = 10 * time.Second
		}
	}
	if f.Percent == 0 {
		f.Percent = 5
	}
	if f.Offset == 0 {
		f.Offset = time.Hour
	}
	if f.Track == "" {
		f.Track = "audio"
	}
	return f
}

// ParseFault reads the command line's form of a fault:
//
//	[camera:]kind[=value]@T[+D]
//
// T and D are seconds, with decimals if wanted. The value is the percentage of
// loss, the seconds of clock, audio or video of silent, rst or fin of cut.
// Examples: stall@30+10, 3:loss=2.5@10+60, cut=rst@20, silent=video@5+5.
func ParseFault(s string) (Fault, error) {
	var f Fault
	bad := func(what string) (Fault, error) {
		return Fault{}, fmt.Errorf("%w %q: %s; write [camera:]kind[=value]@T[+D]", ErrFault, s, what)
	}
	what, when, ok := strings.Cut(s, "@")
	if !ok {
		return bad("no @")
	}
	if camera, rest, ok := strings.Cut(what, ":"); ok {
		n, err := strconv.Atoi(camera)
		if err != nil || n < 1 {
			return bad("camera number")
		}
		f.Camera, what = n, rest
	}
	kind, value, hasValue := strings.Cut(what, "=")
	f.Kind = Kind(kind)
	at, long, hasLong := strings.Cut(when, "+")
	if f.At, ok = seconds(at); !ok {
		return bad("seconds after @")
	}
	if hasLong {
		if f.For, ok = seconds(long); !ok {
			return bad("seconds after +")
		}
	}
	if hasValue {
		switch f.Kind {
		case Loss:
			p, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
			if err != nil || !(p > 0 && p <= 100) {
				return bad("percentage")
			}
			f.Percent = p
		case Clock:
			rest, negative := strings.CutPrefix(value, "-")
			if f.Offset, ok = seconds(rest); !ok {
				return bad("seconds of offset")
			}
			if negative {
				f.Offset = -f.Offset
			}
		case Silent:
			f.Track = value
		case Cut:
			if value != "rst" && value != "fin" {
				return bad("rst or fin")
			}
			f.Reset = value == "rst"
		default:
			return bad("a value that " + kind + " does not have")
		}
	}
	if err := f.check(f.Camera); err != nil {
		return Fault{}, err
	}
	return f, nil
}

func seconds(s string) (time.Duration, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= 1e8) {
		return 0, false
	}
	return time.Duration(v * float64(time.Second)), true
}

// window is a fault with its place in time, for one camera.
type window struct {
	Fault
	from int64         // unix µs
	only *session      // nil: every session of the camera
	heal func()        // ends it early
	over chan struct{} // closed when it has ended

	// Guarded by the camera's mu.
	to      int64    // unix µs, not in the window
	lingers bool     // it is over, and still holds for frames of its time
	lost    []uint64 // Loss: frames that went out with a packet missing, or not at all
	dropped int      // Loss: packets left out
}

// effects is what the windows at one instant do to one session.
type effects struct {
	stalled     *window // nil: it is not
	noVideo     bool
	noAudio     bool
	lossPercent float64
	lossBy      *window
	clock       time.Duration
	refused     bool // connections are refused
}

// add adds what w does.
func (e *effects) add(w *window) {
	switch w.Kind {
	case Stall:
		e.stalled = w
	case Loss:
		e.lossPercent, e.lossBy = w.Percent, w
	case Clock:
		e.clock += w.Offset
	case Silent:
		e.noVideo = e.noVideo || w.Track == "video"
		e.noAudio = e.noAudio || w.Track == "audio"
	case Cut, Reboot:
		e.refused = true
	}
}
