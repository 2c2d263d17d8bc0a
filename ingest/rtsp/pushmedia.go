package rtsp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
)

// pushTransport is what a publisher's Transport header asks for.
type pushTransport struct {
	profile  string // as it is written
	udp      bool
	named    bool   // channels are
	channels [2]int // interleaved
	ports    [2]int // client_port, 0 when it does not say
}

// askedTransport finds the first of the offered transports (RFC 2326 12.39) that
// we speak.
func askedTransport(header string) (t pushTransport, ok bool) {
	for spec := range strings.SplitSeq(header, ",") {
		profile, rest, _ := strings.Cut(strings.TrimSpace(spec), ";")
		t := pushTransport{profile: strings.TrimSpace(profile)}
		kind := strings.ToUpper(t.profile)
		switch kind {
		case "RTP/AVP", "RTP/AVPF", "RTP/AVP/UDP", "RTP/AVPF/UDP":
			t.udp = true
		case "RTP/AVP/TCP", "RTP/AVPF/TCP":
		default:
			continue
		}
		multicast := false
		for p := range strings.SplitSeq(rest, ";") {
			name, value, _ := strings.Cut(p, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "multicast":
				multicast = true
			case "interleaved":
				t.udp = false
			case "client_port":
				t.ports = portPair(value)
			}
		}
		if multicast {
			continue
		}
		t.channels[0], t.channels[1], t.named = interleaved(strings.ReplaceAll(spec, " ", ""))
		return t, true
	}
	return pushTransport{}, false
}

// portPair reads a-b; zeros where it is none.
func portPair(s string) (ports [2]int) {
	a, b, pair := strings.Cut(strings.TrimSpace(s), "-")
	first, err := strconv.ParseUint(strings.TrimSpace(a), 10, 16)
	if err != nil {
		return ports
	}
	second := min(first+1, 65535)
	if pair {
		if n, err := strconv.ParseUint(strings.TrimSpace(b), 10, 16); err == nil {
			second = n
		}
	}
	return [2]int{int(first), int(second)}
}

// record makes the camera the live publisher, and opens the session.
func (p *publisher) record(ctx context.Context, m *message) (*message, error) {
	var kept []offer
	for _, o := range p.offers {
		if p.sections[o.section].setUp {
			kept = append(kept, o)
		}
	}
	if len(kept) == 0 || !kept[0].params.Codec.IsVideo() {
		return p.reply(m, 455, "Method Not Valid in This State, Set Up the Video First"), nil
	}
	short, cancel := p.soon(ctx)
	defer cancel()
	r, err := p.inlet.claim(short, p)
	if err != nil {
		return p.unwanted(m, err), nil
	}
	p.taken = r
	s, err := newSession(r.h, kept, p.udp == nil, p.mend)
	if err != nil {
		return p.reply(m, 415, "Unsupported Media Type"), err
	}
	p.index = make([]int, len(p.sections))
	for i := range p.index {
		p.index[i] = -1
	}
	var pairs [][2]int
	for i, t := range s.tracks {
		p.index[t.offer.section] = i
		pairs = append(pairs, p.sections[t.offer.section].channels)
	}
	if p.udp != nil {
		pairs = nil
	}
	s.begin(r.cfg.Clock())
	s.open(pairs)
	p.inter.Store(s)
	if err := p.receive(); err != nil {
		return p.reply(m, 461, "Unsupported Transport"), err
	}
	return p.reply(m, 200, "OK"), nil
}

// soon bounds a wait so that its end can still be answered.
func (p *publisher) soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, p.srv.cfg.Dialogue/2)
}

// receive begins to read what comes over UDP; what came since SETUP waits.
func (p *publisher) receive() error {
	if p.udp == nil {
		return nil
	}
	p.udp.clock, p.udp.flow = p.taken.cfg.Clock, flowOf(p.taken.cfg.MaxBitrate)
	for i, track := range p.index {
		if track < 0 {
			continue
		}
		// Reports go back, media does not.
		if err := p.udp.connect(i, nil, [2]int{0, p.sections[i].peer[1]}); err != nil {
			return err
		}
	}
	return nil
}

// stream reads until the session ends.
func (p *publisher) stream() error {
	if err := p.raw.SetDeadline(time.Time{}); err != nil {
		return err
	}
	r := p.taken
	tcp, _ := p.raw.(*net.TCPConn)
	t := newTap(p.conn, tcp, p, p, r.cfg.Clock)
	t.urgent, t.flow = r.cfg.Urgent, flowOf(r.cfg.MaxBitrate)
	t.err = func() error { return p.silence() }
	t.stash, _ = p.door.Peek(p.door.Buffered()) // all of it is there
	p.limit.N = math.MaxInt64
	if p.below != nil {
		p.below.r = bufio.NewReaderSize(p.below.r, tlsBuffer)
	}
	t.borrow()
	p.door = nil

	p.mu.Lock()
	p.tap = t
	why := p.why
	p.mu.Unlock()
	if why != nil {
		return why
	}
	var junk [64]byte // what is meant for the library of the other side
	for {
		if _, err := t.Read(junk[:]); err != nil {
			return err
		}
		if p.ended {
			return errEnded
		}
	}
}

