package clip

import (
	"net/url"
	"strings"
	"time"

	"qianshao/storage"
	"qianshao/storage/timeline"
)

// Limits of a request.
const (
	MaxWindow     = 7 * timeline.Day   // longer ones: ErrTooLong
	MaxGap        = 12 * timeline.Hour // what one sample can last: 2³² ticks of 1/90000 s are 13.2 h
	DefaultLeadIn = 12 * timeline.Second
)

// Kind is the product that is asked for.
type Kind uint8

// Kinds of files.
const (
	Clip     Kind = iota // progressive MP4, exact
	Play                 // fragmented MP4 from a key frame, for playback
	Playlist             // HLS over byte ranges of Play
)

// Trim says where a clip begins.
type Trim uint8

// Trims. Exact hides the frames from the key frame before the window up to its
// start behind an edit; Inner begins at the first key frame inside the window
// and gives nothing outside it.
const (
	Exact Trim = iota
	Inner
)

// Gaps says how a clip shows time without footage.
type Gaps uint8

// Ways with gaps.
const (
	Keep Gaps = iota // the last frame stands, sound is silent
	Join             // closed up
)

// Audio says what becomes of the sound.
type Audio uint8

// Ways with sound.
const (
	Original Audio = iota // as the camera sent it
	Playable              // G.711 as FLAC, which browsers play everywhere
	NoAudio
)

// Params is one request for a file.
type Params struct {
	Kind     Kind
	Span     timeline.Span // half-open, UTC
	Trim     Trim
	Gaps     Gaps
	Audio    Audio
	KeysOnly bool            // Play: key frames alone, without sound
	Short    bool            // an open-ended range is answered with shortRange bytes at most
	AsOf     storage.AsOf    // zero: what is there now
	LeadIn   timeline.Micros // the most that Exact may give before Span.From; 0: DefaultLeadIn
	Name     string          // the camera's name in the file name of a download; may be empty
}

// choices of the query parameters, in the words of the API.
var (
	trims  = map[string]Trim{"": Exact, "exact": Exact, "inner": Inner}
	gaps   = map[string]Gaps{"": Keep, "keep": Keep, "join": Join}
	audios = map[string]Audio{"original": Original, "play": Playable, "none": NoAudio}
	frames = map[string]bool{"": false, "all": false, "key": true}
	ranges = map[string]bool{"": false, "whole": false, "short": true}
)

// ParseParams reads the query of clip.mp4, play.mp4 or playlist.m3u8: from, to,
// trim, gaps, audio, frames, ranges, as_of. Other parameters are not looked at. The
// error is a ParamError.
func ParseParams(kind Kind, q url.Values) (Params, error) {
	p := Params{Kind: kind}
	var err error
	if p.Span.From, err = parseTime(q, "from"); err != nil {
		return p, err
	}
	if p.Span.To, err = parseTime(q, "to"); err != nil {
		return p, err
	}
	if p.Span.Empty() {
		return p, &ParamError{"to", q.Get("to"), "a time after from"}
	}
	if p.Trim, err = choose(q, "trim", trims, "exact or inner"); err != nil {
		return p, err
	}
	if p.Gaps, err = choose(q, "gaps", gaps, "keep or join"); err != nil {
		return p, err
	}
	if q.Get("audio") == "" {
		if kind != Clip {
			p.Audio = Playable
		}
	} else if p.Audio, err = choose(q, "audio", audios, "original, play or none"); err != nil {
		return p, err
	}
	if p.KeysOnly, err = choose(q, "frames", frames, "all or key"); err != nil {
		return p, err
	}
	if p.Short, err = choose(q, "ranges", ranges, "whole or short"); err != nil {
		return p, err
	}
	if s := q.Get("as_of"); s != "" {
		if p.AsOf, err = storage.ParseAsOf(s); err != nil {
			return p, &ParamError{"as_of", s, "the value of an earlier redirect"}
		}
	}
	return p, nil
}

func choose[T any](q url.Values, name string, from map[string]T, want string) (T, error) {
	v, ok := from[q.Get(name)]
	if !ok {
		return v, &ParamError{name, q.Get(name), want}
	}
	return v, nil
}

// parseTime reads RFC 3339. A space where an unescaped + stood is accepted.
func parseTime(q url.Values, name string) (timeline.Micros, error) {
	s := q.Get(name)
	text := s
	if i := strings.LastIndexByte(text, ' '); i > 10 {
		text = text[:i] + "+" + text[i+1:]
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return 0, &ParamError{name, s, "a time like 2026-11-23T09:00:00Z"}
	}
	return timeline.FromTime(t), nil
}
