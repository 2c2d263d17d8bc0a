package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qianshao/api"
	"qianshao/api/tiles"
	"qianshao/registry/dial"
	"qianshao/registry/oidc"
	"qianshao/registry/secret"
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
	people, files := d.people, d.cases
	if d.noAuth {
		people, files = nil, nil
	}
	proxies, err := d.cfg.Proxies()
	if err != nil {
		return nil, err
	}
	directory, err := newDirectory(d)
	if err != nil {
		return nil, err
	}
	networks, err := d.cfg.Ingest.CarrierNetworks()
	if err != nil {
		return nil, err
	}
	if d.maps == nil {
		if d.maps, err = tiles.Open(context.Background(), tiles.Config{Sources: d.cfg.Maps.Sources, Token: d.cfg.Maps.Token.Reveal()}); err != nil {
			return nil, fmt.Errorf("maps.sources: %w", err)
		}
	}
	return api.New(api.Config{
		Dialer: dial.New(d.dialing(networks)), SubsidyDay: time.Duration(d.cfg.Subsidy.DayHours) * time.Hour,
		Maps: d.maps, Directory: directory, Proxies: proxies,
		Accounts: people, Cases: files, Jobs: d.jobs,
		Registry: d.reg, Archive: d.archive, Live: hub, Metrics: metrics, Viewings: d.views, Register: d.book,
		Pictures:     d.pictures(),
		Checks:       d.checks(),
		Version:      buildVersion(),
		LoopbackOnly: d.cfg.OnLoopback(),
		Log:          d.log,
	})
}

// pictures makes pictures, with one cache for all who ask.
func (d *data) pictures() *picture.Maker {
	if d.pics == nil {
		p := d.cfg.Pictures
		d.pics = picture.New(picture.Config{FFmpeg: p.FFmpeg, Concurrency: p.Parallel, CacheBytes: int(p.Cache)})
	}
	return d.pics
}

// newDirectory is where people sign in, besides local accounts; nil: there is none.
func newDirectory(d *data) (*oidc.Directory, error) {
	c := &d.cfg.OIDC
	if c.Issuer == "" || d.noAuth {
		return nil, nil
	}
	cfg := oidc.Config{
		Issuer: c.Issuer, ClientID: c.ClientID, Secret: secret.New(c.ClientSecret.Reveal()), Redirect: strings.TrimSuffix(c.BaseURL, "/") + api.DirectoryCallback,
		Groups: c.GroupsClaim, Login: c.LoginClaim, Key: d.reg.Sealer(),
	}
	for _, text := range c.Groups {
		r, err := oidc.ParseRule(text)
		if err != nil {
			return nil, fmt.Errorf("oidc.groups: %w", err)
		}
		cfg.Rules = append(cfg.Rules, r)
	}
	return oidc.New(cfg)
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
