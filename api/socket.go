package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"qianshao/storage/timeline"
)

// A browser holds six requests open to a host, and waits with all others. Sockets
// do not count among them: a page of nine live tiles has one each.

// wantsSocket reports whether a request is a WebSocket's handshake.
func wantsSocket(r *http.Request) bool {
	for _, offer := range r.Header.Values("Upgrade") {
		for protocol := range strings.SplitSeq(offer, ",") {
			if strings.EqualFold(strings.TrimSpace(protocol), "websocket") {
				return true
			}
		}
	}
	return false
}

// fromElsewhere is the error of a request that another site's page sent and that
// is not for it: any page reads what comes through a socket that it opened.
func (h *Handler) fromElsewhere(r *http.Request) error {
	if wantsSocket(r) {
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost // GET passes from anywhere
	}
	return h.foreign.Check(r)
}

// liveHead is the first message of a live socket; a Problem may stand in its place.
type liveHead struct {
	ContentType string          `json:"content_type"`
	MediaStart  timeline.Micros `json:"media_start"`
}

// liveSocket sends through a socket what live answers. It is accepted before there
// is a picture: browsers make one handshake with a host at a time.
func (h *Handler) liveSocket(w http.ResponseWriter, r *http.Request, audio string) error {
	s, err := h.socket(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	heard := s.listen(cancel)
	err = s.live(ctx, audio)
	end := websocket.StatusNormalClosure
	switch {
	case r.Context().Err() != nil: // the server stops
		end = websocket.StatusGoingAway
	case ctx.Err() != nil:
		end = websocket.StatusPolicyViolation
	}
	closed := s.conn.Close(end, "")
	<-heard
	if err != nil || closed != nil {
		h.cfg.Log.Debug("live socket ended", "stream", s.a.stream, "err", err, "close", closed)
	}
	return nil
}

// live sends what the camera sees, or why it does not.
func (s *socket) live(ctx context.Context, audio string) error {
	v, err := s.h.view(ctx, s.a, audio)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return s.tell(ctx, s.h.problem(s.a.path, err))
	}
	defer v.sub.Close()
	if err := s.tell(ctx, liveHead{v.mime, v.start}); err != nil {
		return err
	}
	return v.run(ctx, func(b []byte) error { return s.send(ctx, websocket.MessageBinary, b) })
}

// listen calls over when the client is gone, or says something: it has nothing to
// say. heard is closed once nobody reads any longer.
func (s *socket) listen(over func()) (heard <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer over()
		_, _, err := s.conn.Reader(context.Background())
		if err != nil {
			s.h.cfg.Log.Debug("live socket: its client is gone", "stream", s.a.stream, "err", err)
		}
	}()
	return done
}

// socket sends as paced and metered do: they do not see what is sent through a
// connection that was taken over. No context of the request is given to the library:
// one that ends takes the connection with it, and nobody could say goodbye.
type socket struct {
	conn *websocket.Conn
	a    *asked
	h    *Handler
}

// socket accepts a handshake.
func (h *Handler) socket(w http.ResponseWriter, r *http.Request) (*socket, error) {
	conn, err := websocket.Accept(handshake{w}, r, nil)
	if err != nil {
		return nil, &Problem{
			Status: http.StatusBadRequest, Code: "bad_handshake", Detail: err.Error(), Next: "open it as a WebSocket, or ask without Upgrade",
		}
	}
	return &socket{conn: conn, a: askedOf(r.Context()), h: h}, nil
}

// tell sends something as JSON.
func (s *socket) tell(ctx context.Context, what any) error {
	b, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return s.send(ctx, websocket.MessageText, b)
}

// send sends messages of pacedBytes at most, each of which has its time to be taken.
func (s *socket) send(ctx context.Context, kind websocket.MessageType, b []byte) error {
	for len(b) > 0 {
		part := b[:min(len(b), pacedBytes)]
		if err := s.sendPart(ctx, kind, part); err != nil {
			return err
		}
		if kind == websocket.MessageBinary {
			s.a.pass.Sent(int64(len(part)))
		}
		b = b[len(part):]
	}
	return nil
}

func (s *socket) sendPart(ctx context.Context, kind websocket.MessageType, part []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.h.cfg.Slowest) // cut breaks it off
	defer cancel()
	return s.conn.Write(ctx, kind, part)
}

// handshake keeps what the library says of a handshake that is none: it is
// answered as all errors are.
type handshake struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (s handshake) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		s.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (s handshake) Write(b []byte) (int, error) { return len(b), nil }

// Unwrap leads to the connection.
func (s handshake) Unwrap() http.ResponseWriter { return s.ResponseWriter }
