package rtsp

import (
	"bytes"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// playingHooks is a session that plays.
type playingHooks struct{ messages }

func (playingHooks) playing() bool    { return true }
func (playingHooks) describing() bool { return false }

func (playingHooks) in(m *message) (toReader, reply *message, err error) { return m, nil, nil }

// countSink counts the bytes of frames.
type countSink struct {
	sink
	n atomic.Int64
}

func (s *countSink) frame(_ byte, p []byte, _ time.Duration) { s.n.Add(int64(4 + len(p))) }

// beating is a tap over a real socket that is read at a beat, and its camera.
func beating(t *testing.T) (*tap, *countSink, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() //nolint:errcheck // the connection stays
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cam, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = cam.Close()
	})
	s, began := &countSink{}, time.Now()
	p := newTap(conn, conn.(*net.TCPConn), s, playingHooks{}, func() time.Duration { return time.Hour + time.Since(began) })
	p.applyMark(markMax)
	return p, s, cam
}

// told is a message, which ends a Read, between frames.
func told(frames []byte) []byte {
	n := len(frames) / 2
	n -= n % 1404
	return slices.Concat(frames[:n], []byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), frames[n:])
}

// framesOf is interleaved frames of at least so many bytes: more than one read
// takes, less than the mark.
func framesOf(total int) []byte {
	frame := append([]byte{'$', 0, 1400 >> 8, 1400 & 0xff}, make([]byte, 1400)...)
	return bytes.Repeat(frame, total/len(frame)+1)
}

// arrive waits until so many bytes are taken or in the kernel.
func arrive(t *testing.T, p *tap, s *countSink, want int) {
	t.Helper()
	for range 1000 {
		waits, fail := 0, error(nil)
		err := p.rc.Control(func(fd uintptr) { waits, fail = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
		if err != nil || fail != nil {
			t.Fatal(err, fail)
		}
		if waits+int(s.n.Load()) >= want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the bytes never arrived")
}

// readAll reads a tap to its end as the library does.
func readAll(p *tap) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		for b := make([]byte, 4096); ; {
			if _, err := p.Read(b); err != nil {
				return
			}
		}
	}()
	return ended
}

// What the kernel holds is taken before the connection is closed, also where
// there is an answer in the middle of it.
func TestFinishTakesAll(t *testing.T) {
	t.Parallel()
	for _, answer := range []bool{false, true} {
		p, s, cam := beating(t)
		ended := readAll(p)
		b := framesOf(2 * readSize)
		sent := b
		if answer {
			sent = told(b)
		}
		if _, err := cam.Write(sent); err != nil {
			t.Fatal(err)
		}
		arrive(t, p, s, len(b))
		p.finish()
		if err := p.Conn.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if got := s.n.Load(); got != int64(len(b)) {
			t.Errorf("with an answer %v: %d of %d bytes were taken", answer, got, len(b))
		}
	}
}

// A beat that an answer has cut short goes on with the next
// read, not with the next beat.
func TestBeatCutShort(t *testing.T) {
	t.Parallel()
	p, s, cam := beating(t)
	b := framesOf(2 * readSize)
	if _, err := cam.Write(told(b)); err != nil {
		t.Fatal(err)
	}
	arrive(t, p, s, len(b))
	for i := 0; ; i++ {
		p.out = nil
		if err := p.tick(true, false); err != nil {
			t.Fatal(err)
		}
		if p.drained {
			break
		}
		if i > 100 {
			t.Fatal("the socket is never empty")
		}
	}
	if got := s.n.Load(); got != int64(len(b)) {
		t.Errorf("%d of %d bytes were taken when the socket was said to be empty", got, len(b))
	}
}
