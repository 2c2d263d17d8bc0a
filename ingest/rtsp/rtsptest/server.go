package rtsptest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a set of simulated cameras behind one address. New binds it, Run
// serves it. Its methods may be called from any goroutine.
type Server struct {
	cfg     Config
	ln      net.Listener
	main    *reel
	sound   *soundtrack
	cameras []*camera
	began   time.Time // wall and monotonic; the cameras' clock never steps
	subOnce func() (*reel, error)

	connections, refusals atomic.Int64
	logMu                 sync.Mutex // guards the three below
	records               []FaultRecord
	logErr                error

	mu      sync.Mutex // guards what follows
	conns   map[*conn]struct{}
	wg      sync.WaitGroup // goroutines of Run
	ctx     context.Context
	waiting []Fault // injected before Run
	closed  bool
}

// New makes the cameras and binds the address; the caller then calls Run, or
// Close to give it up. A loop that is neither embedded nor cached is encoded
// now, which takes some seconds (see Prepare).
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	video, audio, err := load(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, began: time.Now(), conns: map[*conn]struct{}{}}
	if s.main, err = newReel(video, cfg); err != nil {
		return nil, err
	}
	if s.sound, err = newSoundtrack(audio); err != nil {
		return nil, err
	}
	s.subOnce = sync.OnceValues(func() (*reel, error) {
		return loadSub(context.Background(), cfg)
	})
	for i := range cfg.Cameras {
		c := &camera{n: i + 1, name: cameraName(i + 1), conns: map[*conn]struct{}{}}
		switch {
		case cfg.SpreadGOP:
			c.phaseUS = int64(cfg.GOP*1e6) * int64(i) / int64(cfg.Cameras)
		case cfg.Spread:
			c.phaseUS = s.main.TimeUS(1) * int64(i) / int64(cfg.Cameras)
		}
		s.cameras = append(s.cameras, c)
	}
	s.ln, err = net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	s.waiting = cfg.Faults
	return s, nil
}

// Close gives up the address. Run calls it; calling it again does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.ln.Close()
}

// Addr returns the bound address, host:port.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// URL returns the address of the camera's (1-based) main stream, without
// credentials. A server bound to all interfaces names the loopback.
func (s *Server) URL(cam int) string {
	scheme := "rtsp"
	if s.cfg.TLS != nil {
		scheme = "rtsps"
	}
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		panic(err) // a bound TCP address has both
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("%s://%s/%s", scheme, net.JoinHostPort(host, port), cameraName(cam))
}

// SubURL returns the address of the camera's sub-stream.
func (s *Server) SubURL(cam int) string { return s.URL(cam) + "/sub" }

// Cameras returns how many cameras there are.
func (s *Server) Cameras() int { return len(s.cameras) }

// Now returns the cameras' clock: unix time in µs, which never steps.
func (s *Server) Now() int64 { return s.began.UnixMicro() + time.Since(s.began).Microseconds() }

// FrameAt returns the number of the main stream's frame that is current at the
// unix time us; FrameTime its nominal time.
func (s *Server) FrameAt(us int64) uint64 { return s.main.Number(us) }

// FrameTime returns the nominal unix time in µs of the main stream's frame n.
func (s *Server) FrameTime(n uint64) int64 { return s.main.TimeUS(n) }

// LoopFrames returns the length of the main loop: the frame code of frame n
// reads n mod LoopFrames.
func (s *Server) LoopFrames() int { return len(s.main.frames) }

// Counts are totals since the start.
type Counts struct {
	Connections int64 // accepted
	Refusals    int64 // requests answered 401 though they had credentials
}

// Counts returns the server's totals.
func (s *Server) Counts() Counts {
	return Counts{Connections: s.connections.Load(), Refusals: s.refusals.Load()}
}

// Run serves until ctx ends or the listener fails, then closes every connection
// and waits for all goroutines. It returns nil when ctx ended it, unless the
// fault log could not be written.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = s.Close() // the accept loop reports what matters
	})
	defer stop()
	s.mu.Lock()
	s.ctx = ctx
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, f := range waiting {
		if err := s.arm(f, s.began.UnixMicro()); err != nil {
			return err
		}
	}
	err := s.accept(ctx)
	cancel()
	closeErr := s.Close()
	s.mu.Lock()
	s.ctx = nil
	for c := range s.conns {
		c.abort()
	}
	s.mu.Unlock()
	s.wg.Wait()
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return errors.Join(err, closeErr, s.logErr)
}

