// Package rtsp pulls streams from cameras.
//
// Pull makes one attempt: connect, DESCRIBE, SETUP, PLAY, and then units until
// the first error. The dialogue is the library's; the media is not: a tap under
// the library takes interleaved frames where they are read and depacketizes
// them in the same goroutine (ingest/docs/rtsp.md).
package rtsp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
)

const writeTimeout = 10 * time.Second

// Config of one camera stream.
type Config struct {
	URL      string // rtsp://, rtsps://, and these +http; without userinfo
	Username string
	Password string
	// Transport is "tcp" (default), "udp", "http" (RTSP over HTTP), or "auto": the
	// next of these when one is refused.
	Transport string
	TLSSHA256 string // hex SHA-256 of the camera's certificate; empty: system roots

	Connect    time.Duration // for dial and dialogue together, default 10 s
	FirstFrame time.Duration // from PLAY to the first picture, default 10 s
	Stall      time.Duration // longest silence, default 10 s
	MaxBitrate int           // bits a second that are taken, default limit.Bitrate

	// Dial opens TCP connections; every connection of the attempt goes through it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// CheckPeer is asked before UDP media is accepted from an address other than
	// the one dialled; may be nil.
	CheckPeer func(ip net.IP) error
	// Clock is monotonic time since the process began.
	Clock func() time.Duration
	// Urgent reports whether a live viewer waits for every packet; may be nil.
	Urgent func() bool
	// Mended is told of every repair, in any goroutine; may be nil.
	Mended func(Repair)
	// Playing is called once when PLAY has been answered; may be nil.
	Playing func()
	Log     *slog.Logger
}

