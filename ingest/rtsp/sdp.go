package rtsp

import (
	"strconv"
	"strings"

	"qianshao/ingest/rtsp/limit"
)

// description is what matters for recording of a session description (RFC
// 8866). Cameras write them in every way but the right one, and one malformed
// line must not spoil the rest: lines that are not understood do not count.
type description struct {
	control  string // of the session; "" or "*" when there is none
	sections []section
}

// section is a media section.
type section struct {
	kind     string   // "video", "audio", …
	profile  string   // "RTP/AVP", …
	types    []string // payload types, as written
	rtpmap   map[string]string
	fmtp     map[string]string
	control  string
	sendonly bool
}

// parseSDP reads a description. It always yields something; what cannot be read
// is left out.
func parseSDP(body []byte) *description {
	d := &description{}
	text := strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(strings.TrimLeft(line, " \t"), " \t\x00")
		if m, ok := strings.CutPrefix(line, "m="); ok {
			if len(d.sections) == limit.Sections {
				return d
			}
			d.sections = append(d.sections, newSection(m))
			continue
		}
		a, ok := strings.CutPrefix(line, "a=")
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(a, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if n := len(d.sections); n > 0 {
			d.sections[n-1].attribute(name, value)
		} else if name == "control" && d.control == "" {
			d.control = value
		}
	}
	return d
}

func newSection(m string) section {
	s := section{rtpmap: map[string]string{}, fmtp: map[string]string{}}
	f := strings.Fields(m)
	if len(f) < 3 { // kind, port, profile; the port means nothing here
		return s
	}
	s.kind, s.profile = strings.ToLower(f[0]), strings.ToUpper(f[2])
	s.types = f[3:min(len(f), 3+limit.Types)]
	return s
}

func (s *section) attribute(name, value string) {
	switch name {
	case "control":
		if s.control == "" {
			s.control = value
		}
	case "sendonly":
		s.sendonly = true
	case "rtpmap", "fmtp":
		pt, rest, _ := strings.Cut(value, " ")
		m := s.rtpmap
		if name == "fmtp" {
			m = s.fmtp
		}
		if _, twice := m[pt]; !twice && len(m) < limit.Types {
			m[pt] = strings.TrimSpace(rest)
		}
	}
}

// coding is what packets of a payload type hold: the name of RFC 8866 6.6 in
// capitals, the clock and the channels, 0 when they are not said. guessed says
// that the description does not name it where it should.
func (s *section) coding(pt string) (name string, rate, channels int, guessed bool) {
	text, ok := s.rtpmap[pt]
	if !ok {
		if known, static := staticTypes[pt]; static {
			text, ok = known, true
		}
	}
	if !ok && len(s.types) == 1 && len(s.rtpmap) == 1 { // of another number, but there is nothing else
		for _, v := range s.rtpmap {
			text, ok, guessed = v, true, true
		}
	}
	if !ok && s.kind == "video" {
		text, guessed = guessVideo(s.params(pt)), true
	}
	part := strings.Split(text, "/")
	name = strings.ToUpper(strings.TrimSpace(part[0]))
	if len(part) > 1 {
		rate, _ = strconv.Atoi(strings.TrimSpace(part[1])) // 0 where it is no number: not said
	}
	if len(part) > 2 {
		channels, _ = strconv.Atoi(strings.TrimSpace(part[2]))
	}
	return name, max(rate, 0), max(channels, 0), guessed
}

// staticTypes need no rtpmap (RFC 3551 6).
var staticTypes = map[string]string{"0": "PCMU/8000", "8": "PCMA/8000", "26": "JPEG/90000"}

// guessVideo names a coding by its parameters. Nothing said, it is what nearly
// every camera sends.
func guessVideo(p map[string]string) string {
	if p["sprop-vps"] != "" || p["sprop-sps"] != "" {
		return "H265/90000"
	}
	return "H264/90000"
}

// params are the format parameters of a payload type, by lower-case name.
func (s *section) params(pt string) map[string]string {
	text, ok := s.fmtp[pt]
	if !ok && len(s.types) == 1 && len(s.fmtp) == 1 {
		for _, v := range s.fmtp {
			text = v
		}
	}
	out := map[string]string{}
	for p := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(p, "=")
		out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return out
}
