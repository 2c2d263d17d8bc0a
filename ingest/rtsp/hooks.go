package rtsp

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"qianshao/ingest/rtsp/limit"
)

// maxRedirects bounds how often a camera may send us elsewhere.
const maxRedirects = 5

// longestSession is after how many seconds a session ends that says nothing of
// it (RFC 2326 12.37); keep-alives are sent well before.
const longestSession = 60

// hooks stand between the library and the camera. The library holds a proper
// dialogue with them; they hold another with the camera, as far from the
// standard as it must be. They belong to the session and live across the
// connections of one attempt (a redirect dials anew). Requests are written by
// one goroutine, answers read by another.
type hooks struct {
	// peer is asked whether media may come from an address; nil: from any.
	peer func(ip net.IP) error
	// mended is told of every repair; may be nil.
	mended func(Repair)
	udp    *udpMedia // nil: media is interleaved

	mu        sync.Mutex
	creds     credentials      // guarded by mu
	cseq      int              // ours, so that a request can be repeated; guarded by mu
	pending   map[int]*pending // by our CSeq; guarded by mu
	target    string           // the stream's URL as it was enrolled; guarded by mu
	aggregate string           // the URL of all tracks; guarded by mu
	offers    []offer          // of the description; guarded by mu
	setups    int              // tracks that the library set up; guarded by mu
	pairs     [][2]int         // interleaved channels, in the order of SETUP; guarded by mu
	isPlaying bool             // guarded by mu
	denied    bool             // guarded by mu
	session   string           // its identifier; guarded by mu
	timeout   int              // of the session, seconds; 0 not known; guarded by mu
	keepAlive string           // the method that the camera knows; "" not known; guarded by mu
	redirects int              // guarded by mu
	secure    bool             // the connection is TLS; guarded by mu
	nextTLS   bool             // the next dial must be; guarded by mu
	overHTTP  bool             // and all of it in a tunnel, TLS around that; guarded by mu
}

// pending is a request on its way.
type pending struct {
	m       *message
	method  string
	libCSeq string
	track   int      // of SETUP
	asked   string   // Transport of the library's SETUP
	others  []string // further URLs to try
	alive   bool     // a keep-alive
	again   bool     // a keep-alive that was repeated with another method
}

// newHooks prepares for the stream at target, an rtsp or rtsps URL without
// userinfo.
func newHooks(user, pass, target string) *hooks {
	tls := strings.HasPrefix(target, "rtsps:")
	return &hooks{
		creds: credentials{user: user, pass: pass}, pending: map[int]*pending{}, target: target, secure: tls, nextTLS: tls,
	}
}

// tunnelled says that the dialogue is held in a tunnel: in it everything is
// plain RTSP.
func (h *hooks) tunnelled() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.overHTTP = true
	h.target = "rtsp:" + strings.TrimPrefix(strings.TrimPrefix(h.target, "rtsps:"), "rtsp:")
}

// path is the stream's, with its query.
func (h *hooks) path() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	u, err := url.Parse(h.target)
	if err != nil {
		return "/"
	}
	return u.RequestURI()
}

// waiting reports whether an answer is waited for that will come: keep-alives
// may go unanswered for ever.
func (h *hooks) waiting() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.pending {
		if !p.alive {
			return true
		}
	}
	return false
}

func (h *hooks) mend(r Repair) {
	if h.mended != nil {
		h.mended(r)
	}
}

// playing reports whether PLAY was answered.
func (h *hooks) playing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.isPlaying
}

// request makes one that belongs to the session, for outgoing; without a method
// it is the keep-alive that the camera knows.
func (h *hooks) request(method string) *message {
	h.mu.Lock()
	defer h.mu.Unlock()
	if method == "" {
		method = cmp.Or(h.keepAlive, "OPTIONS")
	}
	m := &message{start: method + " * RTSP/1.0", header: []field{{"User-Agent", agent}}}
	if h.session != "" {
		m.set("Session", h.session)
	}
	return m
}

// aliveEvery is how often the camera is to hear of us.
func (h *hooks) aliveEvery() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(cmp.Or(h.timeout, longestSession)) * time.Second * 8 / 10
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

// describing reports whether the answer to DESCRIBE is waited for.
func (h *hooks) describing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.pending {
		if p.method == "DESCRIBE" {
			return true
		}
	}
	return false
}

// keep says which of the described tracks are recorded after all.
func (h *hooks) keep(offers []offer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offers = offers
}

// described returns what is to be recorded.
func (h *hooks) described() []offer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.offers
}

