package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"qianshao/configs"
)

type serveCmd struct {
	folder
	Listen string   `placeholder:"ADDR" help:"HTTP address. Default: 127.0.0.1:8080; port 0 takes a free one."`
	Roles  []string `placeholder:"ROLE" help:"What this process does: ingest, api, upkeep. Default: all."`
	Proxy  []string `name:"behind-proxy" placeholder:"ADDR" help:"A reverse proxy that speaks TLS for this server, which then answers it alone."`
	NoAuth bool     `name:"no-auth" help:"Without accounts: anybody on this machine may see everything. For trying things out."`
}

// Help is printed below the flags.
func (*serveCmd) Help() string {
	return `The first start prints a one-time link that makes the first administrator: open it in a browser. Further accounts: qianshao account add. With --no-auth nobody signs in.

Without a certificate (tls.cert, tls.key) the server listens on loopback alone. From another machine: ssh -L 8080:127.0.0.1:8080 USER@THIS-MACHINE, then open http://127.0.0.1:8080 there.

Behind a proxy that speaks TLS (--behind-proxy 10.0.0.5, or a network) any address may be listened on. The proxy passes Host on and sets X-Forwarded-For and X-Forwarded-Proto: https; others are refused.

SIGTERM or Ctrl-C stops: open segments are sealed and stored. A second one leaves what is not stored in the spool, for the next start. SIGHUP reads the settings again: retention and log.level take effect at once, the log names what needs a restart.

Example:
  qianshao serve --config /etc/qianshao.yaml --data /srv/qianshao`
}

func (c *serveCmd) settings(e *env) (configs.Config, error) {
	flags := map[string]string{}
	if c.Listen != "" {
		flags["listen"] = c.Listen
	}
	if len(c.Roles) > 0 {
		flags["roles"] = strings.Join(c.Roles, ",")
	}
	if len(c.Proxy) > 0 {
		flags["behind_proxy"] = strings.Join(c.Proxy, ",")
	}
	return c.load(e, flags)
}

// Run serves until told to stop.
func (c *serveCmd) Run(e *env) error {
	cfg, err := c.settings(e)
	if err != nil {
		return err
	}
	if c.NoAuth && !cfg.OnLoopback() { // a proxy may stand in front of it
		return fmt.Errorf("--no-auth shows all footage to whoever reaches %s: listen on 127.0.0.1, or leave --no-auth out", cfg.Listen)
	}
	return runNode(e, cfg, func() (configs.Config, error) { return c.settings(e) }, func(d *data) error { d.noAuth = c.NoAuth; return nil }, func(n *node) error {
		count, err := n.reg.Count(e.ctx)
		if err != nil {
			return err
		}
		hint := ""
		if count == 0 {
			hint = "; add one: qianshao camera add DEVICE rtsp://… --data " + cfg.Data
		}
		push := ""
		if n.pushing != "" {
			push = "  push rtsp://" + n.pushing
		}
		_, err = fmt.Fprintf(e.out, "ready: %s%s  data %s  %s\n", n.site, push, cfg.Data, plural(count, "camera")+hint)
		if err != nil || c.NoAuth {
			return err
		}
		return n.welcome(e)
	})
}

// welcome prints the one-time link that makes the first administrator, as long as
// there are no accounts.
func (n *node) welcome(e *env) error {
	count, err := n.people.Count(e.ctx)
	if err != nil || count > 0 {
		return err
	}
	link, err := n.people.Setup(e.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "no accounts yet: make the first administrator, within three days, at\n  %s/sign-in#setup=%s\n(a new link with every start, until it is used)\n", n.site, link.Reveal())
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// runNode opens the folder and serves until told to stop. settings reads them
// again at SIGHUP; prepare works on the opened folder before anything runs,
// greet prints that all is ready.
func runNode(e *env, cfg configs.Config, settings func() (configs.Config, error), prepare func(*data) error, greet func(*node) error) (err error) {
	level := &slog.LevelVar{}
	log := newLogger(e.err, cfg.Log, level)
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is taken by another program, perhaps another qianshao: stop that, or choose another port with --listen 127.0.0.1:0", cfg.Listen)
		}
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	defer func() {
		if cerr := listener.Close(); !errors.Is(cerr, net.ErrClosed) {
			err = errors.Join(err, cerr)
		}
	}()
	d, err := openData(e.ctx, cfg, log)
	if err != nil {
		if errors.Is(err, errLocked) {
			return fmt.Errorf("%w: stop it first, or choose another folder with --data", err)
		}
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if prepare != nil {
		if err := prepare(d); err != nil {
			return err
		}
	}
	n, err := newNode(d)
	if err != nil {
		return err
	}
	if settings != nil {
		r := &reloader{now: cfg, read: settings, retention: &d.retention, level: level, log: log}
		n.reload = r.reload
		defer onHangup(e.ctx, func() {
			if _, err := r.reload(); err != nil {
				log.Error("settings not read again, the old ones hold", "err", err)
			}
		})()
	}
	var greeted error
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	err = n.serve(ctx, e.hard, listener, func() {
		if greeted = cutShort(e.ctx, greet(n)); greeted != nil {
			cancel()
			return
		}
		notify(log, "READY=1")
	})
	notify(log, "STOPPING=1")
	return errors.Join(greeted, err)
}

// onHangup calls fn at every SIGHUP, until the returned function is called.
func onHangup(ctx context.Context, fn func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-signals:
				fn()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		cancel()
		<-done
	}
}

// notify tells systemd how the service stands (sd_notify(3)); elsewhere it does
// nothing.
func notify(log *slog.Logger, what string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if path[0] == '@' {
		path = "\x00" + path[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(what))
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		log.Warn("systemd was not told", "what", what, "err", err)
	}
}
