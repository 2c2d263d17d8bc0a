package loop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Codec names a coding as the command line does: h264, h265, mjpeg; aac, pcma,
// pcmu, opus; none (or empty) for no audio.
type Codec string

// The codecs a simulated camera can send.
const (
	H264  Codec = "h264"
	H265  Codec = "h265"
	MJPEG Codec = "mjpeg"
	AAC   Codec = "aac"
	PCMA  Codec = "pcma"
	PCMU  Codec = "pcmu"
	Opus  Codec = "opus"
	None  Codec = "none"
)

// ErrBadParams is returned for a loop that cannot be made as asked.
var ErrBadParams = errors.New("loop parameters out of range")

// Params say which video loop is wanted. The zero value of a field takes the
// default in brackets.
type Params struct {
	Codec   Codec   // [h264]
	Width   int     // pixels, even; MJPEG a multiple of 8 [640]
	Height  int     // pixels, even; MJPEG a multiple of 8 [360]
	FPS     int     // pictures a second, 1 to 120 [25]
	GOP     float64 // seconds between key frames [2]
	BFrames int     // consecutive B-frames, 0 to 4 [0]
	Bitrate int     // bits a second [600000]
	Seconds int     // length of the loop; raised to hold one GOP [10]
	Tune    string  // further x264 or x265 parameters: "slices=4" [none]
}

// withDefaults fills what was left out and checks the rest.
func (p Params) withDefaults() (Params, error) {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if p.Codec == "" {
		p.Codec = H264
	}
	set(&p.Width, 640)
	set(&p.Height, 360)
	set(&p.FPS, 25)
	set(&p.Bitrate, 600_000)
	set(&p.Seconds, 10)
	if p.GOP == 0 {
		p.GOP = 2
	}
	if p.Codec == MJPEG {
		p.GOP, p.BFrames = 1/float64(p.FPS), 0
	}
	if p.Seconds > 0 {
		p.Seconds = max(p.Seconds, int(math.Ceil(p.GOP)))
	}
	unit := 2
	if p.Codec == MJPEG {
		unit = 8
	}
	switch {
	case p.Codec != H264 && p.Codec != H265 && p.Codec != MJPEG:
		return p, fmt.Errorf("video codec %q: %w", p.Codec, ErrBadParams)
	case p.Width < 64 || p.Height < 64 || p.Width > 4096 || p.Height > 4096 || p.Width%unit != 0 || p.Height%unit != 0:
		return p, fmt.Errorf("size %dx%d (64 to 4096, multiples of %d): %w", p.Width, p.Height, unit, ErrBadParams)
	case p.Codec == MJPEG && (p.Width > 2040 || p.Height > 2040):
		return p, fmt.Errorf("size %dx%d (RFC 2435 ends at 2040): %w", p.Width, p.Height, ErrBadParams)
	case p.FPS < 1 || p.FPS > 120:
		return p, fmt.Errorf("%d fps (1 to 120): %w", p.FPS, ErrBadParams)
	case p.GOP < 0 || p.GOP > 300 || p.gopFrames() < 1:
		return p, fmt.Errorf("GOP of %g s (one frame to 300 s): %w", p.GOP, ErrBadParams)
	case p.BFrames < 0 || p.BFrames > 4:
		return p, fmt.Errorf("%d B-frames (0 to 4): %w", p.BFrames, ErrBadParams)
	case p.Bitrate < 10_000 || p.Bitrate > 200_000_000:
		return p, fmt.Errorf("bitrate %d (10 kbit/s to 200 Mbit/s): %w", p.Bitrate, ErrBadParams)
	case p.Seconds < 1 || p.frames() > 1<<16:
		return p, fmt.Errorf("%d frames (the code in the picture counts to 65535): %w", p.frames(), ErrBadParams)
	}
	return p, nil
}

func (p Params) frames() int    { return p.Seconds * p.FPS }
func (p Params) gopFrames() int { return int(math.Round(p.GOP * float64(p.FPS))) }

// version is raised whenever the painter or the encoder settings change.
const version = 2

func (p Params) hash() string {
	name := fmt.Sprintf("video %d %+v", version, p)
	if p.Tune == "" { // as loops were named before there was one
		name = strings.TrimSuffix(name, " Tune:}") + "}"
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:12])
}

// Video is one loop, ready to be sent. It is not changed after it was made and
// may be shared.
type Video struct {
	Codec         Codec
	Width, Height int
	FPSNum        int  // pictures a second = FPSNum / FPSDen
	FPSDen        int  //
	Coded         bool // the frame code is drawn into the pictures

	// Parameter sets, NAL units without start codes; empty for MJPEG. They do
	// not stand in the units.
	VPS, SPS, PPS [][]byte

	Units []Unit // in decode order

	// Delay is by how many pictures a unit can come later in decode order than
	// in presentation order: 0 without B-frames.
	Delay int
}

// Unit is one coded picture.
type Unit struct {
	Key     bool
	Display int      // place in the loop in presentation order
	NALs    [][]byte // without parameter sets, delimiters and start codes; MJPEG: one whole JPEG
}

// TimeUS returns the nominal unix time of frame number n in µs, rounded down.
func (v *Video) TimeUS(n uint64) int64 { return int64(scale(n, v.FPSDen, v.FPSNum, 1_000_000)) }

// Ticks returns the nominal unix time of frame number n on a 90 kHz clock.
func (v *Video) Ticks(n uint64) uint64 { return scale(n, v.FPSDen, v.FPSNum, 90_000) }

// Number returns the number of the frame that is current at the unix time us.
func (v *Video) Number(us int64) uint64 {
	if us < 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(us), uint64(v.FPSNum))
	q, _ := bits.Div64(hi, lo, uint64(v.FPSDen)*1_000_000)
	// TimeUS rounds down, so a frame may begin a fraction of 1 µs early.
	if v.TimeUS(q+1) <= us {
		q++
	}
	return q
}

// scale returns n * num * unit / den without overflow for any wall clock.
func scale(n uint64, num, den, unit int) uint64 {
	hi, lo := bits.Mul64(n, uint64(num)*uint64(unit))
	q, _ := bits.Div64(hi, lo, uint64(den))
	return q
}
