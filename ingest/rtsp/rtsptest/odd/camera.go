// Package odd is one camera that misbehaves: an RTSP/1.0 server (RFC 2326),
// written by hand, whose every message and packet a test can bend. A Camera
// without hooks does everything right.
//
// It films a loop (package loop) whose pictures carry their time in a stamp
// (package stamp), and remembers what it really sent: that is what a recording
// is held against.
package odd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// Camera says what is filmed, and how the camera behaves. It must not be
// changed once it runs.
type Camera struct {
	Film  loop.Params // default: H.264, 320x184, 25 a second, a key frame every 0.4 s
	Audio loop.Codec  // default none
	// Then is filmed from the given time on in place of Film: another size or
	// frame rate.
	Then      loop.Params
	ThenAfter time.Duration // since the camera began; 0: never

	Path  string      // with its query; default /live
	IPv6  bool        // listens on [::1]
	TLS   *tls.Config // RTSPS
	HTTP  bool        // RTSP over HTTP: a GET and POST connections
	Plain bool        // and RTSP on the same port
	Web   func(*Web)  // bends the answers of HTTP
	Door  *Guard      // asks for a name and a password in HTTP; nil: nobody is asked
	Guard *Guard      // asks for a name and a password; nil: nobody is asked

	// SDP bends the description.
	SDP func(sdp string) string
	// Reply bends the answer to a request before it is sent.
	Reply func(r *Reply)
	// Early is called between PLAY and its answer.
	Early func(p *Play) error

	// Pack cuts a frame into packets; default: single NAL units and FUs.
	Pack func(p *Play, f *Frame) []Packet
	// Bend changes a frame's packets.
	Bend func(p *Play, f *Frame, packets []Packet) []Packet
	// Sound changes the packets of an audio frame; i counts them.
	Sound func(p *Play, i int, packets []Packet) []Packet
	// Write puts packets on the wire; default: p.Send.
	Write func(p *Play, f *Frame, packets []Packet) error
	// Pace is asked before a frame leaves: how long the camera hangs. What was
	// filmed meanwhile follows at once.
	Pace func(p *Play, f *Frame) time.Duration
	// Report is the RTCP packet sent every second; nil: a proper sender report;
	// an empty one: none.
	Report func(p *Play, f *Frame) []byte

	// Taken is told of every frame that was sent, which is then not kept: for
	// films of an hour. It is called in the player's goroutine.
	Taken func(Shot)

	Late    time.Duration // after PLAY: then the first frame is filmed
	NextKey bool          // a session opens with the next key frame, not the last
	// SoundFirst: the sound begins with PLAY all the same.
	SoundFirst bool
}

// Frame is one picture on its way.
type Frame struct {
	TimeUS int64    // when it was taken, unix µs: its name in all comparisons
	I      int      // of the session, from 0
	Key    bool     //
	NALs   [][]byte // stamp and, at key frames, parameter sets first
	Sets   int      // how many of NALs are parameter sets
	TS     uint32   // RTP timestamp
	Ticks  uint64   // the same from the unix epoch
	Ticks0 uint64   // of the session's first frame

	// Lost says that the camera does not send it whole; Maybe that nobody can
	// know whether it arrived.
	Lost, Maybe bool
}

// Shot is a frame that was sent.
type Shot struct {
	TimeUS      int64
	Key         bool
	Lost, Maybe bool
	Slices      uint32        // audit.Slices of its NAL units
	Session     int           // the number of PLAY, from 1
	After       time.Duration // how long after its time it left
}

// Running is a camera at work.
type Running struct {
	Camera
	t     *testFilm
	then  *testFilm
	sound *loop.Audio
	ln    net.Listener
	began time.Time

	mu      sync.Mutex
	shots   []Shot                    // guarded by mu
	counts  map[string]int            // requests by method; guarded by mu
	conns   map[*Conn]bool            // guarded by mu
	number  int                       // connections so far; guarded by mu
	plays   int                       // guarded by mu
	stopped bool                      // no more frames; guarded by mu
	players int                       // at work; guarded by mu
	tunnels map[string]*io.PipeWriter // by cookie; guarded by mu
	log     []string                  // of the dialogue; guarded by mu
	wg      sync.WaitGroup
}

