package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"qianshao/api"
	"qianshao/storage"
	"qianshao/storage/live"
	"qianshao/storage/picture"
)

// handlers are what TCP and what the control socket answer.
func (n *node) handlers() (outer, inner http.Handler, err error) {
	outer, err = newAPI(n.data, n.live, n.metrics)
	if err != nil {
		return nil, nil, err
	}
	c := &control{d: n.data, node: n}
	return outer, c.routes(outer), nil
}

// idleHandler answers a command that opened the folder itself.
func idleHandler(d *data) (http.Handler, error) {
	inner, err := newAPI(d, &live.Hub{}, prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	return (&control{d: d}).routes(inner), nil
}

// newAPI joins the API with what it answers from.
func newAPI(d *data, hub *live.Hub, metrics prometheus.Gatherer) (http.Handler, error) {
	p := d.cfg.Pictures
	people, files := d.people, d.cases
	if d.noAuth {
		people, files = nil, nil
	}
	proxies, err := d.cfg.Proxies()
	if err != nil {
		return nil, err
	}
	return api.New(api.Config{
		Proxies:  proxies,
		Accounts: people, Cases: files,
		Registry: d.reg, Archive: d.archive, Live: hub, Metrics: metrics, Viewings: d.views, Register: d.book,
		Pictures:     picture.New(picture.Config{FFmpeg: p.FFmpeg, Concurrency: p.Parallel, CacheBytes: int(p.Cache)}),
		Checks:       d.checks(),
		Version:      buildVersion(),
		LoopbackOnly: d.cfg.OnLoopback(),
		Log:          d.log,
	})
}

// checks are the conditions of readiness that this process knows of.
func (d *data) checks() []api.Check {
	return []api.Check{
		{
			Name: "store", Next: "bring the store back; footage is kept in the spool meanwhile",
			Run: func(ctx context.Context) error { _, _, err := storage.Identity(ctx, d.store); return err },
		},
		{
			Name: "disk", Next: "free disk space: recording stops below spool.stop_free",
			Run: func(context.Context) error {
				free, err := d.archive.Spool.Free()
				if err == nil && free < int64(d.cfg.Spool.AlarmFree) {
					err = fmt.Errorf("%s free, the alarm is at %v", bytesText(free), d.cfg.Spool.AlarmFree)
				}
				return err
			},
		},
	}
}
