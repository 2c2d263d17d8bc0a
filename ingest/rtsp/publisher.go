package rtsp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a publisher's dialogue.
const (
	doorBuffer     = 4 << 10
	doorHeader     = 8 << 10   // of one request
	doorBytes      = 256 << 10 // before it is admitted
	admittedBytes  = 4 << 20   // from then to RECORD: some send media early
	maxDescription = 64 << 10
	maxRequests    = 64 // before RECORD
	maxRefusals    = 3
	maxPushTracks  = 8
	// tlsBuffer is read at once below TLS, whose own reads are a record each.
	tlsBuffer = 32 << 10
)

var (
	errCrowd     = errors.New("too many dialogues at once")
	errDoor      = errors.New("it does not speak RTSP")
	errSRTP      = errors.New("it encrypts its media itself (SRTP), which is not understood")
	errPlainOnly = errors.New("it begins TLS and there is no certificate: set push.tls_cert and push.tls_key")
)

// publisher is a connection of a camera that pushes.
type publisher struct {
	srv      *PushServer
	raw      net.Conn
	addr     netip.Addr
	log      *slog.Logger
	cancel   context.CancelCauseFunc // of all that waits for its sake
	admitted bool                    // guarded by srv.mu

	// Of the goroutine that serves it.
	conn     net.Conn          // raw, or TLS over it
	door     *bufio.Reader     // before RECORD
	below    *buffered         // of TLS
	limit    *io.LimitedReader // what may still come
	nonce    string
	refusals int
	inlet    *Inlet // nil: not admitted
	id       string // of the session, once a track is set up
	sections []pushTrack
	offers   []offer
	udp      *udpMedia // nil: interleaved, or not known yet
	index    []int     // of sections: the session's track, -1 none
	taken    *reception
	ended    bool // by TEARDOWN

	// inter is the session once media may come.
	inter atomic.Pointer[session]

	mu  sync.Mutex
	tap *tap  // guarded by mu
	why error // it was cut; guarded by mu
}

// pushTrack is a section of the description.
type pushTrack struct {
	control  string
	recorded bool
	setUp    bool
	channels [2]int // interleaved
	peer     [2]int // UDP ports of the publisher
}

// dialogue goes as far as RECORD, with taken set. The error of a dialogue that
// ends before is why.
func (p *publisher) dialogue(ctx context.Context) error {
	p.nonce = newNonce()
	if err := p.open(ctx); err != nil {
		return err
	}
	for range maxRequests {
		m, err := p.request()
		if err != nil {
			return err
		}
		answer, err := p.answer(ctx, m)
		if answer != nil {
			if _, werr := p.conn.Write(answer.bytes()); werr != nil {
				return errors.Join(err, werr)
			}
		}
		if err != nil || p.taken != nil {
			return err
		}
	}
	return fmt.Errorf("%d requests and no RECORD: %w", maxRequests, errDoor)
}

// open looks at the first byte, which tells TLS (RFC 8446 5.1: a handshake
// record) from RTSP.
func (p *publisher) open(ctx context.Context) error {
	p.conn = p.raw
	p.limit = &io.LimitedReader{R: p.raw, N: doorBytes}
	p.door = bufio.NewReaderSize(p.limit, doorBuffer)
	first, err := p.door.Peek(1)
	if err != nil || first[0] != 0x16 {
		return err
	}
	if p.srv.cfg.TLS == nil {
		return errPlainOnly
	}
	p.below = &buffered{Conn: p.raw, r: p.door}
	c := tls.Server(p.below, p.srv.cfg.TLS)
	if err := c.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS with the publisher: %w", err)
	}
	p.conn, p.door = c, bufio.NewReaderSize(c, doorBuffer)
	return nil
}

// request reads the next request's header. Its body is still to be read.
func (p *publisher) request() (*message, error) {
	var head []byte
	for {
		if len(head) == 0 {
			media, err := p.skipFrame()
			if err != nil {
				return nil, err
			}
			if media {
				continue
			}
		}
		line, err := p.door.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				err = errDoor
			}
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if len(head) == 0 {
				continue
			}
			break
		}
		if len(head)+len(line) > doorHeader {
			return nil, errDoor
		}
		head = append(head, line...)
	}
	m := parseHeader(head)
	if m == nil {
		return nil, errDoor
	}
	return m, nil
}

// skipFrame passes over an interleaved frame: media that comes before RECORD is
// not ours yet.
func (p *publisher) skipFrame() (bool, error) {
	b, err := p.door.Peek(1)
	if err != nil || b[0] != '$' {
		return false, err
	}
	if b, err = p.door.Peek(4); err != nil {
		return false, err
	}
	_, err = p.door.Discard(4 + (int(b[2])<<8 | int(b[3])))
	return true, err
}

