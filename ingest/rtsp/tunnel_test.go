package rtsp

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// postbox is a camera that answers every GET and gathers what each POST carries.
type postbox struct {
	accepted chan struct{} // one for each connection
	mu       sync.Mutex
	posts    [][]byte // decoded; guarded by mu
	whole    sync.WaitGroup
}

func (b *postbox) serve(t *testing.T, ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		b.accepted <- struct{}{}
		b.whole.Go(func() {
			defer func() { _ = c.Close() }() // nothing more is to be sent
			head, rest, err := requestHead(c)
			if err != nil {
				t.Errorf("request: %v", err)
				return
			}
			if strings.HasPrefix(head, "GET ") {
				_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n$\x00\x00\x01\x80") // who reads it says
				_, _ = io.Copy(io.Discard, c)
				return
			}
			all, err := io.ReadAll(io.MultiReader(bytes.NewReader(rest), c))
			if err != nil || len(all) > postLength || !strings.Contains(head, fmt.Sprintf("Content-Length: %d", postLength)) {
				t.Errorf("a POST of %d bytes, %v: %q", len(all), err, head)
			}
			text, err := base64.StdEncoding.DecodeString(string(all))
			if err != nil {
				t.Errorf("what a POST carries is not one text in base64: %v", err)
			}
			b.mu.Lock()
			b.posts = append(b.posts, text)
			b.mu.Unlock()
		})
	}
}

func requestHead(c net.Conn) (head string, rest []byte, err error) {
	var b []byte
	buf := make([]byte, 1<<10)
	for {
		if end, skip := headerEnd(b); end >= 0 {
			return string(b[:end]), b[end+skip:], nil
		}
		n, err := c.Read(buf)
		if err != nil {
			return "", nil, err
		}
		b = append(b, buf[:n]...)
	}
}

// A POST connection carries what its Content-Length says and no more; nothing is
// lost between one and the next.
func TestTunnelPostLength(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := postbox{accepted: make(chan struct{}, 100)}
	b.whole.Go(func() { b.serve(t, ln) })
	var dialled atomic.Int32
	tun := newTunnel(credentials{}, ln.Addr().String(), "/live", func(ctx context.Context, addr string) (net.Conn, *net.TCPConn, error) {
		dialled.Add(1)
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		return c, c.(*net.TCPConn), nil
	})
	rest, err := tun.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(rest) != "$\x00\x00\x01\x80" {
		t.Errorf("behind the head came %q", rest)
	}
	const messages = 500
	for i := range messages {
		m := &message{start: fmt.Sprintf("GET_PARAMETER rtsp://camera/%s RTSP/1.0", strings.Repeat("x", i%100)), header: []field{{"CSeq", fmt.Sprint(i)}}}
		if _, err := tun.Write(m.bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := tun.Close(); err != nil {
		t.Error(err)
	}
	tun.wait()
	for range dialled.Load() { // else what the kernel has accepted and nobody else goes with the listener
		<-b.accepted
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	b.whole.Wait()
	seen := map[string]bool{}
	for _, text := range b.posts {
		for len(text) > 0 {
			m, used, bad := parseMessage(text)
			if m == nil || bad {
				t.Fatalf("a POST carries %q", text)
			}
			seen[m.get("CSeq")] = true
			text = text[used:]
		}
	}
	if len(seen) != messages || len(b.posts) < 3 {
		t.Errorf("%d of %d messages came over %d connections", len(seen), messages, len(b.posts))
	}
}

// A tunnel that is closed while a POST is being opened ends at once.
func TestTunnelCloseWhileDialling(t *testing.T) {
	t.Parallel()
	dialling := make(chan struct{})
	tun := newTunnel(credentials{}, "127.0.0.1:9", "/", func(ctx context.Context, _ string) (net.Conn, *net.TCPConn, error) {
		close(dialling)
		<-ctx.Done()
		return nil, nil, ctx.Err()
	})
	ended := make(chan error)
	go func() {
		_, err := tun.Write([]byte("OPTIONS * RTSP/1.0\r\n\r\n"))
		ended <- err
	}()
	<-dialling
	if err := tun.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("written to nobody")
	}
}