// film is what the zero Camera films.
func film(p loop.Params) loop.Params {
	if p.Width == 0 {
		p.Width, p.Height = 320, 184
	}
	if p.GOP == 0 {
		p.GOP = 0.4
	}
	if p.Bitrate == 0 {
		p.Bitrate = 200_000
	}
	if p.Seconds == 0 {
		p.Seconds = 4
	}
	return p
}

// prepare makes the film ready.
func prepare(ctx context.Context, c Camera) (*Running, error) {
	if c.Path == "" {
		c.Path = "/live"
	}
	r := &Running{Camera: c, began: time.Now(), counts: map[string]int{}, conns: map[*Conn]bool{}, tunnels: map[string]*io.PipeWriter{}}
	v, err := loop.Load(ctx, film(c.Film))
	if err != nil {
		return nil, err
	}
	r.t = &testFilm{Video: v}
	if c.ThenAfter > 0 {
		if v, err = loop.Load(ctx, film(c.Then)); err != nil {
			return nil, err
		}
		r.then = &testFilm{Video: v}
	}
	r.sound, err = loop.LoadAudio(ctx, c.Audio)
	return r, err
}

// Start films and serves until ctx ends; Wait waits for that.
func Start(ctx context.Context, c Camera) (*Running, error) {
	r, err := prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	addr := "127.0.0.1:0"
	if c.IPv6 {
		addr = "[::1]:0"
	}
	if r.ln, err = net.Listen("tcp", addr); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, r.close)
	r.wg.Go(func() {
		defer stop()
		r.accept(ctx)
	})
	return r, nil
}

func (r *Running) accept(ctx context.Context) {
	for {
		raw, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.number++
		c := &Conn{cam: r, raw: raw, N: r.number}
		r.conns[c] = true
		r.mu.Unlock()
		if r.TLS != nil {
			c.raw = tls.Server(raw, r.TLS)
		}
		r.wg.Go(func() {
			c.serve(ctx)
			r.mu.Lock()
			delete(r.conns, c)
			r.mu.Unlock()
		})
	}
}

func (r *Running) close() {
	_ = r.ln.Close() // the accept loop ends
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Close()
	}
}

// Wait returns when everything has ended.
func (r *Running) Wait() { r.wg.Wait() }

// Addr is host:port.
func (r *Running) Addr() string { return r.ln.Addr().String() }

// URL is what the camera is enrolled with, without credentials.
func (r *Running) URL() string {
	scheme := "rtsp"
	switch {
	case r.HTTP && r.TLS != nil && !r.Plain:
		scheme = "rtsps+http"
	case r.HTTP && !r.Plain:
		scheme = "rtsp+http"
	case r.TLS != nil:
		scheme = "rtsps"
	}
	return fmt.Sprintf("%s://%s%s", scheme, r.Addr(), r.Path)
}

// Stop ends the film after the frame that is on its way; connections stay.
func (r *Running) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
}

// Finished reports whether the film was stopped and all of it has left the camera.
func (r *Running) Finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped && r.players == 0
}

func (r *Running) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// Shots returns what was sent so far.
func (r *Running) Shots() []Shot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Shot(nil), r.shots...)
}

// Count is how many requests of a method came.
func (r *Running) Count(method string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[method]
}

// Connections is how many connections came.
func (r *Running) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.number
}

// Dialogue is the start lines of all messages, for a failing test to print.
func (r *Running) Dialogue() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.log...)
}

func (r *Running) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.log) < 200 {
		r.log = append(r.log, fmt.Sprintf("%6.3f ", time.Since(r.began).Seconds())+fmt.Sprintf(format, args...))
	}
}

// now is the camera's clock, unix µs, which never steps.
func (r *Running) now() int64 { return r.began.UnixMicro() + time.Since(r.began).Microseconds() }

// errGone ends a session whose connection is gone.
var errGone = errors.New("connection is gone")

func random32() uint32 { return rand.Uint32() }
