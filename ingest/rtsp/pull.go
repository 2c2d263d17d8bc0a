// Package rtsp pulls streams from cameras.
//
// Pull makes one attempt: connect, DESCRIBE, SETUP, PLAY, and then units until
// the first error. The dialogue is the library's; the media is not: a tap under
// the library takes interleaved frames where they are read and depacketizes
// them in the same goroutine (ingest/docs/rtsp.md).
package rtsp

import (
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
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

const writeTimeout = 10 * time.Second

// Config of one camera stream.
type Config struct {
	URL       string // rtsp:// or rtsps://, without userinfo
	Username  string
	Password  string
	Transport string // "tcp" (default), "udp", or "auto": the other when one is refused
	TLSSHA256 string // hex SHA-256 of the camera's certificate; empty: system roots

	Connect    time.Duration // for dial and dialogue together, default 10 s
	FirstFrame time.Duration // from PLAY to the first picture, default 10 s
	Stall      time.Duration // longest silence, default 10 s

	// Dial opens TCP connections; every connection of the attempt goes through it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// CheckPeer is asked before UDP media is accepted from an address other than
	// the one dialled; may be nil.
	CheckPeer func(ip net.IP) error
	// Clock is monotonic time since the process began.
	Clock func() time.Duration
	// Urgent reports whether a live viewer waits for every packet; may be nil.
	Urgent func() bool
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
	order := map[string][]gortsplib.Transport{
		"": {gortsplib.TransportTCP}, "tcp": {gortsplib.TransportTCP}, "udp": {gortsplib.TransportUDP},
		"auto": {gortsplib.TransportTCP, gortsplib.TransportUDP},
	}[cfg.Transport]
	if order == nil {
		return fmt.Errorf("transport %q: want tcp, udp or auto: %w", cfg.Transport, ErrURL)
	}
	var err error
	for _, transport := range order {
		if err = pull(ctx, &cfg, transport, h); !errors.Is(err, ErrTransport) {
			return err
		}
	}
	return err
}

// attempt is one connection's state.
type attempt struct {
	cfg   *Config
	hooks *hooks
	s     *session // nil until SETUP; of the pulling goroutine
	// inter is the session once interleaved frames may come: the taps read it.
	inter atomic.Pointer[session]

	mu    sync.Mutex // guards what follows, and serialises UDP packets
	taps  []*tap
	fatal error // of the dial
}

func pull(ctx context.Context, cfg *Config, transport gortsplib.Transport, h Handler) error {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || (u.Scheme != "rtsp" && u.Scheme != "rtsps") {
		return ErrURL // the text may hold a password: it is not repeated
	}
	a := &attempt{cfg: cfg, hooks: newHooks(cfg.Username, cfg.Password, u.Scheme == "rtsps", cfg.CheckPeer)}
	u.Host, u.User = hostPort(u), nil
	u.Scheme = "rtsp" // TLS is ours, below the library
	target, err := base.ParseURL(u.String())
	if err != nil {
		return ErrURL
	}
	c := &gortsplib.Client{
		Scheme: "rtsp", Host: u.Host, Transport: &transport, UserAgent: "qianshao",
		ReadTimeout: cfg.Stall + 5*time.Second, WriteTimeout: writeTimeout,
		AnyPortEnable: true, DialContext: a.dial,
		OnPacketsLost: func(uint64) {}, OnDecodeError: func(error) {}, OnTransportSwitch: func(error) {},
	}
	if err := c.Start2(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	cut := sync.OnceFunc(c.Close)
	defer cut()
	stop := context.AfterFunc(ctx, cut)
	defer stop()

	late := time.AfterFunc(cfg.Connect, cut)
	defer late.Stop()
	err = a.dialogue(c, target, transport, h)
	if !late.Stop() && err != nil && ctx.Err() == nil {
		err = fmt.Errorf("no answer within %s: %w", cfg.Connect, err)
	}
	if err == nil {
		err = a.watch(ctx, c, transport)
	}
	cut() // waits for the reading goroutine: the handler is ours again
	if a.s != nil {
		a.s.end()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.reason(err)
}

// dialogue goes as far as PLAY.
func (a *attempt) dialogue(c *gortsplib.Client, u *base.URL, transport gortsplib.Transport, h Handler) error {
	d, _, err := c.Describe(u)
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	offers, err := choose(d)
	if err != nil {
		return err
	}
	for i := range offers {
		if p := &offers[i].params; p.Codec == media.H264 {
			x := a.hooks.order(offers[i].pt)
			p.InterleavingDepth, p.MaxDONDiff = x.depth, x.maxDONDiff
		}
	}
	s, err := newSession(h, offers)
	if err != nil {
		return err
	}
	for _, t := range s.tracks {
		if _, err := c.Setup(d.BaseURL, t.offer.media, 0, 0); err != nil {
			return fmt.Errorf("set up %s: %w", t.offer.params.Codec, err)
		}
	}
	a.s = s
	s.begin(a.cfg.Clock())
	if transport == gortsplib.TransportUDP {
		a.receiveUDP(c, s)
	} else {
		s.open(a.hooks.channels())
		a.inter.Store(s)
	}
	if _, err := c.Play(nil); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if a.cfg.Playing != nil {
		a.cfg.Playing()
	}
	return nil
}

// receiveUDP takes packets from the library, which reads the sockets and puts
// them in order, into the same depacketizers.
func (a *attempt) receiveUDP(c *gortsplib.Client, s *session) {
	for i, t := range s.tracks {
		for _, f := range t.offer.media.Formats {
			if f.PayloadType() != t.offer.pt {
				continue
			}
			c.OnPacketRTP(t.offer.media, f, func(p *rtp.Packet) {
				a.mu.Lock()
				defer a.mu.Unlock()
				t.stream.Payload(&p.Header, p.Payload, a.cfg.Clock())
			})
		}
		c.OnPacketRTCP(t.offer.media, func(p rtcp.Packet) {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				a.mu.Lock()
				defer a.mu.Unlock()
				s.h.Report(i, sr.NTPTime, sr.RTPTime, a.cfg.Clock())
			}
		})
	}
	s.begun.Store(true)
}

// watch waits for the end. With UDP nothing wakes the tap, so the silence is
// watched here.
func (a *attempt) watch(ctx context.Context, c *gortsplib.Client, transport gortsplib.Transport) error {
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	if transport != gortsplib.TransportUDP {
		return <-done
	}
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			now := a.cfg.Clock()
			a.mu.Lock()
			a.s.idle(now)
			err := a.s.silent(now, a.cfg.FirstFrame, a.cfg.Stall)
			a.mu.Unlock()
			if err != nil {
				if errors.Is(err, ErrNoFrame) {
					err = fmt.Errorf("no packet came over UDP: %w: %w", ErrTransport, err)
				}
				c.Close()
				a.cfg.Log.Debug("pull ended", "err", <-done)
				return err
			}
		case <-ctx.Done():
			return <-done
		}
	}
}

