package rtsp

import (
	"net/url"
	"slices"
	"strings"
)

// place is where a camera's streams are: what its many ways of writing
// addresses are brought to. Cameras behind address translation write addresses
// that only they can reach; what counts is the address that was dialled.
type place struct {
	scheme, host string
}

// at writes a path, with its query, as a URL.
func (p place) at(path string) string { return p.scheme + "://" + p.host + path }

// of takes the path, with its query, of a URL as a camera writes it: absolute,
// without scheme, or a path. ok is false when it is none of these.
func (p place) of(s string) (path string, ok bool) {
	s = strings.TrimSpace(s)
	if i := strings.LastIndex(s, "rtsp://"); i > 0 { // written twice
		s = s[i:]
	}
	if strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") {
		return s, printable(s)
	}
	rest := s
	for _, scheme := range []string{"rtsp://", "rtsps://", "rtspu://", "//"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			rest = s[len(scheme):]
			break
		}
	}
	host, path, slash := strings.Cut(rest, "/")
	if u, err := url.Parse("rtsp://" + host); err != nil || u.Host == "" || !strings.ContainsAny(host, ".:") && rest == s {
		return "", false
	}
	if !slash {
		return "/", true
	}
	return "/" + path, printable(path)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd })
}

// aggregate is the URL that stands for all tracks: the session's control, else
// the base of the answer, else what was asked for (RFC 2326 C.1.1). mended says
// that something there could not be used.
func (p place) aggregate(asked string, bases []string, control string) (uri string, mended bool) {
	if control != "" && control != "*" {
		if path, ok := p.of(control); ok && strings.Contains(control, "://") {
			return p.at(path), false
		}
		mended = true
	}
	for _, b := range bases {
		if path, ok := p.of(b); ok {
			return p.at(path), mended || !strings.HasPrefix(b, "rtsp") || strings.Count(b, "://") > 1 || len(bases) > 1
		}
		mended = true
	}
	return asked, mended
}

// track lists the URLs at which a track may be set up, best first.
func (p place) track(aggregate, control string) []string {
	behind := strings.TrimSuffix(aggregate, "/") + "/" + strings.TrimPrefix(control, "/")
	var out []string
	add := func(uri string) {
		if !slices.Contains(out, uri) {
			out = append(out, uri)
		}
	}
	switch path, ok := p.of(control); {
	case control == "" || control == "*":
		add(aggregate)
	case strings.Contains(control, "://") && ok:
		add(p.at(path))
	case strings.HasPrefix(control, "/"):
		// Some mean "behind the base", some a path of its own: one that repeats the
		// base's is of the second kind.
		base, _ := p.of(aggregate)
		base, _, _ = strings.Cut(base, "?")
		if dir := strings.Trim(base, "/"); dir != "" && strings.HasPrefix(control+"/", "/"+dir+"/") {
			add(p.at(control))
		}
		add(behind)
		add(p.at(control))
	default:
		add(behind)
	}
	if before, query, ok := strings.Cut(aggregate, "?"); ok && control != "" && control != "*" && !strings.Contains(control, "://") {
		add(strings.TrimSuffix(before, "/") + "/" + strings.TrimPrefix(control, "/") + "?" + strings.TrimSuffix(query, "/"))
	}
	add(aggregate)
	return out
}
