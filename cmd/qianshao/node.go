package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"qianshao/ingest"
	"qianshao/ingest/recorder"
	"qianshao/ingest/rtsp"
	"qianshao/registry/dial"
	"qianshao/registry/jobs"
	"qianshao/registry/onboard"
	"qianshao/registry/receipt"
	"qianshao/registry/register"
	"qianshao/storage"
	"qianshao/storage/live"
	"qianshao/storage/retention"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

// node is a serving process: the opened data, and the parts that run over it.
type node struct {
	*data
	live    *live.Hub
	metrics *prometheus.Registry
	sup     *ingest.Supervisor
	push    *rtsp.PushServer // nil: cameras do not publish here
	expiry  *retention.Executor
	leavers *withdrawer // households that have withdrawn

	address string                    // where HTTP is served
	site    string                    // the same as a URL
	pushing string                    // where cameras publish; empty: nowhere
	reload  func() (*reloaded, error) // reads the settings again; nil: there are none
}

func newNode(d *data) (*node, error) {
	ingest.SetMemory()
	boot, err := storage.NextBoot(d.fs, time.Now())
	if err != nil {
		return nil, err
	}
	d.boot = boot
	n := &node{data: d, live: &live.Hub{}, metrics: prometheus.NewRegistry()}
	n.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), standing{d})
	if n.push, err = newPush(d.cfg, d.log); err != nil {
		return nil, err
	}
	networks, err := d.cfg.Ingest.CarrierNetworks()
	if err != nil {
		return nil, err
	}
	n.sup = ingest.New(ingest.Config{
		Push: n.push, Registry: d.reg, Archive: d.archive, Acts: d.acts, Live: n.live, Wall: d.wall,
		Dialer: dial.New(d.dialing(networks)),
		Store:  d.id, Epoch: 1, Boot: boot,
		SegmentLength: d.cfg.Segment.Length, Connect: d.cfg.Ingest.Connect,
		FirstFrame: d.cfg.Ingest.FirstFrame, Stall: d.cfg.Ingest.Stall,
		MaxBitrate: d.cfg.Ingest.MaxMbit * 1_000_000,
		RetryMin:   d.cfg.Ingest.RetryMin, RetryMax: d.cfg.Ingest.RetryMax,
		Unsynced: func() bool { return clockTrouble() != "" }, Metrics: recorder.NewMetrics(n.metrics), Log: d.log,
	})
	n.expiry = retention.New(retention.Config{Index: d.index, Acts: d.acts, Delete: d.archive.Delete, Log: d.log})
	sign, err := receipt.Open(filepath.Join(d.cfg.Data, "sign.key"))
	if err != nil {
		return nil, err
	}
	n.leavers = &withdrawer{d: d, expiry: n.expiry, live: n.live, pics: d.pictures(), sign: sign, log: d.log}
	return n, nil
}

// dialing says where carriers' cameras may stand. Without accounts the server itself is on
// loopback alone: whoever can name a camera there is on this machine already.
func (d *data) dialing(networks map[string][]netip.Prefix) dial.Config {
	return dial.Config{
		AllowLoopback: d.noAuth, Networks: func(carrier string) []netip.Prefix { return networks[carrier] },
		Conceal: func(carrier string) bool { return !d.noAuth && carrier != dial.Local },
	}
}

const (
	snapshotEvery = 5 * time.Minute
	drainTime     = 20 * time.Second
	downloadTime  = 5 * time.Second
)