// body reads a request's body, where one of such a length may come.
func (p *publisher) body(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(p.door, b)
	return b, err
}

// reply begins an answer.
func (p *publisher) reply(m *message, status int, reason string) *message {
	out := &message{start: fmt.Sprintf("RTSP/1.0 %d %s", status, reason)}
	if n := m.get("CSeq"); n != "" {
		out.set("CSeq", n)
	}
	if p.id != "" {
		out.set("Session", fmt.Sprintf("%s;timeout=%d", p.id, longestSession))
	}
	return out
}

const publicMethods = "OPTIONS, ANNOUNCE, SETUP, RECORD, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

// answer is the answer to a request of the dialogue. An error ends the
// connection behind the answer.
func (p *publisher) answer(ctx context.Context, m *message) (*message, error) {
	if m.isResponse() {
		return nil, p.discard(m)
	}
	method, uri := m.request()
	if method == "ANNOUNCE" {
		return p.announce(ctx, m, uri)
	}
	if err := p.discard(m); err != nil {
		return nil, err
	}
	switch method {
	case "SETUP":
		return p.setUp(m, uri), nil
	case "RECORD":
		return p.record(ctx, m)
	}
	return p.small(m, method)
}

// discard passes over a body that says nothing.
func (p *publisher) discard(m *message) error {
	_, err := p.door.Discard(max(m.length(), 0))
	return err
}

// small answers what means the same before and after RECORD.
func (p *publisher) small(m *message, method string) (*message, error) {
	switch method {
	case "OPTIONS":
		out := p.reply(m, 200, "OK")
		out.set("Public", publicMethods)
		return out, nil
	case "GET_PARAMETER", "SET_PARAMETER", "PAUSE":
		return p.reply(m, 200, "OK"), nil
	case "TEARDOWN":
		return p.reply(m, 200, "OK"), errEnded
	case "DESCRIBE", "PLAY":
		out := p.reply(m, 405, "Method Not Allowed, Cameras Publish Here")
		out.set("Allow", publicMethods)
		return out, nil
	case "ANNOUNCE", "SETUP":
		return p.reply(m, 455, "Method Not Valid in This State"), nil
	case "RECORD": // of a session that was paused
		return p.reply(m, 200, "OK"), nil
	}
	return p.reply(m, 501, "Not Implemented"), nil
}

// announce admits the publisher, and reads what it will send.
func (p *publisher) announce(ctx context.Context, m *message, uri string) (*message, error) {
	n := m.length()
	if n < 0 {
		return p.reply(m, 411, "Length Required"), errDoor
	}
	if n > maxDescription {
		return p.reply(m, 413, "Description Too Large"), errDoor
	}
	if p.inlet == nil {
		in, v := p.srv.authorize(m, p.nonce)
		if v != admitted {
			if err := p.discard(m); err != nil {
				return nil, err
			}
			return p.unauthorized(ctx, m, v)
		}
		p.inlet, p.log = in, in.log(p.log)
		p.limit.N = admittedBytes
		p.srv.admit(p)
	}
	body, err := p.body(n)
	if err != nil {
		return nil, err
	}
	if p.id != "" {
		return p.reply(m, 455, "Method Not Valid in This State"), nil
	}
	if !p.inlet.named(uri) {
		return p.reply(m, 404, "Not Found, Publish to /push/"+p.inlet.cfg.User), nil
	}
	short, cancel := p.soon(ctx)
	defer cancel()
	if err := p.inlet.vacant(short); err != nil {
		return p.unwanted(m, err), nil
	}
	return p.describe(m, body), nil
}

// unauthorized is the 401, later and later for who guesses.
func (p *publisher) unauthorized(ctx context.Context, m *message, v verdict) (*message, error) {
	out := p.reply(m, 401, "Unauthorized")
	for _, c := range challenges(p.srv.cfg.Realm, p.nonce) {
		out.header = append(out.header, field{"WWW-Authenticate", c})
	}
	if v == unasked {
		return out, nil
	}
	p.refusals++
	n, delay := p.srv.failures.note(p.addr, time.Now())
	level := slog.LevelDebug
	if n == 1 { // of this address, lately
		level = slog.LevelInfo
	}
	p.log.Log(ctx, level, "a publisher with a wrong name or key was refused")
	wait := time.NewTimer(delay)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return out, ctx.Err()
	}
	if p.refusals >= maxRefusals {
		return out, errDoor
	}
	return out, nil
}