func (c *Config) defaults() {
	for _, d := range []*time.Duration{&c.Connect, &c.FirstFrame, &c.Stall} {
		if *d == 0 {
			*d = 10 * time.Second
		}
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Urgent == nil {
		c.Urgent = func() bool { return false }
	}
}

// Pull records from the camera until ctx is done or the attempt fails. It
// returns the reason, never nil. When it returns the handler has had all units
// that were complete.
func Pull(ctx context.Context, cfg Config, h Handler) error {
	cfg.defaults()
	u, tunnelled, err := address(cfg.URL, cfg.Transport == "http")
	if err != nil {
		return err
	}
	order := map[string][]transport{"": {tcp}, "tcp": {tcp}, "udp": {udp}, "http": {http}, "auto": {tcp, udp, http}}[cfg.Transport]
	if tunnelled && len(order) != 1 {
		order = []transport{http}
	}
	if order == nil || tunnelled && order[0] != http {
		return fmt.Errorf("transport %q with a URL of %s: use tcp, udp, http or auto, and no other than http with +http: %w", cfg.Transport, u.Scheme, ErrURL)
	}
	for i, t := range order {
		if i > 0 {
			if t == udp && errors.Is(err, errHTTP) {
				continue
			}
			if cfg.Mended != nil {
				cfg.Mended(RepairTransport)
			}
		}
		before := err
		if err = pull(ctx, &cfg, u, t, h); !errors.Is(err, ErrTransport) || cfg.Connect <= 0 {
			return err
		}
		if t == http && before != nil {
			return before // a camera that refuses HTTP, too, has said more before
		}
	}
	return err
}

// transport of media.
type transport int

const (
	tcp  transport = iota // interleaved
	udp                   //
	http                  // interleaved, in a GET and a POST
)

// attempt is one connection's state.
type attempt struct {
	cfg   *Config
	hooks *hooks
	s     *session // nil until SETUP; of the pulling goroutine
	// inter is the session once interleaved frames may come: the taps read it.
	inter atomic.Pointer[session]

	alive  time.Duration  // when the camera was last asked for anything; of who reads
	asking sync.WaitGroup // keep-alives on their way

	mu    sync.Mutex // guards what follows
	taps  []*tap
	pipes []*tunnel // of RTSP over HTTP
	fatal error     // why it ends, where that is known better than by what was read
}

// pull is one transport's try. What its dialogue takes is gone of cfg.Connect:
// the next has the rest.
func pull(ctx context.Context, cfg *Config, u *url.URL, transport transport, h Handler) error {
	a := &attempt{cfg: cfg, hooks: newHooks(cfg.Username, cfg.Password, u.String())}
	if transport == http {
		a.hooks.tunnelled()
	}
	a.hooks.peer, a.hooks.mended = cfg.CheckPeer, cfg.Mended
	if transport == udp {
		a.hooks.udp = &udpMedia{flow: flowOf(cfg.MaxBitrate), clock: cfg.Clock, sink: a.datagram, dialed: a.dialed}
		defer a.hooks.udp.close()
	}
	t, err := a.open(ctx, u.Host, h)
	if err == nil {
		err = a.play(ctx, t)
	}
	a.wait() // the handler is ours again
	if a.hooks.udp != nil {
		a.hooks.udp.close()
	}
	if a.s != nil {
		a.s.end()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.reason(err)
}

// open holds the dialogue up to PLAY, with the library, which has left when it
// returns. The connection is closed after an error.
func (a *attempt) open(ctx context.Context, host string, h Handler) (*tap, error) {
	// TLS and UDP are ours, below the library.
	over := gortsplib.TransportTCP
	c := &gortsplib.Client{
		Scheme: "rtsp", Host: host, Transport: &over, UserAgent: agent,
		ReadTimeout: a.cfg.Connect + 5*time.Second, WriteTimeout: writeTimeout,
		WriteQueueSize: 8, // of reports: hardly anything is sent
		DialContext:    a.dial,
		OnPacketsLost:  func(uint64) {}, OnDecodeError: func(error) {}, OnTransportSwitch: func(error) {},
	}
	if err := c.Start2(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	cut := sync.OnceFunc(c.Close) // returns when the reading goroutine has ended
	defer cut()
	stop := context.AfterFunc(ctx, cut)
	defer stop()
	late := time.AfterFunc(a.cfg.Connect, cut)
	defer late.Stop()

	began := time.Now()
	err := a.dialogue(c, &base.URL{Scheme: "rtsp", Host: host, Path: "/"}, h)
	if !late.Stop() && ctx.Err() == nil {
		err = fmt.Errorf("no answer within %s: %w", a.cfg.Connect, cmp.Or(err, context.DeadlineExceeded))
	}
	a.cfg.Connect -= time.Since(began)
	if err != nil {
		return nil, err
	}
	t := a.last()
	if err := t.leave(); err != nil {
		return nil, err
	}
	cut()
	t.left()
	return t, nil
}

// dialogue goes as far as PLAY.
func (a *attempt) dialogue(c *gortsplib.Client, u *base.URL, h Handler) error {
	d, _, err := c.Describe(u)
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	offers := a.hooks.described()
	s, err := newSession(h, offers, a.hooks.udp == nil, a.hooks.mend)
	if err != nil {
		return err
	}
	offers = offers[:0:0]
	for _, t := range s.tracks {
		offers = append(offers, t.offer)
	}
	a.hooks.keep(offers)
	for i := range offers {
		_, err := c.Setup(d.BaseURL, d.Medias[i], 0, 0)
		var status liberrors.ErrClientBadStatusCode
		if i > 0 && errors.As(err, &status) && status.Code != base.StatusUnauthorized {
			a.cfg.Log.Warn("the camera refuses a track, the video goes on", "codec", offers[i].params.Codec, "status", int(status.Code))
			continue
		}
		if err != nil {
			return fmt.Errorf("set up %s: %w", offers[i].params.Codec, err)
		}
	}
	a.s = s
	s.begin(a.cfg.Clock())
	s.open(a.hooks.channels())
	a.inter.Store(s)
	if _, err := c.Play(nil); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if a.cfg.Playing != nil {
		a.cfg.Playing()
	}
	return nil
}

// datagram takes what came over UDP.
func (a *attempt) datagram(track int, rtcp bool, b []byte, at time.Duration) {
	s := a.inter.Load()
	switch {
	case s == nil:
	case rtcp:
		s.rtcp(track, b, at)
	default:
		s.packet(track, b, at)
	}
}

// dialed is the camera's address as it was dialled last.
func (a *attempt) dialed() net.IP {
	if t := a.last(); t != nil {
		if addr, ok := t.raw.RemoteAddr().(*net.TCPAddr); ok {
			return addr.IP
		}
	}
	return nil
}

// last is the tap of the newest connection; nil before the first.
func (a *attempt) last() *tap {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.taps) == 0 {
		return nil
	}
	return a.taps[len(a.taps)-1]
}

// fail says why the attempt is about to end, where the tap does not know.
func (a *attempt) fail(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fatal = why
}

// wait waits for those who read POST connections.
func (a *attempt) wait() {
	a.mu.Lock()
	pipes := a.pipes
	a.mu.Unlock()
	for _, t := range pipes {
		t.wait()
	}
}

// dial opens the connection and puts the tap on it.
func (a *attempt) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := a.connect(ctx, network, addr)
	if err != nil {
		a.fail(err)
	}
	return conn, err
}

func (a *attempt) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	secured, overHTTP := a.hooks.dialing()
	link := func(ctx context.Context, addr string) (net.Conn, *net.TCPConn, error) {
		return a.link(ctx, network, addr, host, secured)
	}
	var conn net.Conn
	var raw *net.TCPConn
	var rest []byte
	if overHTTP {
		t, more, err := a.tunnel(ctx, addr, link)
		if err != nil {
			return nil, err
		}
		conn, raw, rest = t, t.raw, more
	} else if conn, raw, err = link(ctx, addr); err != nil {
		return nil, err
	}
	t := newTap(conn, raw, a, a.hooks, a.cfg.Clock)
	t.stash = rest
	t.urgent, t.flow = a.cfg.Urgent, flowOf(a.cfg.MaxBitrate)
	t.err = func() error {
		s := a.inter.Load()
		if s == nil {
			return nil
		}
		if a.hooks.udp != nil && a.hooks.udp.flooded.Load() {
			return a.hooks.udp.flow.tooMuch()
		}
		err := s.silent(a.cfg.Clock(), a.cfg.FirstFrame, a.cfg.Stall)
		if errors.Is(err, ErrNoFrame) && a.hooks.udp != nil {
			err = fmt.Errorf("no packet came over UDP: %w: %w", ErrTransport, err)
		}
		return err
	}
	a.mu.Lock()
	a.taps = append(a.taps, t)
	a.mu.Unlock()
	return t, nil
}