func (s *Server) accept(ctx context.Context) error {
	for {
		raw, err := s.ln.Accept()
		if ctx.Err() != nil {
			if err == nil {
				return raw.Close()
			}
			return nil
		}
		if err != nil {
			return err
		}
		s.connections.Add(1)
		tcp, ok := raw.(*net.TCPConn)
		if !ok {
			return fmt.Errorf("accepted a %T, not TCP", raw)
		}
		c := newConn(s, tcp)
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			c.serve(ctx)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// Inject makes a fault happen, At after now. Camera 0 of the fault is replaced
// by cam; cam 0 means every camera. Before Run it waits for Run and counts from
// the server's start.
func (s *Server) Inject(cam int, f Fault) error {
	if cam != 0 {
		f.Camera = cam
	}
	if err := f.check(len(s.cameras)); err != nil {
		return err
	}
	s.mu.Lock()
	if s.ctx == nil {
		s.waiting = append(s.waiting, f)
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	return s.arm(f, s.Now())
}

// arm places a fault in time for each of its cameras.
func (s *Server) arm(f Fault, origin int64) error {
	f = f.withDefaults()
	for _, c := range s.cameras {
		if f.Camera != 0 && f.Camera != c.n {
			continue
		}
		if f.FromPlay {
			c.mu.Lock()
			c.perPlay = append(c.perPlay, f)
			c.mu.Unlock()
			continue
		}
		s.mu.Lock()
		ctx := s.ctx
		if ctx != nil {
			s.wg.Add(1)
		}
		s.mu.Unlock()
		if ctx == nil {
			return nil // the server has ended
		}
		s.open(ctx, c, f, origin, nil)
	}
	return nil
}

// lingersUS is how far behind a player may be, µs.
const lingersUS = 10_000_000

// open starts a window and the goroutine that acts at its ends, for which the
// caller has counted one up in s.wg.
func (s *Server) open(ctx context.Context, c *camera, f Fault, origin int64, only *session) {
	ctx, cancel := context.WithCancel(ctx)
	from := origin + f.At.Microseconds()
	w := &window{Fault: f, from: from, to: from + f.For.Microseconds(), only: only, heal: cancel, over: make(chan struct{})}
	c.mu.Lock()
	c.windows = append(c.windows, w)
	c.mu.Unlock()
	go func() {
		defer s.wg.Done()
		defer cancel()
		began := s.sleepUntil(ctx, w.from)
		if began {
			s.cfg.Log.Info("fault", "camera", c.name, "kind", w.Kind)
			if w.Kind == Cut || w.Kind == Reboot {
				c.disconnect(w)
			}
			s.sleepUntil(ctx, w.to)
		}
		c.mu.Lock()
		now := s.Now()
		w.to = max(w.from, min(w.to, now))
		// A player that is behind still has frames of that time to leave out, which
		// the fault log counts.
		w.lingers = w.Kind == Stall || w.Kind == Silent
		c.windows = slices.DeleteFunc(c.windows, func(o *window) bool {
			return o == w && !w.lingers || o.lingers && o.to < now-lingersUS
		})
		c.mu.Unlock()
		if began {
			s.logFault(c, w)
		}
		close(w.over)
	}()
}

// Heal ends the faults of the camera (1-based; 0: of every camera) that go on or
// are still to come, except those that come with every session, and waits until
// they are logged.
func (s *Server) Heal(cam int) {
	for _, c := range s.cameras {
		if cam != 0 && cam != c.n {
			continue
		}
		c.mu.Lock()
		windows := slices.Clone(c.windows)
		c.mu.Unlock()
		for _, w := range windows {
			w.heal()
			<-w.over
		}
	}
}

// sleepUntil waits for the cameras' clock to reach us; false when ctx ended
// before that moment. A moment that has come counts as reached, also when ctx
// ended before anybody looked at the timer.
func (s *Server) sleepUntil(ctx context.Context, us int64) bool {
	t := time.NewTimer(time.Duration(us-s.Now()) * time.Microsecond)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return s.Now() >= us
	}
}

// disconnect ends the connections a cut or a reboot hits.
func (c *camera) disconnect(w *window) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		if w.only == nil || w.only == conn.current() {
			if w.Kind == Reboot || w.Reset {
				conn.reset()
			} else {
				conn.finish()
			}
		}
	}
}

// dice returns a source for one session's loss, identifiers and timestamps.
func (s *Server) dice(c *camera) *rand.Rand {
	if s.cfg.Seed == 0 {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dealt++
	return rand.New(rand.NewPCG(s.cfg.Seed, uint64(c.n)<<32|c.dealt))
}

// wrapTLS puts TLS around an accepted connection where it is asked for.
func (s *Server) wrapTLS(raw net.Conn) net.Conn {
	if s.cfg.TLS == nil {
		return raw
	}
	return tls.Server(raw, s.cfg.TLS)
}
