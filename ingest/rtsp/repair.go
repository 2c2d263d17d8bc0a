package rtsp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// repairStatus gives a status line the reason phrase that the library insists
// on (RFC 2326 7.1).
func repairStatus(m *message) {
	f := strings.Fields(m.start)
	if code := m.status(); code > 0 && len(f) == 2 {
		reason := http.StatusText(code)
		if reason == "" {
			reason = "Status"
		}
		m.start = f[0] + " " + f[1] + " " + reason
	}
}

// repairDescription mends what cameras get wrong in the answer to DESCRIBE: a
// base that is no absolute URL, and tracks that we do not record, whose odd
// descriptions would otherwise spoil those that we do.
func repairDescription(m *message, uri string) {
	for _, name := range []string{"Content-Base", "Content-Location"} {
		if v := m.get(name); v != "" && !absolute(v) {
			m.del(name)
		}
	}
	base := uri
	if v := m.get("Content-Base"); v != "" {
		base = v
	}
	if body := repairSDP(string(m.body), base); body != "" {
		m.body = []byte(body)
	}
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "rtsp" || u.Scheme == "rtsps")
}

// codings are the RTP payload names (IANA) of what we record.
var codings = map[string]bool{
	"H264": true, "H265": true, "JPEG": true,
	"MPEG4-GENERIC": true, "PCMA": true, "PCMU": true, "OPUS": true,
}

// static are their payload types that need no rtpmap (RFC 3551 6).
var static = map[string]bool{"0": true, "8": true, "26": true}

// repairSDP returns a description (RFC 4566) with the media sections that we
// record and nothing in them but what recording needs; "" when there is none.
// base is the URL that controls are relative to.
func repairSDP(body, base string) string {
	// Lines of the session that say nothing of its tracks are written anew: some
	// cameras' are malformed.
	out := "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	sections := [][]string{}
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(body, "\n") {
		line = strings.TrimRight(line, " \t\x00")
		if strings.HasPrefix(line, "m=") {
			sections = append(sections, []string{line})
		} else if line, n := attribute(line), len(sections); line != "" {
			line = repairControl(line, base)
			if n > 0 {
				sections[n-1] = append(sections[n-1], line)
			} else {
				out += line + "\r\n"
			}
		}
	}
	found := false
	for _, s := range sections {
		if s = repairMedia(s); s != nil {
			out += strings.Join(s, "\r\n") + "\r\n"
			found = true
		}
	}
	if !found {
		return ""
	}
	return out
}

// attribute returns an attribute that matters for recording, without spaces
// around its value; "" for every other line.
func attribute(line string) string {
	name, value, has := strings.Cut(line, ":")
	switch name {
	case "a=control", "a=rtpmap", "a=fmtp":
		if value = strings.TrimSpace(value); value != "" {
			return name + ":" + value
		}
	case "a=sendonly", "a=recvonly", "a=sendrecv", "a=inactive":
		if !has {
			return name
		}
	}
	return ""
}

// repairMedia returns a media section with the payload types that we record;
// nil when there is none.
func repairMedia(lines []string) []string {
	f := strings.Fields(lines[0][2:])
	if len(f) < 4 || f[0] != "video" && f[0] != "audio" || !strings.HasPrefix(f[2], "RTP/") {
		return nil
	}
	named := map[string]bool{} // payload type: whether we record it
	for _, line := range lines {
		if v, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
			pt, coding, _ := strings.Cut(strings.TrimSpace(v), " ")
			coding, _, _ = strings.Cut(strings.TrimSpace(coding), "/")
			named[pt] = codings[strings.ToUpper(coding)]
		}
	}
	var kept []string
	for _, pt := range f[3:] {
		n, err := strconv.Atoi(pt)
		if known, ok := named[pt]; err == nil && n >= 0 && n < 128 && (known || !ok && static[pt]) {
			kept = append(kept, pt)
		}
	}
	if kept == nil {
		return nil
	}
	if port, err := strconv.Atoi(f[1]); err != nil || port < 0 || port > 65535 {
		f[1] = "0"
	}
	out := []string{"m=" + f[0] + " " + f[1] + " " + f[2] + " " + strings.Join(kept, " ")}
	for _, line := range lines[1:] {
		if !ofOther(line, kept) {
			out = append(out, line)
		}
	}
	return out
}

// ofOther reports whether an attribute belongs to a payload type that is not
// kept.
func ofOther(line string, kept []string) bool {
	for _, name := range []string{"a=rtpmap:", "a=fmtp:"} {
		if v, ok := strings.CutPrefix(line, name); ok {
			pt, _, _ := strings.Cut(strings.TrimSpace(v), " ")
			for _, k := range kept {
				if k == pt {
					return false
				}
			}
			return true
		}
	}
	return false
}

// repairControl makes a control that repeats the path of the base an absolute
// URL: the library, as most clients, puts controls behind the base, which is
// what cameras expect of "/trackID=1" but not of "/live/trackID=1".
func repairControl(line, base string) string {
	path, ok := strings.CutPrefix(line, "a=control:/")
	if !ok {
		return line
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return line
	}
	dir := strings.Trim(u.Path, "/")
	if dir == "" || path != dir && !strings.HasPrefix(path, dir+"/") {
		return line
	}
	return "a=control:" + u.Scheme + "://" + u.Host + "/" + path
}

// interleaving is how far a track's NAL units may be from their decoding order
// (RFC 6184 8.1), which the library does not tell.
type interleaving struct{ depth, maxDONDiff int }

// interleavings reads the format parameters of a description, by payload type.
func interleavings(body []byte) map[uint8]interleaving {
	out := map[uint8]interleaving{}
	for line := range strings.SplitSeq(string(body), "\n") {
		v, ok := strings.CutPrefix(strings.TrimSpace(line), "a=fmtp:")
		pt, list, _ := strings.Cut(v, " ")
		n, err := strconv.ParseUint(pt, 10, 7)
		if !ok || err != nil {
			continue
		}
		var x interleaving
		for p := range strings.SplitSeq(list, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			k, err := strconv.ParseUint(strings.TrimSpace(value), 10, 15)
			switch {
			case err != nil:
			case strings.EqualFold(name, "sprop-interleaving-depth"):
				x.depth = int(k)
			case strings.EqualFold(name, "sprop-max-don-diff"):
				x.maxDONDiff = int(k)
			}
		}
		if x != (interleaving{}) {
			out[uint8(n)] = x
		}
	}
	return out
}
