package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// The floor is the least that can be called recording: one goroutine a camera,
// a socket with SO_RCVLOWAT, a pooled buffer, H.264 depacketized by hand, a
// fragment a second written with one call. No hash, no sync, no index, no
// clock, no recovery: nothing of the recorder's code runs here.
//
// It syncs nothing, so the kernel would write its pages out when they are 30 s
// old, all cameras' at once, and the recorder's syncs would wait behind them:
// the floor would then measure itself in the recorder. It empties its file
// before that (floorKeeps), and nothing of it ever reaches the disk.

const (
	floorMark   = 64 << 10
	floorBuffer = 256 << 10
	floorKeeps  = 10 // fragments, of a second each
)

// floorRole is the floor as a process.
type floorRole struct {
	URL string `required:"" help:"first camera; the number in it is replaced"`
	N   int    `required:""`
	Dir string `required:""`
}

// Run implements the command.
func (r *floorRole) Run(ctx context.Context) error {
	var started atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan struct{})
	var failed atomic.Pointer[error]
	for i := range r.N {
		wg.Go(func() {
			c := &floorCamera{url: cameraURL(r.URL, i+1), path: filepath.Join(r.Dir, fmt.Sprintf("floor%04d.mp4", i+1))}
			c.first = func() {
				if started.Add(1) == int64(r.N) {
					close(all)
				}
			}
			if err := c.run(ctx); err != nil && ctx.Err() == nil {
				failed.Store(&err)
				cancel()
			}
		})
	}
	return serveChild(func() error {
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			if err := failed.Load(); err != nil {
				return *err
			}
			return ctx.Err()
		}
	}, func() {}, func(*figures) {})
}

// cameraURL puts camera i's number into a URL ending in /camNNNN.
func cameraURL(first string, i int) string {
	return fmt.Sprintf("%s/cam%04d", first[:strings.LastIndex(first, "/")], i)
}

type floorCamera struct {
	url, path string
	first     func()
	file      *os.File
	fragment  []byte // moof room, then mdat
	written   int    // fragments in the file
	sizes     []uint32
	frame     int // start of the picture in fragment
	nal       int // start of the NAL unit being put together
	seen      bool
}

const moofRoom = 8 << 10

// dialogue speaks the few requests that start a stream.
func (c *floorCamera) dialogue(conn net.Conn) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(conn, 4096)
	control, session := "", ""
	for i, m := range []string{"DESCRIBE", "SETUP", "PLAY"} {
		target := c.url
		extra := ""
		switch m {
		case "DESCRIBE":
			extra = "Accept: application/sdp\r\n"
		case "SETUP":
			target = control
			extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
		case "PLAY":
			extra = "Session: " + session + "\r\nRange: npt=0-\r\n"
		}
		if _, err := fmt.Fprintf(conn, "%s %s RTSP/1.0\r\nCSeq: %d\r\n%s\r\n", m, target, i+1, extra); err != nil {
			return nil, err
		}
		length := 0
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return nil, err
			}
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch strings.ToLower(name) {
			case "content-length":
				if _, err := fmt.Sscan(value, &length); err != nil {
					return nil, err
				}
			case "session":
				session, _, _ = strings.Cut(value, ";")
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(br, body); err != nil {
			return nil, err
		}
		if m == "DESCRIBE" {
			control = videoControl(string(body), c.url)
		}
	}
	return br, nil
}

// videoControl finds the control URL of the first video in an SDP.
func videoControl(sdp, base string) string {
	video := false
	for line := range strings.Lines(sdp) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "m=") {
			video = strings.HasPrefix(line, "m=video")
		}
		if v, ok := strings.CutPrefix(line, "a=control:"); ok && video {
			if strings.Contains(v, "://") {
				return v
			}
			return base + "/" + v
		}
	}
	return base
}

func (c *floorCamera) run(ctx context.Context) error {
	u, err := url.Parse(c.url)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	br, err := c.dialogue(conn)
	if err != nil {
		return err
	}
	if c.file, err = os.Create(c.path); err != nil {
		return err
	}
	defer c.file.Close() //nolint:errcheck // the floor keeps nothing
	c.fragment = make([]byte, moofRoom, moofRoom+512<<10)
	buf := make([]byte, floorBuffer)
	have, err := br.Read(buf[:br.Buffered()])
	if err != nil && br.Buffered() > 0 {
		return err
	}
	return c.read(conn.(*net.TCPConn), buf, have)
}

