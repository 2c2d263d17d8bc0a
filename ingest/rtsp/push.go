package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Bounds of what nobody has been admitted for yet. A connection in its dialogue
// costs a goroutine and doorBuffer bytes.
const (
	dialoguesMax = 512 // at once
	// dialoguesOfOne is how many of one address: behind one address of a carrier
	// there may be a village, which comes back at once after a power cut.
	dialoguesOfOne = 64
	acceptAgain    = 50 * time.Millisecond // after an error such as too many open files
)

// PushConfig of a PushServer.
type PushConfig struct {
	Realm    string        // of the keys, default "qianshao"
	TLS      *tls.Config   // for rtsps on the same port; nil: plain RTSP alone
	Dialogue time.Duration // from the connection to RECORD, default 10 s
	Log      *slog.Logger
}

// PushServer takes streams that cameras publish with ANNOUNCE and RECORD (RFC
// 2326 10.3, 10.11). A camera may publish where an Inlet is open for it.
type PushServer struct {
	cfg PushConfig

	mu        sync.Mutex
	inlets    map[string]*Inlet // by user; guarded by mu
	dialogues []*publisher      // before RECORD, oldest first; guarded by mu
	failures  failures
}

// NewPushServer prepares a server; Run runs it.
func NewPushServer(cfg PushConfig) *PushServer {
	if cfg.Realm == "" {
		cfg.Realm = "qianshao"
	}
	if cfg.Dialogue <= 0 {
		cfg.Dialogue = 10 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &PushServer{cfg: cfg, inlets: map[string]*Inlet{}}
}

// Secure reports whether rtsps is spoken, too.
func (s *PushServer) Secure() bool { return s.cfg.TLS != nil }

// Run serves connections of l until ctx is done, and returns when all have
// ended. It closes l.
func (s *PushServer) Run(ctx context.Context, l net.Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept says so
	defer stop()
	var said time.Time
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("push: %w", err)
			}
			if time.Since(said) > time.Minute { // it may go on for long
				said = time.Now()
				s.cfg.Log.Warn("a camera that publishes was not accepted", "err", err)
			}
			select {
			case <-time.After(acceptAgain):
			case <-ctx.Done():
			}
			continue
		}
		p := &publisher{srv: s, raw: conn, addr: addressOf(conn), log: s.cfg.Log.With("from", conn.RemoteAddr())}
		its, cancel := context.WithCancelCause(ctx)
		p.cancel = cancel
		out, ok := s.enter(p)
		if out != nil {
			out.cut(errCrowd)
		}
		if !ok {
			p.cut(errCrowd) // it will come again
			continue
		}
		all.Go(func() {
			stop := context.AfterFunc(ctx, func() { p.cut(context.Cause(ctx)) })
			defer stop()
			s.serve(its, p)
		})
	}
}

// enter takes in a dialogue that begins. Where there are too many of all, or of
// its address, the oldest that was not admitted has to go: an honest dialogue is
// over in a moment. Without such a one there is no room.
func (s *PushServer) enter(p *publisher) (out *publisher, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	for _, q := range s.dialogues {
		if q.addr == p.addr {
			same++
		}
	}
	if full := len(s.dialogues) >= dialoguesMax; full || same >= dialoguesOfOne {
		i := slices.IndexFunc(s.dialogues, func(q *publisher) bool {
			return !q.admitted && (q.addr == p.addr || same < dialoguesOfOne)
		})
		if i < 0 {
			return nil, false
		}
		out = s.dialogues[i]
		s.dialogues = slices.Delete(s.dialogues, i, i+1)
	}
	s.dialogues = append(s.dialogues, p)
	return out, true
}

// admit notes that a dialogue has shown a key.
func (s *PushServer) admit(p *publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.admitted = true
}

// leave takes out a dialogue that has ended.
func (s *PushServer) leave(p *publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.dialogues, p); i >= 0 {
		s.dialogues = slices.Delete(s.dialogues, i, i+1)
	}
}

// serve is the life of one connection.
func (s *PushServer) serve(ctx context.Context, p *publisher) {
	defer p.close()
	err := func() error {
		defer s.leave(p)
		short, cancel := context.WithTimeout(ctx, s.cfg.Dialogue)
		defer cancel()
		if err := p.raw.SetDeadline(time.Now().Add(s.cfg.Dialogue)); err != nil {
			return err
		}
		return p.dialogue(short)
	}()
	if p.taken == nil {
		if err != nil && !errors.Is(err, io.EOF) {
			p.log.Debug("a publisher's dialogue ended", "err", p.reason(err))
		}
		return
	}
	if err == nil {
		p.log.Info("the camera publishes", "transport", p.transport())
		err = p.stream()
	}
	if p.udp != nil {
		p.udp.close()
	}
	if m := p.inter.Load(); m != nil {
		m.end()
	}
	p.inlet.release(p, p.reason(err))
}

// find is the inlet of a user; nil when there is none.
func (s *PushServer) find(user string) *Inlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inlets[user]
}

// addressOf is whom a connection counts for: an IPv4 address, or the network of
// an IPv6 subscriber.
func addressOf(conn net.Conn) netip.Addr {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	a := tcp.AddrPort().Addr().Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
