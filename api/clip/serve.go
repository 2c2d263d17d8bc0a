package clip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"qianshao/api/flac"
)

// Errors of Serve, beside those of Plan.
var (
	// ErrPrecondition: If-Match names other bytes than there are now (412).
	ErrPrecondition = errors.New("the footage of this window has changed; ask again without If-Match")
)

// shortRange is what an open-ended range is answered with where ranges=short asks for
// it: a few seconds. A browser that has buffered enough then holds no connection, of
// which it opens six to a server.
const shortRange = 1 << 20

// Status is the HTTP status of an error of Plan, ParseParams or Serve; 500 for
// those it does not know.
func Status(err error) int {
	for _, e := range []struct {
		err  error
		code int
	}{
		{ErrBadParam, http.StatusBadRequest},
		{ErrNoFootage, http.StatusNotFound},
		{ErrGone, http.StatusGone},
		{ErrPrecondition, http.StatusPreconditionFailed},
		{ErrBadRange, http.StatusRequestedRangeNotSatisfiable},
		{ErrNoKeyFrame, http.StatusUnprocessableEntity},
		{ErrGapTooLong, http.StatusUnprocessableEntity},
		{ErrTooLong, http.StatusUnprocessableEntity},
	} {
		if errors.Is(err, e.err) {
			return e.code
		}
	}
	return http.StatusInternalServerError
}

// Type is the file's MIME type, with the codecs that Media Source Extensions
// ask for (RFC 6381).
func (f *File) Type() string {
	if f.params.Kind == Playlist {
		return "application/vnd.apple.mpegurl"
	}
	return mime.FormatMediaType("video/mp4", map[string]string{"codecs": f.Codecs()})
}

// Codecs is the codecs parameter of the file's tracks.
func (f *File) Codecs() string {
	var list []string
	for i := range f.pl.tracks {
		switch t := &f.pl.tracks[i]; {
		case f.pl.total[i].samples == 0:
		case t.flac:
			list = append(list, flac.RFC6381)
		default:
			list = append(list, t.RFC6381())
		}
	}
	return strings.Join(list, ",")
}

// Sound is whether any track of the file, but the first, has samples.
func (f *File) Sound() bool {
	for i := 1; i < len(f.pl.tracks); i++ {
		if f.pl.total[i].samples > 0 {
			return true
		}
	}
	return false
}

// Name is a file name for the download: camera, from and to.
func (f *File) Name() string {
	const form = "20060102T150405Z"
	name := f.params.Name
	if name == "" {
		name = string(f.stream)
	}
	return fmt.Sprintf("%s_%s_%s.mp4", name, f.Info.From.Time().Format(form), f.Info.To.Time().Format(form))
}

// Serve answers a GET or HEAD. A window that still grows is redirected (307) to
// the same query pinned by as_of. An error is returned only while nothing has
// been written, for Status and a problem document; when a source fails later
// Serve panics with http.ErrAbortHandler, which resets the connection, so that
// a client never takes a part for the whole.
func (f *File) Serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	f.Info.header(h)
	if f.Info.Growing && f.params.AsOf.Rev == 0 && f.Info.AsOf.Rev > 0 {
		h.Set("Location", f.pinned(r))
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "private, no-cache")
	if m := r.Header.Get("If-Match"); m != "" && !matches(m, f.etag, false) {
		return ErrPrecondition
	}
	if m := r.Header.Get("If-None-Match"); m != "" && matches(m, f.etag, true) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", f.Type())
	if f.params.Kind != Playlist {
		h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name()}))
	}
	size, write := f.size, f.WriteRange
	if f.params.Kind == Playlist {
		b, err := f.playlist(r.Context(), r.URL.RawQuery)
		if err != nil {
			return err
		}
		size = int64(len(b))
		write = func(_ context.Context, w io.Writer, off, n int64) error {
			_, err := w.Write(b[off : off+n])
			return err
		}
	}
	off, n, code := int64(0), size, http.StatusOK
	if s := r.Header.Get("Range"); s != "" && r.Method == http.MethodGet && f.ifRange(r) {
		from, length, part, err := parseRange(s, size)
		if err != nil {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
			return err
		}
		if part {
			off, n, code = from, length, http.StatusPartialContent
			if f.params.Short && strings.HasSuffix(strings.TrimSpace(s), "-") {
				n = min(n, shortRange)
			}
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, off+n-1, size))
		}
	}
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method == http.MethodHead {
		w.WriteHeader(code)
		return nil
	}
	out := &lateHeader{w: w, code: code}
	var to io.Writer = out
	if rf, ok := w.(io.ReaderFrom); ok {
		to = lateSender{out, rf}
	}
	err := write(r.Context(), to, off, n)
	switch {
	case err == nil:
		out.header()
		return nil
	case out.done:
		panic(http.ErrAbortHandler)
	}
	for _, k := range []string{"Content-Length", "Content-Range", "Content-Disposition", "Content-Type", "Accept-Ranges", "ETag"} {
		h.Del(k)
	}
	return err
}

