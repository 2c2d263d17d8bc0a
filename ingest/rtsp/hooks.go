package rtsp

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// maxRedirects bounds how often a camera may send us elsewhere.
const maxRedirects = 5

// hooks edit and answer the messages that pass a tap. They belong to the
// session and live across the connections of one attempt (a redirect dials
// anew). Requests are written by one goroutine, answers read by another.
type hooks struct {
	// peer is asked whether media may come from an address; nil: from any.
	peer func(ip net.IP) error

	mu        sync.Mutex
	creds     credentials            // guarded by mu
	cseq      int                    // ours, so that a request can be repeated; guarded by mu
	pending   map[int]*pending       // by our CSeq; guarded by mu
	pairs     [][2]int               // interleaved channels, in the order of SETUP; guarded by mu
	isPlaying bool                   // guarded by mu
	denied    bool                   // guarded by mu
	redirects int                    // guarded by mu
	orders    map[uint8]interleaving // of the description; guarded by mu
	secure    bool                   // the connection is TLS; guarded by mu
	nextTLS   bool                   // the next dial must be; guarded by mu
}

// pending is a request on its way.
type pending struct {
	m       *message
	method  string
	uri     string // as the library asked for it
	libCSeq string
}

func newHooks(user, pass string, secure bool, peer func(net.IP) error) *hooks {
	return &hooks{
		peer: peer, creds: credentials{user: user, pass: pass}, pending: map[int]*pending{}, secure: secure, nextTLS: secure,
	}
}

// playing returns the RTCP channel of the first track once PLAY was answered.
func (h *hooks) playing() (rtcp byte, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isPlaying || len(h.pairs) == 0 {
		return 0, false
	}
	return byte(h.pairs[0][1]), true
}

// refused reports whether the camera rejected our credentials.
func (h *hooks) refused() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.denied
}

// channels returns the interleaved pairs in the order the tracks were set up.
func (h *hooks) channels() [][2]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([][2]int(nil), h.pairs...)
}

// order is how a payload type's NAL units are interleaved.
func (h *hooks) order(pt uint8) interleaving {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.orders[pt]
}

// outgoing edits a request of the library before it is sent.
func (h *hooks) outgoing(m *message) {
	if m.isResponse() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	method, uri := m.request()
	if h.secure && strings.HasPrefix(uri, "rtsp://") {
		// The library speaks plain RTSP over our TLS; the camera knows itself by
		// the other scheme.
		m.start = strings.Replace(m.start, "rtsp://", "rtsps://", 1)
	}
	switch method {
	case "PAUSE", "TEARDOWN":
		h.isPlaying = false
	}
	p := &pending{m: m, method: method, uri: uri, libCSeq: m.get("CSeq")}
	h.send(p)
}

// send numbers and authorises a request. mu is held.
func (h *hooks) send(p *pending) {
	h.cseq++
	for n := range h.pending { // keep-alives may go unanswered for ever
		if n < h.cseq-16 {
			delete(h.pending, n)
		}
	}
	h.pending[h.cseq] = p
	p.m.set("CSeq", strconv.Itoa(h.cseq))
	h.creds.authorize(p.m)
}

// in handles a message from the camera: what the library shall see, and what is
// to be sent at once. Both may be nil.
func (h *hooks) in(m *message) (toLibrary, reply *message, err error) {
	if !m.isResponse() {
		// Requests of the camera's own: answered here, nothing of them matters.
		return nil, &message{start: "RTSP/1.0 200 OK", header: []field{{"CSeq", m.get("CSeq")}}}, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n, cerr := strconv.Atoi(m.get("CSeq"))
	p := h.pending[n]
	if cerr != nil || p == nil {
		return nil, nil, nil // answers nothing we asked
	}
	delete(h.pending, n)
	switch status := m.status(); {
	case status == 401:
		if h.creds.challenge(m.all("WWW-Authenticate")) {
			h.send(p)
			return nil, p.m, nil
		}
		h.denied = true
	case status >= 301 && status <= 305 && p.method == "DESCRIBE":
		if err := h.redirect(m); err != nil {
			return nil, nil, err
		}
	case status == 200 && p.method == "DESCRIBE":
		repairDescription(m, p.uri)
		h.orders = interleavings(m.body)
	case status == 200 && p.method == "SETUP":
		m.set("Transport", h.allowedSource(m.get("Transport")))
		if rtp, rtcp, ok := interleaved(m.get("Transport")); ok {
			h.pairs = append(h.pairs, [2]int{rtp, rtcp})
		}
	case status == 200 && p.method == "PLAY":
		h.isPlaying = true
	}
	m.set("CSeq", p.libCSeq)
	repairStatus(m)
	return m, nil, nil
}

// allowedSource takes out of a Transport header (RFC 2326 12.39) a source that
// media must not come from: the library would listen to it, and send to it.
// Media then comes from the address that was dialled.
func (h *hooks) allowedSource(transport string) string {
	kept := []string{}
	for _, p := range strings.Split(transport, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "source") {
			ip := net.ParseIP(strings.TrimSpace(value))
			if ip == nil || h.peer != nil && h.peer(ip) != nil {
				continue
			}
		}
		kept = append(kept, p)
	}
	return strings.Join(kept, ";")
}

// redirect rewrites Location so that the library dials through us whatever the
// scheme, and remembers whether that dial is TLS. mu is held.
func (h *hooks) redirect(m *message) error {
	h.redirects++
	if h.redirects > maxRedirects {
		return ErrRedirects
	}
	u, err := url.Parse(m.get("Location"))
	if err != nil || u.Host == "" || (u.Scheme != "rtsp" && u.Scheme != "rtsps") {
		return fmt.Errorf("redirect to %q: %w", m.get("Location"), ErrURL)
	}
	if h.secure && u.Scheme == "rtsp" {
		return fmt.Errorf("redirect from TLS to plain RTSP: %w", ErrURL)
	}
	h.nextTLS = u.Scheme == "rtsps"
	u.Host = hostPort(u)
	u.Scheme, u.User = "rtsp", nil
	m.set("Location", u.String())
	h.creds.scheme = ""
	h.pairs = nil
	return nil
}

// dialing is told of a new connection: requests of the one before are void.
func (h *hooks) dialing() (secure bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secure = h.nextTLS
	clear(h.pending)
	h.pairs, h.isPlaying = nil, false
	return h.secure
}
