package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"qianshao/configs"
)

// client speaks to the process that owns a data folder: a server, through its
// control socket, or a handler over the folder opened by this very command. The
// routes are the same.
type client struct {
	http  *http.Client
	alive bool // a server answers
	stop  func() error
}

// A server that starts or stops has the lock and no socket.
const (
	waitForServer = 10 * time.Second
	askAgain      = 100 * time.Millisecond
)

// connect finds the server of a data folder, else opens the folder itself.
func connect(e *env, cfg configs.Config) (*client, error) {
	deadline := time.Now().Add(waitForServer)
	for {
		conn, err := dialControl(e.ctx, cfg.Data)
		if err == nil {
			_ = conn.Close() // it was only to see
			return serverClient(cfg.Data), nil
		}
		c, err := openClient(e, cfg)
		if !errors.Is(err, errLocked) {
			return c, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%w and does not answer on %s: it is starting or stopping, or hangs; try again, or stop it first", err, socketName)
		}
		select {
		case <-time.After(askAgain):
		case <-e.ctx.Done():
			return nil, e.ctx.Err()
		}
	}
}

// connected runs fn with the server of an existing data folder, or with the
// folder itself.
func (f *folder) connected(e *env, fn func(*client) error) error {
	cfg, err := f.existing(e)
	if err != nil {
		return err
	}
	conn, err := connect(e, cfg)
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.close())
}

// serverClient speaks to the server of a data folder.
func serverClient(dir string) *client {
	return newClient(func(ctx context.Context) (net.Conn, error) { return dialControl(ctx, dir) }, true, nil)
}

// openClient opens the folder and answers from it.
func openClient(e *env, cfg configs.Config) (*client, error) {
	log := newLogger(e.err, configs.Log{Level: "warn", Format: cfg.Log.Format}, &slog.LevelVar{})
	d, err := openData(e.ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	handler, err := idleHandler(d)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	p := newPipes()
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	var g errgroup.Group
	g.Go(func() error {
		if err := srv.Serve(p); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return newClient(p.dial, false, func() error {
		return errors.Join(srv.Close(), g.Wait(), d.close())
	}), nil
}

func newClient(dial func(ctx context.Context) (net.Conn, error), alive bool, stop func() error) *client {
	return &client{alive: alive, stop: stop, http: &http.Client{Transport: &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableCompression: true,
	}}}
}

func (c *client) close() error {
	c.http.CloseIdleConnections()
	if c.stop == nil {
		return nil
	}
	return c.stop()
}

// do sends a request and returns the answer, of which the caller closes the
// body. An answer that is no success is an error, a *problem where the server
// explained it.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "localhost", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("the server went away: %w; its log says why", err)
	}
	if resp.StatusCode >= 300 {
		return nil, errors.Join(readProblem(resp), resp.Body.Close())
	}
	return resp, nil
}

// call is do for answers in JSON, which are read into v; raw is their text.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body []byte, v any) (raw []byte, err error) {
	resp, err := c.do(ctx, method, path, query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	if v == nil {
		return raw, nil
	}
	return raw, json.Unmarshal(raw, v)
}

// send is call with a body in JSON; nil: none.
func (c *client) send(ctx context.Context, method, path string, body, v any) (raw []byte, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	return c.call(ctx, method, path, nil, text, v)
}