// lateHeader sends the status with the first bytes, so that a source that
// cannot be opened is still an error of its own.
type lateHeader struct {
	w    http.ResponseWriter
	code int
	done bool
}

func (l *lateHeader) header() {
	if !l.done {
		l.done = true
		l.w.WriteHeader(l.code)
	}
}

// Write implements io.Writer.
func (l *lateHeader) Write(b []byte) (int, error) {
	l.header()
	return l.w.Write(b)
}

// lateSender is a lateHeader over a response that takes files.
type lateSender struct {
	*lateHeader
	to io.ReaderFrom
}

// ReadFrom implements io.ReaderFrom.
func (l lateSender) ReadFrom(r io.Reader) (int64, error) {
	l.header()
	return l.to.ReadFrom(r)
}

// pinned is the request's own address with as_of. The server may have stripped
// a prefix of the path, so the request line is asked first.
func (f *File) pinned(r *http.Request) string {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if path == "" || path[0] != '/' {
		path, query = r.URL.EscapedPath(), r.URL.RawQuery
	}
	return path + "?" + f.pinnedQuery(query)
}

func (f *File) pinnedQuery(query string) string {
	var keep []string
	for p := range strings.SplitSeq(query, "&") {
		if p != "" && p != "as_of" && !strings.HasPrefix(p, "as_of=") {
			keep = append(keep, p)
		}
	}
	return strings.Join(append(keep, "as_of="+f.Info.AsOf.String()), "&")
}

// matches compares an entity tag with a list of them (RFC 9110 8.8.3.2). Weak
// tags match only in weak comparison.
func matches(list, etag string, weak bool) bool {
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == "*" || t == etag {
			return true
		}
	}
	return false
}

// ifRange reports whether a Range is to be honoured. Dates never match: the
// file has no time of its own.
func (f *File) ifRange(r *http.Request) bool {
	v := strings.TrimSpace(r.Header.Get("If-Range"))
	return v == "" || v == f.etag
}

// parseRange reads a Range header. part is false where it is to be ignored: an
// unknown unit, or a malformed one (RFC 9110 14.2).
func parseRange(s string, size int64) (off, n int64, part bool, err error) {
	unit, set, ok := strings.Cut(s, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return 0, 0, false, nil
	}
	if strings.Contains(set, ",") {
		return 0, 0, false, fmt.Errorf("several ranges: %w", ErrBadRange)
	}
	from, to, ok := strings.Cut(strings.TrimSpace(set), "-")
	if !ok {
		return 0, 0, false, nil
	}
	a, errA := strconv.ParseUint(from, 10, 63)
	b, errB := strconv.ParseUint(to, 10, 63)
	switch {
	case from == "" && errB == nil: // the last b bytes
		if b == 0 || size == 0 {
			return 0, 0, false, ErrBadRange
		}
		n = min(int64(b), size)
		return size - n, n, true, nil
	case errA != nil || to != "" && (errB != nil || b < a):
		return 0, 0, false, nil
	case int64(a) >= size:
		return 0, 0, false, ErrBadRange
	case to == "":
		return int64(a), size - int64(a), true, nil
	}
	return int64(a), min(int64(b), size-1) - int64(a) + 1, true, nil
}
