package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	// A moment is registered with the minute around it, the newest picture with
	// the quarter of an hour that begins with this minute: who looks on needs no
	// further entry.
	momentWidth = timeline.Minute
	newestWidth = 15 * timeline.Minute
)

// use is what the register is told of a request for footage, before it is
// answered.
func (a *asked) use(rt *route, r *http.Request) viewing.Use {
	u := viewing.Use{Who: a.subject.ID, Unit: a.subject.Unit, Address: a.address, Act: string(rt.action), Camera: a.camera.ID, Span: a.span, Viewing: a.viewing.ID}
	switch {
	case u.Viewing != "" && u.Camera != "": // all of it is registered already
	case rt.extent == moment:
		u.Span.From = a.span.From / momentWidth * momentWidth
		u.Span.To = u.Span.From + momentWidth
		if a.at == 0 {
			u.Span.To = u.Span.From + newestWidth
		}
	case u.Camera == "": // a search: by where, too
		note, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			note = r.URL.RawQuery
		}
		u.Note = register.Clean(note) // a polygon's corners, a thousand bytes at most
	}
	return u
}

// refused counts for the register that somebody asked for footage that is not for
// them: of a camera that they may not know of, or that their role sees none of. That
// a viewing is still to be opened is no such thing.
func (h *Handler) refused(rt *route, a *asked, err error) {
	if a == nil || !rt.action.Shows() {
		return
	}
	hidden := errors.Is(err, registry.ErrUnknown) && a.camera.ID != ""
	if !hidden && !errors.Is(err, access.ErrForbidden) {
		return
	}
	e := register.Entry{
		Kind: register.Admin, Who: register.Clean(a.subject.ID), Unit: a.subject.Unit, Address: register.Clean(a.address), Act: string(rt.action), Result: register.Refused,
	}
	if a.camera.ID != "" {
		e.Cameras = []media.CameraID{a.camera.ID}
	}
	h.cfg.Register.Count(e)
}

// clientOf is the address that a request came from, without its port.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// metered counts what is sent to the client for the viewing's totals.
type metered struct {
	http.ResponseWriter
	pass *viewing.Pass
}

// Write implements http.ResponseWriter.
func (m *metered) Write(b []byte) (int, error) {
	n, err := m.ResponseWriter.Write(b)
	m.pass.Sent(int64(n))
	return n, err
}

// ReadFrom implements io.ReaderFrom: bytes of a file may pass by this process.
func (m *metered) ReadFrom(src io.Reader) (int64, error) {
	to, ok := m.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{m}, src) // counted by Write
	}
	n, err := to.ReadFrom(src)
	m.pass.Sent(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (m *metered) Unwrap() http.ResponseWriter { return m.ResponseWriter }