// unwanted is the answer to a publisher that is admitted and cannot be served.
func (p *publisher) unwanted(m *message, err error) *message {
	switch {
	case errors.Is(err, errOccupied):
		if p.inlet.tell() {
			p.log.Warn("a second publisher was refused, the first delivers pictures")
		}
		return p.reply(m, 453, "Not Enough Bandwidth, Another Publisher Is Live")
	case errors.Is(err, errSRTP):
		return p.reply(m, 415, "Unsupported Media Type, Media Must Be RTP/AVP, Not SRTP")
	case errors.Is(err, ErrNoVideo):
		return p.reply(m, 415, "Unsupported Media Type, H.264 H.265 or MJPEG Video Is Needed")
	}
	return p.reply(m, 503, "Service Unavailable, Try Again")
}

// named reports whether a URL is one that the camera may publish to.
func (in *Inlet) named(uri string) bool {
	path, ok := place{}.of(uri)
	path, _, _ = strings.Cut(path, "?")
	name, push := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/push/")
	if !ok || !push {
		return false
	}
	name = strings.ReplaceAll(name, "%3A", ":")
	for _, have := range in.cfg.Paths {
		if name == have {
			return true
		}
	}
	return false
}

// describe reads the description.
func (p *publisher) describe(m *message, body []byte) *message {
	d := parseSDP(body)
	offers, err := d.choose(p.mend)
	if err != nil {
		for _, s := range d.sections {
			if strings.Contains(s.profile, "SAVP") {
				err = fmt.Errorf("%w: %w", errSRTP, err)
				break
			}
		}
		p.inlet.refuse(err)
		return p.unwanted(m, err)
	}
	p.offers, p.sections = offers, make([]pushTrack, len(d.sections))
	for i := range d.sections {
		p.sections[i].control = d.sections[i].control
	}
	for _, o := range offers {
		p.sections[o.section].recorded = true
	}
	return p.reply(m, 200, "OK")
}

// setUp answers SETUP. A track that is not recorded is set up as well: an
// encoder that is refused one gives up.
func (p *publisher) setUp(m *message, uri string) *message {
	if p.offers == nil {
		return p.reply(m, 455, "Method Not Valid in This State")
	}
	i := p.section(uri)
	if i < 0 {
		return p.reply(m, 404, "Not Found, All Announced Tracks Are Set Up")
	}
	t := &p.sections[i]
	asked, ok := askedTransport(m.get("Transport"))
	begun := p.id != ""
	switch {
	case !ok, begun && asked.udp != (p.udp != nil):
		return p.reply(m, 461, "Unsupported Transport")
	case asked.udp && p.below != nil: // TLS promises more than that
		return p.reply(m, 461, "Unsupported Transport, Use TCP with rtsps")
	case asked.udp && (t.setUp || i >= maxPushTracks):
		return p.reply(m, 455, "Method Not Valid in This State")
	}
	how := fmt.Sprintf("%s;unicast;interleaved=", asked.profile)
	if asked.udp {
		if p.udp == nil {
			p.udp = &udpMedia{sink: p.datagram, dialed: p.remote, local: localIP(p.raw)}
		}
		ports, err := p.udp.listen(i)
		if err != nil {
			p.log.Warn("no UDP ports for a publisher", "err", err)
			if !begun { // it may set up over TCP
				p.udp = nil
			}
			return p.reply(m, 461, "Unsupported Transport, No Ports")
		}
		t.peer = asked.ports
		how = fmt.Sprintf("%s;unicast;client_port=%d-%d;server_port=%d-%d", asked.profile, asked.ports[0], asked.ports[1], ports[0], ports[1])
	} else {
		t.channels = asked.channels
		if !asked.named {
			t.channels = [2]int{2 * i, 2*i + 1}
		}
		how += fmt.Sprintf("%d-%d", t.channels[0], t.channels[1])
	}
	t.setUp = true
	if !begun {
		p.id = newNonce()[:16]
	}
	out := p.reply(m, 200, "OK")
	out.set("Transport", how+";mode=record")
	return out
}

// section finds the section that a SETUP means: the one with such a control,
// else the next.
func (p *publisher) section(uri string) int {
	uri = strings.TrimSuffix(uri, "/")
	for i := range p.sections {
		c := strings.Trim(p.sections[i].control, "/")
		if path, ok := (place{}).of(c); ok && strings.Contains(c, "://") {
			c = strings.Trim(path, "/")
		}
		if c != "" && c != "*" && strings.HasSuffix(uri, "/"+c) {
			return i
		}
	}
	for i := range p.sections {
		if !p.sections[i].setUp {
			return i
		}
	}
	return -1
}