// link opens one connection to the camera, with TLS over it where that is asked
// for.
func (a *attempt) link(ctx context.Context, network, addr, host string, secured bool) (net.Conn, *net.TCPConn, error) {
	conn, err := a.cfg.Dial(ctx, network, addr)
	if err != nil {
		return nil, nil, err
	}
	raw, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("dial gave a %T", conn), conn.Close())
	}
	if !secured {
		return raw, raw, nil
	}
	if conn, err = secure(ctx, raw, host, a.cfg.TLSSHA256); err != nil {
		return nil, nil, errors.Join(err, raw.Close())
	}
	return conn, raw, nil
}

// tunnel opens RTSP over HTTP. rest is what has come of RTSP already.
func (a *attempt) tunnel(ctx context.Context, addr string, link linker) (t *tunnel, rest []byte, err error) {
	t = newTunnel(credentials{user: a.cfg.Username, pass: a.cfg.Password}, addr, a.hooks.path(), link)
	t.waits = a.hooks.waiting
	t.fail = func(err error) {
		a.fail(err)
		_ = t.Conn.Close() // who reads it is told
	}
	a.mu.Lock()
	a.pipes = append(a.pipes, t)
	a.mu.Unlock()
	if rest, err = t.open(ctx); err != nil {
		return nil, nil, errors.Join(err, t.Close())
	}
	return t, rest, nil
}

// frame, plausible, surely, pictures and idle implement frameSink for the taps.
func (a *attempt) frame(channel byte, payload []byte, at time.Duration) {
	s := a.inter.Load()
	switch {
	case s == nil:
	case a.hooks.udp != nil: // it sends both ways
		a.hooks.udp.alone(func() { s.frame(channel, payload, at) })
	default:
		s.frame(channel, payload, at)
	}
}

func (a *attempt) plausible(channel byte, head []byte) bool {
	if s := a.inter.Load(); s != nil && a.hooks.udp == nil {
		return s.plausible(channel, head)
	}
	return head[0]>>6 == 2
}

func (a *attempt) surely(channel byte, head []byte) bool {
	s := a.inter.Load()
	return s != nil && a.hooks.udp == nil && s.surely(channel, head)
}

func (a *attempt) pictures() int64 {
	if s := a.inter.Load(); s != nil {
		return s.lastVideo.Load()
	}
	return 0
}

func (a *attempt) idle(at time.Duration) {
	s := a.inter.Load()
	switch {
	case s == nil:
		return
	case a.hooks.udp != nil:
		a.hooks.udp.idle(at, func() { s.idle(at) })
	default:
		s.idle(at)
	}
	a.keepAlive(at)
}

// reason is the root of an attempt's end: what the tap saw says more than what
// the library made of it.
func (a *attempt) reason(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fatal != nil {
		return a.fatal
	}
	for _, t := range a.taps {
		if t.stop != nil && !errors.Is(t.stop, net.ErrClosed) {
			if errors.Is(t.stop, io.EOF) {
				return fmt.Errorf("the camera closed the connection: %w", explain(t.stop, a.hooks))
			}
			return explain(t.stop, a.hooks)
		}
	}
	return explain(err, a.hooks)
}
