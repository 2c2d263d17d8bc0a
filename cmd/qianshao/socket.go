package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

const socketName = "control.sock"

// A socket's path may have 107 bytes (sun_path, unix(7)); longer ones are
// reached through an open folder.
const longestSocket = 100

// socketPath is where the socket of a data folder is reached; done gives back
// what that needs, after use.
func socketPath(dir string) (path string, done func() error, err error) {
	path = filepath.Join(dir, socketName)
	if len(path) <= longestSocket {
		return path, func() error { return nil }, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", f.Fd(), socketName), f.Close, nil
}

// controlListener removes its socket when it is closed.
type controlListener struct {
	net.Listener
	done func() error
}

func (l *controlListener) Close() error { return errors.Join(l.Listener.Close(), l.done()) }

// listenControl opens the socket through which commands reach this process,
// which must hold the folder's lock.
func listenControl(dir string) (net.Listener, error) {
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), done())
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), done())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close(), done())
	}
	return &controlListener{l, done}, nil
}

// dialControl connects to the process that owns the folder.
func dialControl(ctx context.Context, dir string) (net.Conn, error) {
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err := errors.Join(err, done()); err != nil {
		return nil, err
	}
	return conn, nil
}

// pipes is a listener within the process: a command that found no server talks
// to a handler of its own.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- pipe{theirs}:
		return ours, nil
	case <-p.done:
	case <-ctx.Done():
	}
	return nil, errors.Join(net.ErrClosed, ours.Close(), theirs.Close())
}

// Accept, Close and Addr make a net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close is called once, by the http.Server.
func (p *pipes) Close() error { close(p.done); return nil }

// Addr is the address of a pipe.
func (p *pipes) Addr() net.Addr { return pipe{}.LocalAddr() }

// pipe is a connection within the process: to whoever asks, the control socket.
type pipe struct{ net.Conn }

func (pipe) LocalAddr() net.Addr { return &net.UnixAddr{Name: socketName, Net: "unix"} }