// serve runs everything until ctx is done, and then stops in this order: no new
// requests and no pulling, seal what is open, store what can be stored, close.
// Each step has its time, and none of it once hard is done. ready is called
// when commands and requests are answered.
func (n *node) serve(ctx, hard context.Context, listener net.Listener, ready func()) (err error) {
	handler, inner, err := n.handlers()
	if err != nil {
		return err
	}
	control, err := listenControl(n.cfg.Data)
	if err != nil {
		return err
	}
	n.address = listener.Addr().String()
	n.site = "http://" + reachedAt(n.address)
	if c := n.cfg.TLS; c.Cert != "" {
		encrypted, err := withCertificate(c.Cert, c.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("tls.cert: %w", err), control.Close())
		}
		encrypted.NextProtos = []string{"http/1.1"}
		listener, n.site = tls.NewListener(listener, encrypted), "https://"+reachedAt(n.address)
	}
	published, err := listenPush(n)
	if err != nil {
		return errors.Join(err, control.Close())
	}
	roles := n.cfg.Roles
	g, running := errgroup.WithContext(ctx)
	// Recording and upkeep outlive the request to stop until they have sealed.
	upkeep, stopUpkeep := context.WithCancel(context.WithoutCancel(ctx))
	defer stopUpkeep()
	var u errgroup.Group
	u.Go(func() error { return n.archive.Spool.Run(upkeep) })
	u.Go(func() error { return n.acts.Run(upkeep) })
	u.Go(func() error { return n.reg.Run(upkeep) })
	u.Go(func() error { return n.book.Run(upkeep) })
	u.Go(func() error { return n.views.Run(upkeep) })
	u.Go(func() error { return n.archive.Run(upkeep) })
	u.Go(func() error { n.leavers.run(upkeep); return nil })
	g.Go(func() error { return n.jobs.Run(running, map[string]jobs.Runner{onboard.ImportKind: n.importer().Run}) })
	now := func() timeline.Micros { return n.wall.Now().Wall }
	if slices.Contains(roles, "upkeep") {
		u.Go(func() error { n.retain(upkeep); return nil })
		u.Go(func() error { return n.reg.ShipSnapshots(upkeep, n.store, snapshotEvery) })
		u.Go(func() error { return n.people.Run(upkeep, n.store, snapshotEvery) })
		u.Go(func() error { return n.cases.Run(upkeep, n.store, snapshotEvery) })
	}
	if slices.Contains(roles, "ingest") {
		g.Go(func() error { return n.archive.StampAlive(running, "node", n.boot, now) })
		g.Go(func() error { return n.sup.Run(running) })
		if published != nil {
			g.Go(func() error { return n.push.Run(running, published) })
		}
	}
	if err := n.book.Append(ctx, &register.Entry{Kind: register.Start, Note: "qianshao " + buildVersion()}); err != nil {
		n.log.Error("no footage is shown until the access register can be written; recording goes on", "err", err)
	}
	n.answer(g, running, hard, listener, handler)
	n.answer(g, running, hard, control, inner)
	ready()
	err = cutShort(ctx, g.Wait())

	drain, cancel := context.WithTimeout(hard, drainTime)
	defer cancel()
	if derr := n.archive.Drain(drain); derr != nil {
		n.log.Warn("some segments stay in the spool until the next start", "err", derr)
	}
	if derr := n.views.Close(drain); derr != nil {
		n.log.Warn("viewings end without their totals", "err", derr)
	}
	if derr := n.book.Flush(drain); derr != nil {
		n.log.Warn("what was refused of late is not in the access register", "err", derr)
	}
	if derr := n.book.Ship(drain); derr != nil {
		n.log.Warn("the copy of the access register is shipped after the next start", "err", derr)
	}
	if derr := n.acts.Ship(drain); derr != nil {
		n.log.Warn("some acts are shipped after the next start", "err", derr)
	}
	if slices.Contains(roles, "upkeep") {
		if derr := n.reg.ShipChanges(drain, n.store); derr != nil {
			n.log.Warn("the registry snapshot is shipped after the next start", "err", derr)
		}
		if derr := n.people.Ship(drain, n.store); derr != nil {
			n.log.Warn("the copy of the accounts is shipped after the next start", "err", derr)
		}
		if derr := n.cases.Ship(drain, n.store); derr != nil {
			n.log.Warn("the copy of the cases is shipped after the next start", "err", derr)
		}
	}
	stopUpkeep()
	return errors.Join(err, cutShort(upkeep, u.Wait()))
}

// reachedAt is an address as a browser types it: that of all interfaces becomes
// this machine's name.
func reachedAt(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return address
	}
	name, err := os.Hostname()
	if err != nil {
		return address
	}
	return net.JoinHostPort(name, port)
}

// cutShort passes over the error of a part that only says that it was told to
// stop: a stop may come while a part still begins.
func cutShort(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || sqldb.IsInterrupted(err)) {
		return nil
	}
	return err
}

// answer serves HTTP on a listener until running ends; downloads then have a
// moment to end.
func (n *node) answer(g *errgroup.Group, running, hard context.Context, l net.Listener, h http.Handler) {
	requests, endRequests := context.WithCancel(context.WithoutCancel(running))
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-running.Done()
		defer endRequests()
		down, cancel := context.WithTimeout(hard, downloadTime)
		defer cancel()
		if err := srv.Shutdown(down); err != nil { // sockets are not waited for: they end with their requests
			return srv.Close() // a long download does not hold up the stop
		}
		return nil
	})
}