// silence is the error of a session without pictures.
func (p *publisher) silence() error {
	r, s := p.taken, p.inter.Load()
	if p.udp != nil && p.udp.flooded.Load() {
		return p.udp.flow.tooMuch()
	}
	err := s.silent(r.cfg.Clock(), r.cfg.FirstFrame, r.cfg.Stall)
	if errors.Is(err, ErrNoFrame) && p.udp != nil {
		err = fmt.Errorf("%w: nothing came over UDP: open the UDP ports of this machine to it, or let it publish over TCP", err)
	}
	return err
}

// hushed reports whether pictures have failed to come for a while.
func (p *publisher) hushed() bool {
	s := p.inter.Load()
	return s != nil && p.taken.cfg.Clock()-time.Duration(s.lastVideo.Load()) > hushed
}

// cut ends the connection from outside, for the first reason that is given. What
// has arrived is taken first.
func (p *publisher) cut(why error) {
	p.mu.Lock()
	if p.why != nil {
		p.mu.Unlock()
		return
	}
	p.why = why
	t := p.tap
	p.mu.Unlock()
	p.cancel(why)
	if t != nil {
		t.finish()
	}
	_ = p.raw.Close() // its reader ends
}

// close ends the connection from inside.
func (p *publisher) close() {
	p.cancel(nil)
	_ = p.raw.Close() // answers were written
	if p.udp != nil {
		p.udp.close()
	}
}

// reason is why a session ended.
func (p *publisher) reason(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.why != nil:
		return p.why
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the camera closed the connection: %w", err)
	}
	return err
}

// transport is how media comes.
func (p *publisher) transport() string {
	switch {
	case p.udp != nil:
		return "udp"
	case p.below != nil:
		return "tls"
	}
	return "tcp"
}

// mend counts a repair.
func (p *publisher) mend(r Repair) {
	if p.taken != nil && p.taken.cfg.Mended != nil {
		p.taken.cfg.Mended(r)
	}
}

// remote is where the camera is.
func (p *publisher) remote() net.IP {
	if a, ok := p.raw.RemoteAddr().(*net.TCPAddr); ok {
		return a.IP
	}
	return nil
}

// localIP is the address that a connection came to.
func localIP(c net.Conn) net.IP {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.IP
	}
	return nil
}

// datagram takes what came over UDP.
func (p *publisher) datagram(section int, rtcp bool, b []byte, at time.Duration) {
	s := p.inter.Load()
	i := p.index[section]
	switch {
	case i < 0:
	case rtcp:
		s.rtcp(i, b, at)
	default:
		s.packet(i, b, at)
	}
}

// frame, plausible, surely, pictures and idle implement frameSink.
func (p *publisher) frame(channel byte, payload []byte, at time.Duration) {
	s := p.inter.Load()
	if p.udp != nil { // it sends both ways
		p.udp.alone(func() { s.frame(channel, payload, at) })
		return
	}
	s.frame(channel, payload, at)
}

func (p *publisher) plausible(channel byte, head []byte) bool {
	if p.udp != nil {
		return head[0]>>6 == 2
	}
	return p.inter.Load().plausible(channel, head)
}

func (p *publisher) surely(channel byte, head []byte) bool {
	return p.udp == nil && p.inter.Load().surely(channel, head)
}

func (p *publisher) pictures() int64 { return p.inter.Load().lastVideo.Load() }

func (p *publisher) idle(at time.Duration) {
	s := p.inter.Load()
	if p.udp != nil {
		p.udp.idle(at, func() { s.idle(at) })
		return
	}
	s.idle(at)
}

// in and what follows implement messages for the tap: keep-alives and the end
// of the session.
func (p *publisher) in(m *message) (toReader, reply *message, err error) {
	if m.isResponse() {
		return nil, nil, nil
	}
	method, _ := m.request()
	reply, err = p.small(m, method)
	if err != nil {
		p.ended = true
		return reply, reply, nil // the reader wakes, and ends
	}
	return nil, reply, nil
}

func (p *publisher) outgoing(*message) error { return nil }
func (p *publisher) playing() bool           { return p.udp == nil }
func (p *publisher) describing() bool        { return false }