// dial opens the connection and puts the tap on it.
func (a *attempt) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := a.connect(ctx, network, addr)
	if err != nil {
		a.mu.Lock()
		a.fatal = err
		a.mu.Unlock()
	}
	return conn, err
}

func (a *attempt) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	raw, err := a.cfg.Dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := raw.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("dial gave a %T", raw), raw.Close())
	}
	conn := net.Conn(tcp)
	if a.hooks.dialing() {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		if conn, err = secure(ctx, raw, host, a.cfg.TLSSHA256); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
	}
	t := newTap(conn, tcp, a, a.hooks, a.cfg.Clock)
	t.urgent = a.cfg.Urgent
	t.err = func() error {
		if s := a.inter.Load(); s != nil {
			return s.silent(a.cfg.Clock(), a.cfg.FirstFrame, a.cfg.Stall)
		}
		return nil
	}
	a.mu.Lock()
	a.taps = append(a.taps, t)
	a.mu.Unlock()
	return t, nil
}

// frame and idle implement frameSink for the taps.
func (a *attempt) frame(channel byte, payload []byte, at time.Duration) {
	if s := a.inter.Load(); s != nil {
		s.frame(channel, payload, at)
	}
}

func (a *attempt) idle(at time.Duration) {
	if s := a.inter.Load(); s != nil {
		s.idle(at)
	}
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
