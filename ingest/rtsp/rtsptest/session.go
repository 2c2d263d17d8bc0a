package rtsptest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// sessionTimeout is what the Session header announces. The server itself ends a
// session only with its connection.
const sessionTimeout = 60 * time.Second

// session is one client's play of one stream. Requests come from the
// connection's goroutine alone; the player runs in one of its own.
type session struct {
	srv    *Server
	conn   *conn
	cam    *camera
	sub    bool
	reel   *reel
	id     string
	tracks []*track
	log    *Session
	dice   *rand.Rand

	ctx    context.Context // ends with the session
	cancel context.CancelFunc
	stop   context.CancelFunc // ends the player; nil: not playing
	player sync.WaitGroup
}

// track is one medium that the client has set up.
type track struct {
	control int
	payload byte
	channel byte     // interleaved, RTP; RTCP is the next
	udp     *udpPair // nil: interleaved
	rate    int      // of the RTP clock

	// The player's alone while it runs.
	ssrc            uint32
	seq             uint16
	base            uint32 // RTP timestamp of the unix epoch
	packets, octets uint32
}

func newSession(ctx context.Context, c *conn, cam *camera, sub bool) (*session, error) {
	r, err := c.srv.reel(sub)
	if err != nil {
		return nil, err
	}
	s := &session{srv: c.srv, conn: c, cam: cam, sub: sub, reel: r, dice: c.srv.dice(cam), log: &Session{Sub: sub}}
	s.id = fmt.Sprintf("%016X", s.dice.Uint64())
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

// setup handles SETUP (RFC 2326 10.4).
func (c *conn) setup(ctx context.Context, req *request, cam *camera, sub bool, control int) response {
	cfg, sess := &c.srv.cfg, c.current()
	if id := sessionID(req); id != "" && (sess == nil || sess.id != id) {
		return response{status: 454}
	}
	if sess != nil && (sess.cam != cam || sess.sub != sub || sess.stop != nil) {
		return response{status: 455}
	}
	t := &track{control: control, rate: 90_000}
	sound := c.srv.sound
	switch {
	case control == videoTrack:
	case control == audioTrack && sound != nil:
		t.rate = sound.Rate
	case control == metadataTrack && cfg.MetadataTrack:
	case control == backTrack && cfg.BackChannel:
		t.rate = 8000
	case control < 0:
		return response{status: 459}
	default:
		return response{status: 404}
	}
	var chosen *transport
	for _, alt := range parseTransports(req.header["transport"]) {
		if alt.multicast || (alt.tcp && cfg.RefuseTCP) || (!alt.tcp && (cfg.RefuseUDP || alt.rtp == 0)) {
			continue
		}
		if sess != nil && len(sess.tracks) > 0 && alt.tcp != (sess.tracks[0].udp == nil) {
			continue
		}
		chosen = &alt
		break
	}
	if chosen == nil {
		return response{status: 461}
	}
	if sess == nil {
		var err error
		if sess, err = newSession(ctx, c, cam, sub); err != nil {
			c.srv.cfg.Log.Error("session", "camera", cam.name, "err", err)
			return response{status: 500}
		}
		c.mu.Lock()
		c.sess = sess
		c.mu.Unlock()
	}
	t.payload = videoPayload(sess.reel.Codec)
	if control == audioTrack {
		t.payload = audioPayload(sound.Codec)
	}
	t.ssrc, t.seq, t.base = sess.dice.Uint32(), uint16(sess.dice.Uint32()), sess.dice.Uint32()
	line, err := sess.attach(t, chosen)
	if err != nil {
		c.srv.cfg.Log.Error("set up UDP", "camera", cam.name, "err", err)
		return response{status: 500}
	}
	return response{status: 200, headers: []string{"Transport: " + line, sess.header()}}
}

// attach gives the track its way to the client and returns the Transport header.
func (s *session) attach(t *track, how *transport) (string, error) {
	if how.tcp {
		t.channel = byte(how.channel)
		if how.channel < 0 {
			t.channel = byte(2 * t.control)
		}
		s.tracks = append(s.tracks, t)
		s.log.Transport = "tcp"
		if s.srv.cfg.TLS != nil {
			s.log.Transport = "tls"
		}
		return fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d;ssrc=%08X", t.channel, t.channel+1, t.ssrc), nil
	}
	local, remote := s.conn.raw.LocalAddr().(*net.TCPAddr), s.conn.raw.RemoteAddr().(*net.TCPAddr)
	pair, err := newUDPPair(local, remote, how.rtp, how.rtcp)
	if err != nil {
		return "", err
	}
	t.udp = pair
	s.tracks = append(s.tracks, t)
	s.log.Transport = "udp"
	return fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d;ssrc=%08X",
		how.rtp, how.rtcp, pair.port, pair.port+1, t.ssrc), nil
}

func (s *session) header() string {
	return fmt.Sprintf("Session: %s;timeout=%d", s.id, int(sessionTimeout.Seconds()))
}

func sessionID(req *request) string {
	id, _, _ := strings.Cut(req.header["session"], ";")
	return strings.TrimSpace(id)
}

// control handles the methods that need a session.
func (c *conn) control(ctx context.Context, req *request, track int) response {
	sess := c.current()
	id := sessionID(req)
	keepalive := req.method == "GET_PARAMETER" || req.method == "SET_PARAMETER"
	if sess == nil || (id != sess.id && (id != "" || !keepalive)) {
		if keepalive && id == "" {
			return response{status: 200}
		}
		return response{status: 454}
	}
	r := response{status: 200, headers: []string{sess.header()}}
	switch req.method {
	case "GET_PARAMETER", "SET_PARAMETER":
	case "PLAY":
		if sess.stop != nil {
			return r // already playing: a client's keep-alive
		}
		p := sess.newPlayer()
		r.headers = append(r.headers, "Range: npt=now-", p.info(req.uri))
		r.then = func() { sess.play(p) }
	case "PAUSE":
		sess.pause()
	case "TEARDOWN":
		sess.end()
		c.mu.Lock()
		c.sess = nil
		c.mu.Unlock()
		r.headers = nil
	default:
		r = response{status: 405}
	}
	return r
}

// play starts the player. The answer to PLAY has been written.
func (s *session) play(p *player) {
	now := s.srv.Now()
	first := s.log.FromUS == 0
	s.cam.mu.Lock()
	if first {
		s.log.FromUS = now
		s.cam.sessions = append(s.cam.sessions, s.log)
	}
	faults := s.cam.perPlay
	s.cam.mu.Unlock()
	if first {
		for _, f := range faults {
			s.srv.wg.Add(1) // this goroutine is one of s.srv.wg, so it has not been waited for
			s.srv.open(s.ctx, s.cam, f, now, s)
		}
		s.srv.cfg.Log.Debug("play", "camera", s.cam.name, "sub", s.sub, "transport", s.log.Transport)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.stop = cancel
	s.player.Go(func() {
		defer cancel()
		if err := p.run(ctx); err != nil {
			s.srv.cfg.Log.Debug("session broke", "camera", s.cam.name, "err", err)
			s.conn.abort()
		}
	})
}

func (s *session) pause() {
	if s.stop != nil {
		s.stop()
		s.player.Wait()
		s.stop = nil
	}
}

// end stops the player and frees what the session holds.
func (s *session) end() {
	s.cancel()
	s.pause()
	for _, t := range s.tracks {
		if t.udp != nil {
			t.udp.close()
		}
	}
	s.cam.mu.Lock()
	s.log.ToUS = s.srv.Now()
	s.cam.mu.Unlock()
}