// outgoing makes the camera's request of the library's.
func (h *hooks) outgoing(m *message) error {
	if m.isResponse() {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	method, _ := m.request()
	p := &pending{m: m, method: method, libCSeq: m.get("CSeq")}
	uri := h.aggregate
	switch method {
	case "DESCRIBE":
		uri = h.target
	case "OPTIONS", "GET_PARAMETER":
		if !h.isPlaying {
			uri = h.target
			break
		}
		p.alive = true
	case "SETUP":
		if h.setups >= len(h.offers) {
			return fmt.Errorf("set up of track %d of %d: %w", h.setups+1, len(h.offers), ErrURL)
		}
		p.track, p.asked = h.setups, m.get("Transport")
		h.setups++
		urls := h.offers[p.track].controls
		uri, p.others = urls[0], urls[1:]
		if h.udp != nil {
			ports, err := h.udp.listen(p.track)
			if err != nil {
				return err
			}
			m.set("Transport", fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", ports[0], ports[1]))
		}
	case "PAUSE", "TEARDOWN":
		h.isPlaying = false
	}
	h.address(p, uri)
	h.send(p)
	return nil
}

// address writes a request's first line. mu is held.
func (h *hooks) address(p *pending, uri string) {
	p.m.start = p.method + " " + uri + " RTSP/1.0"
}

// send numbers and authorises a request. mu is held.
func (h *hooks) send(p *pending) {
	h.cseq++
	for n := range h.pending { // keep-alives may go unanswered for ever
		if n < h.cseq-limit.Pending {
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
	if m.status() < 200 {
		return nil, nil, nil // more is to come (RFC 2326 11.1)
	}
	p := h.answered(m)
	if p == nil {
		return nil, nil, nil // answers nothing we asked
	}
	switch status := m.status(); {
	case status == 401:
		if h.creds.challenge(m.all("WWW-Authenticate")) {
			h.send(p)
			return nil, p.m, nil
		}
		h.denied = true
	case status >= 301 && status <= 305 && p.method == "DESCRIBE":
		return h.redirect(m, p)
	case (status == 400 || status == 404 || status == 451) && p.method == "SETUP" && len(p.others) > 0:
		h.mend(RepairControl)
		h.address(p, p.others[0])
		p.others = p.others[1:]
		h.send(p)
		return nil, p.m, nil
	case status >= 400 && p.alive && !p.again:
		h.mend(RepairKeepAlive)
		h.keepAlive = map[string]string{"OPTIONS": "GET_PARAMETER", "GET_PARAMETER": "OPTIONS"}[p.method]
		p.method, p.again = h.keepAlive, true
		h.address(p, h.aggregate)
		h.send(p)
		return nil, p.m, nil
	case status == 200, status >= 400 && p.method == "OPTIONS": // which not every camera knows
		return h.granted(m, p)
	}
	if p.method == "SETUP" && p.track > 0 && h.udp == nil {
		h.pairs = append(h.pairs, [2]int{-1, -1}) // the rest goes on without it
	}
	f := strings.Fields(m.start)
	reason := strings.Join(f[min(2, len(f)):], " ")
	return answer(p, m.status(), reason[:min(len(reason), limit.Reason)]), nil, nil
}

// answered finds the request that an answer is of. Some cameras number their
// answers as they like: then it is the oldest. mu is held.
func (h *hooks) answered(m *message) *pending {
	n, err := strconv.Atoi(m.get("CSeq"))
	if p := h.pending[n]; err == nil && p != nil {
		delete(h.pending, n)
		return p
	}
	oldest := 0
	for k, p := range h.pending {
		if !p.alive && (oldest == 0 || k < oldest) {
			oldest = k
		}
	}
	p := h.pending[oldest]
	if p != nil {
		h.mend(RepairHeader)
		delete(h.pending, oldest)
	}
	return p
}

// granted takes what matters out of a good answer, and writes the library one
// that it understands. mu is held.
func (h *hooks) granted(m *message, p *pending) (toLibrary, reply *message, err error) {
	out := answer(p, 200, "OK")
	switch p.method {
	case "OPTIONS":
		out.set("Public", m.get("Public"))
		for method := range strings.SplitSeq(m.get("Public"), ",") {
			if strings.EqualFold(strings.TrimSpace(method), "GET_PARAMETER") {
				h.keepAlive = "GET_PARAMETER"
			}
		}
	case "DESCRIBE":
		if err := h.describe(m); err != nil {
			return nil, nil, err
		}
		out.header = append(out.header, field{"Content-Type", "application/sdp"}, field{"Content-Base", "rtsp://camera/"})
		out.body = canonical(len(h.offers))
	case "SETUP":
		if err := h.setUp(m, p); err != nil {
			return nil, nil, err
		}
		out.set("Transport", p.asked)
	case "PLAY":
		h.isPlaying = true
	}
	if id, timeout := sessionOf(m.get("Session")); id != "" {
		if timeout > 0 && (h.timeout == 0 || timeout < h.timeout) {
			h.timeout = timeout
		}
		h.session = id
		out.set("Session", fmt.Sprintf("%s;timeout=%d", id, cmp.Or(h.timeout, longestSession)))
	}
	return out, nil, nil
}

// answer begins an answer to the library.
func answer(p *pending, status int, reason string) *message {
	if reason == "" {
		reason = "Status"
	}
	return &message{start: fmt.Sprintf("RTSP/1.0 %d %s", status, reason), header: []field{{"CSeq", p.libCSeq}}}
}

// canonical is a description of n tracks with nothing in it but their number:
// what they are is ours to know.
func canonical(n int) []byte {
	b := []byte("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
	for i := range n {
		b = fmt.Appendf(b, "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:%d\r\n", i)
	}
	return b
}

// describe reads the answer to DESCRIBE. mu is held.
func (h *hooks) describe(m *message) error {
	u, err := url.Parse(h.target)
	if err != nil {
		return ErrURL
	}
	if kind, _, _ := strings.Cut(m.get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/sdp") {
		h.mend(RepairHeader)
	}
	d := parseSDP(m.body)
	if h.offers, err = d.choose(h.mend); err != nil {
		return err
	}
	bases := m.all("Content-Base")
	if len(bases) == 0 {
		bases = m.all("Content-Location")
	}
	at := place{scheme: u.Scheme, host: u.Host}
	var mended bool
	if h.aggregate, mended = at.aggregate(h.target, bases, d.control); mended {
		h.mend(RepairAddress)
	}
	for i := range h.offers {
		o := &h.offers[i]
		o.controls = at.track(h.aggregate, o.controls[0])
	}
	return nil
}

// setUp reads the answer to SETUP. mu is held.
func (h *hooks) setUp(m *message, p *pending) error {
	t := m.get("Transport")
	if t == "" {
		h.mend(RepairHeader)
		t = p.m.get("Transport")
	}
	overTCP := strings.Contains(strings.ToUpper(t), "RTP/AVP/TCP") || strings.Contains(t, "interleaved=")
	if h.udp != nil {
		if overTCP {
			return fmt.Errorf("it wants media over TCP: %w", ErrTransport)
		}
		return h.udp.connect(p.track, h.source(t), serverPorts(t))
	}
	if !overTCP {
		return fmt.Errorf("it wants media over UDP: %w", ErrTransport)
	}
	rtp, rtcp, ok := interleaved(t)
	if !ok {
		h.mend(RepairHeader)
		if rtp, rtcp, ok = interleaved(p.asked); !ok {
			rtp, rtcp = 2*p.track, 2*p.track+1
		}
	}
	h.pairs = append(h.pairs, [2]int{rtp, rtcp})
	return nil
}

// source is where a Transport header (RFC 2326 12.39) says that media comes
// from, if it may; nil: the address that was dialled.
func (h *hooks) source(transport string) net.IP {
	for p := range strings.SplitSeq(transport, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "source") {
			ip := net.ParseIP(strings.TrimSpace(value))
			if ip == nil || h.peer == nil || h.peer(ip) != nil {
				return nil
			}
			return ip
		}
	}
	return nil
}

// sessionOf reads a Session header (RFC 2326 12.37): the id, and the seconds
// after which a session without keep-alives ends, 0 when it does not say.
func sessionOf(v string) (id string, timeout int) {
	id, rest, _ := strings.Cut(v, ";")
	for p := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(p, "=")
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && strings.EqualFold(strings.TrimSpace(name), "timeout") {
			timeout = max(2, min(n, longestSession))
		}
	}
	return strings.TrimSpace(id), timeout
}

// redirect rewrites Location so that the library dials through us whatever the
// scheme, and remembers whether that dial is TLS. mu is held.
func (h *hooks) redirect(m *message, p *pending) (toLibrary, reply *message, err error) {
	h.redirects++
	if h.redirects > maxRedirects {
		return nil, nil, ErrRedirects
	}
	from, err := url.Parse(h.target)
	if err != nil {
		return nil, nil, ErrURL
	}
	u, err := from.Parse(m.get("Location"))
	if err != nil || m.get("Location") == "" || u.Host == "" || (u.Scheme != "rtsp" && u.Scheme != "rtsps") {
		return nil, nil, fmt.Errorf("redirect to %.*q: %w", limit.Reason, m.get("Location"), ErrURL)
	}
	if h.secure && u.Scheme == "rtsp" && !h.overHTTP {
		return nil, nil, fmt.Errorf("redirect from TLS to plain RTSP: %w", ErrURL)
	}
	h.nextTLS = u.Scheme == "rtsps" || h.secure && h.overHTTP
	u.Host, u.User = hostPort(u), nil
	if h.overHTTP {
		u.Scheme = "rtsp"
	}
	if h.target = u.String(); !printable(h.target) || !dialable(u.Host) { // the first would make a line of its own
		return nil, nil, fmt.Errorf("redirect to %.*q: %w", limit.Reason, m.get("Location"), ErrURL)
	}
	h.creds.scheme = ""
	out := answer(p, 302, "Moved")
	out.set("Location", "rtsp://"+u.Host+"/")
	return out, nil, nil
}

// dialing is told of a new connection: requests of the one before are void. It
// is to be TLS, or a tunnel, or both.
func (h *hooks) dialing() (secure, overHTTP bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secure = h.nextTLS
	clear(h.pending)
	h.pairs, h.isPlaying, h.offers, h.setups, h.session, h.keepAlive = nil, false, nil, 0, "", ""
	return h.secure, h.overHTTP
}