// read is the loop: wait for a socketful, take the frames, wait again.
func (c *floorCamera) read(conn *net.TCPConn, buf []byte, have int) error {
	rc, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var fail error
	if err := rc.Control(func(fd uintptr) {
		fail = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, floorMark)
	}); err != nil || fail != nil {
		return errors.Join(err, fail)
	}
	err = rc.Read(func(fd uintptr) bool {
		for {
			n, err := syscall.Read(int(fd), buf[have:])
			if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
				return false
			}
			if err != nil || n == 0 {
				fail = errors.Join(err, io.EOF)
				return true
			}
			full := n == len(buf)-have
			have += n
			used, err := c.frames(buf[:have])
			if err != nil {
				fail = err
				return true
			}
			have = copy(buf, buf[used:have])
			if !full && n >= floorMark {
				return false
			}
		}
	})
	return errors.Join(fail, err)
}

// frames takes whole interleaved frames off b.
func (c *floorCamera) frames(b []byte) (used int, err error) {
	for len(b)-used >= 4 {
		if b[used] != '$' {
			return 0, errors.New("the floor met something that is no frame")
		}
		n := int(binary.BigEndian.Uint16(b[used+2:]))
		if len(b)-used < 4+n {
			break
		}
		if b[used+1] == 0 && n > 13 {
			if err := c.packet(b[used+4 : used+4+n]); err != nil {
				return 0, err
			}
		}
		used += 4 + n
	}
	return used, nil
}

// packet depacketizes H.264 (RFC 6184): single units, STAP-A, FU-A.
func (c *floorCamera) packet(p []byte) error {
	marker := p[1]&0x80 != 0
	p = p[12:]
	if c.frame == 0 {
		c.frame = len(c.fragment)
	}
	switch p[0] & 0x1f {
	case 24:
		for q := p[1:]; len(q) > 2; {
			n := int(binary.BigEndian.Uint16(q))
			if n > len(q)-2 {
				break
			}
			c.unit(q[2 : 2+n])
			q = q[2+n:]
		}
	case 28:
		if p[1]&0x80 != 0 {
			c.nal = len(c.fragment)
			c.fragment = append(c.fragment, 0, 0, 0, 0, p[0]&0xe0|p[1]&0x1f)
		}
		c.fragment = append(c.fragment, p[2:]...)
		if p[1]&0x40 != 0 {
			binary.BigEndian.PutUint32(c.fragment[c.nal:], uint32(len(c.fragment)-c.nal-4))
		}
	default:
		c.unit(p)
	}
	if !marker {
		return nil
	}
	c.sizes = append(c.sizes, uint32(len(c.fragment)-c.frame))
	c.frame = 0
	if len(c.sizes) < 25 {
		return nil
	}
	return c.flush()
}

func (c *floorCamera) unit(nal []byte) {
	c.fragment = binary.BigEndian.AppendUint32(c.fragment, uint32(len(nal)))
	c.fragment = append(c.fragment, nal...)
}

// flush writes moof and mdat with one call.
func (c *floorCamera) flush() error {
	head := c.fragment[:0:moofRoom]
	head = append(head, 0, 0, 0, 0, 'm', 'o', 'o', 'f')
	for _, s := range c.sizes {
		head = binary.BigEndian.AppendUint32(head, 3600)
		head = binary.BigEndian.AppendUint32(head, s)
		head = binary.BigEndian.AppendUint32(head, 0)
	}
	binary.BigEndian.PutUint32(head, uint32(len(head)))
	if c.written == floorKeeps {
		c.written = 0
		_, err := c.file.Seek(0, io.SeekStart)
		if err := errors.Join(err, c.file.Truncate(0)); err != nil {
			return err
		}
	}
	c.written++
	_, err := unix.Writev(int(c.file.Fd()), [][]byte{head, c.fragment[moofRoom:]})
	c.fragment = c.fragment[:moofRoom]
	c.sizes = c.sizes[:0]
	if !c.seen {
		c.seen = true
		c.first()
	}
	return err
}
