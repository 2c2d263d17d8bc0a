package secret

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrBadURL is wrapped by SplitURL. The error's text says what to write
// instead and never repeats the URL, which may hold a password.
var ErrBadURL = errors.New("not a camera URL")

// Placeholder stands in a URL's path or query where the camera's maker wants
// the password itself (rtsp://host/user=admin&password=…&channel=1).
const Placeholder = "{password}"

// Target is a camera URL taken apart.
type Target struct {
	URL      string // scheme and host in lower case; no userinfo; Placeholder for a password in path or query
	Username string
	Password Secret
}

// passwordNames and nextNames are the field names by which Xiongmai and its
// resellers put a password into path or query, and those that end its value
// where the fields are joined by underscores.
var (
	passwordNames = []string{"password=", "passwd=", "pwd=", "pass="}
	nextNames     = []string{"_channel=", "_stream=", "_user=", "_subtype="}
)

// passwordFields finds the values of passwords in text: half-open ranges in
// ascending order.
func passwordFields(text string) (found [][2]int) {
	low := strings.Map(func(r rune) rune { // as long as text: ASCII alone
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	if len(low) != len(text) {
		return nil // not UTF-8; nothing that was let in
	}
	for i := 1; i < len(low); i++ {
		if !strings.ContainsRune("/?&_;", rune(low[i-1])) {
			continue
		}
		for _, name := range passwordNames {
			if !strings.HasPrefix(low[i:], name) {
				continue
			}
			from := i + len(name)
			to := len(low)
			if n := strings.IndexAny(low[from:], "&/?; "); n >= 0 {
				to = from + n
			}
			for _, next := range nextNames {
				if n := strings.Index(low[from:to], next); n >= 0 {
					to = from + n
				}
			}
			found = append(found, [2]int{from, to})
			i = to - 1
			break
		}
	}
	return found
}

// replaceFields puts with into every range of text that is not empty.
func replaceFields(text string, fields [][2]int, with string) string {
	for _, f := range slices.Backward(fields) {
		if f[0] < f[1] {
			text = text[:f[0]] + with + text[f[1]:]
		}
	}
	return text
}

// SplitURL takes user name and password out of a camera URL (RFC 2326 3.2,
// RFC 3986 3.2.1). The scheme is rtsp or rtsps,
// or one of these with +http: RTSP over HTTP.
//
// Passwords are often written as they are: an @ among them is understood; a /,
// ? or # cannot be told from the end of the host and is refused, as is an @
// behind the host, which may be the tail of such a password.
func SplitURL(raw string) (Target, error) {
	bad := func(format string, a ...any) (Target, error) {
		return Target{}, fmt.Errorf("%w: %s", ErrBadURL, fmt.Sprintf(format, a...))
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if plain := strings.TrimSuffix(scheme, "+http"); !ok || plain != "rtsp" && plain != "rtsps" {
		return bad("it must begin with rtsp:// or rtsps://, or with rtsp+http:// or rtsps+http:// for RTSP over HTTP")
	}
	for _, r := range rest {
		if r <= ' ' || r == 0x7f || r == '\\' || r == 0xfffd {
			return bad("it holds a space, a backslash or a control character: write it as %%20, %%5C …")
		}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	if strings.Contains(path, "@") || strings.Contains(path, "#") {
		return bad("an @ or # stands behind the host: if the password holds /, ? or #, give it in the column password; elsewhere write %%40 or %%23")
	}
	var t Target
	host := authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		t.Username, t.Password = unescape(user), New(unescape(password))
		host = authority[at+1:]
	}
	host, err := cleanHost(host)
	if err != nil {
		return bad("%s", err)
	}
	fields := passwordFields(path)
	for _, f := range fields {
		value := path[f[0]:f[1]]
		if value == "" || value == Placeholder {
			continue
		}
		if password := New(unescape(value)); t.Password.IsZero() {
			t.Password = password
		} else if !t.Password.Equal(password) {
			return bad("it gives two passwords: leave one of them out")
		}
	}
	t.URL = scheme + "://" + host + replaceFields(path, fields, Placeholder)
	return t, nil
}

// Fill puts the password where rawURL has the placeholder. The result is a
// secret itself.
func Fill(rawURL string, password Secret) Secret {
	return New(strings.ReplaceAll(rawURL, Placeholder, url.QueryEscape(password.Reveal())))
}

// unescape undoes percent-encoding; a text that is not encoded comes back as
// it is.
func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// cleanHost checks host[:port] and gives it back in lower case.
func cleanHost(s string) (string, error) {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		inner, after, ok := strings.Cut(s[1:], "]")
		ip, err := netip.ParseAddr(strings.Replace(inner, "%25", "%", 1))
		if !ok || err != nil || !ip.Is6() || after != "" && after[0] != ':' {
			return "", errors.New("the IPv6 address is malformed: write rtsp://[2001:db8::1]:554/…")
		}
		host = "[" + inner + "]"
		if after != "" {
			port = after[1:]
			if port == "" {
				return "", errors.New("the port is empty")
			}
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, port = s[:i], s[i+1:]
		if strings.Contains(port, ":") {
			return "", errors.New("an IPv6 address stands in brackets: rtsp://[2001:db8::1]:554/…")
		}
		if port == "" {
			return "", errors.New("the port is empty")
		}
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", errors.New("the port is not a number from 1 to 65535; if the password holds /, ? or #, give it in the column password")
		}
		port = ":" + strconv.FormatUint(n, 10)
	}
	if host[:min(1, len(host))] != "[" && !hostName.MatchString(host) {
		return "", errors.New("the host name or address is missing or malformed")
	}
	return strings.ToLower(host) + port, nil
}

// hostName is a DNS name or an IPv4 address (RFC 1123 2.1, underscores
// tolerated).
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)

var urlUserinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s]*@`)

// Scrub masks what looks like a password in a text that comes from elsewhere:
// userinfo in URLs and password fields in paths.
func Scrub(text string) string {
	text = urlUserinfo.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "${1}"+mask+"@")
	return replaceFields(text, passwordFields(text), mask)
}
