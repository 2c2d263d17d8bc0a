package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"qianshao/configs"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/registry"
	"qianshao/registry/onboard"
	"qianshao/registry/place"
)

type demoCmd struct {
	Cameras int    `default:"12" help:"How many simulated cameras, 1 to 400."`
	Listen  string `default:"127.0.0.1:8080" help:"HTTP address; port 0 takes a free one."`
	Data    string `type:"path" default:"demo-data" help:"Folder for footage and databases. Used again by the next demo."`
	Verbose bool   `short:"v" help:"Log what happens, not only what goes wrong."`
}

// Help is printed below the flags.
func (*demoCmd) Help() string {
	return `The cameras run in this process; each picture carries its number and time. The demo keeps at most 10 GB of footage. Ctrl-C ends it, and what was recorded stays in the data folder.`
}

// demoCarrier keeps the simulated cameras apart from others in the folder.
const demoCarrier = "demo"

// Run starts the cameras and the server.
func (c *demoCmd) Run(e *env) (err error) {
	if c.Cameras < 1 || c.Cameras > 400 {
		return fmt.Errorf("--cameras %d: use 1 to 400; camsim simulates more", c.Cameras)
	}
	level := "warn"
	if c.Verbose {
		level = "info"
	}
	cfg, _, err := configs.Load(configs.Source{Flags: map[string]string{
		"data": c.Data, "listen": c.Listen, "retention.max_bytes": "10GB", "log.level": level,
	}})
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(cfg.Data, "index.db"))
	again := err == nil
	log := newLogger(e.err, cfg.Log, &slog.LevelVar{})
	sims, err := newCameras(log, c.Cameras)
	if err != nil {
		return err
	}
	// The cameras outlive the recording of them.
	filming, stop := context.WithCancel(context.WithoutCancel(e.ctx))
	var g errgroup.Group
	for _, s := range sims {
		g.Go(func() error { return s.Run(filming) })
	}
	defer func() {
		stop()
		err = errors.Join(err, g.Wait())
	}()
	enlist := func(d *data) error {
		d.noAuth = true
		return errors.Join(enlist(e.ctx, d.reg, sims), outlines(e.ctx, d.reg))
	}
	return runNode(e, cfg, nil, enlist, func(n *node) error {
		_, err := io.WriteString(e.out, c.banner(n.address, again))
		return err
	})
}

// kinds are the sorts of demo cameras, those with sound first but fewer. All of
// them are built into the program, so nothing is encoded at the start.
var kinds = []struct {
	audio loop.Codec
	share int // of 12
}{{loop.AAC, 3}, {loop.PCMA, 1}, {loop.None, 8}}

// newCameras binds n cameras, a server for each kind.
func newCameras(log *slog.Logger, n int) (sims []*rtsptest.Server, err error) {
	left := n
	for i, k := range kinds {
		count := min(left, max(1, n*k.share/12))
		if i == len(kinds)-1 {
			count = left
		}
		if count == 0 {
			continue
		}
		s, err := rtsptest.New(rtsptest.Config{Log: log, Cameras: count, Audio: k.audio, Spread: true})
		if err != nil {
			for _, s := range sims {
				err = errors.Join(err, s.Close())
			}
			return nil, fmt.Errorf("simulated cameras: %w", err)
		}
		sims = append(sims, s)
		left -= count
	}
	return sims, nil
}

// enlist puts the simulated cameras into the registry under the addresses they
// have this time, and takes those out that an earlier, larger demo had.
func enlist(ctx context.Context, reg *registry.Registry, sims []*rtsptest.Server) error {
	places, err := readVillages()
	if err != nil {
		return err
	}
	var drafts []registry.Draft
	wanted := map[string]bool{}
	for _, s := range sims {
		for i := 1; i <= s.Cameras(); i++ {
			n := len(drafts)
			p := places[n/perVillage%len(places)]
			nth := n%perVillage + n/perVillage/len(places)*perVillage // of the village
			lon, lat, azimuth := p.spot(nth)
			d := registry.Draft{
				Carrier: demoCarrier, DeviceID: fmt.Sprintf("QXN-%04d", len(drafts)+1),
				Name: registry.Set(p.name + spots[nth%len(spots)]),
				URL:  registry.Set(s.URL(i)), SubURL: registry.Set(s.SubURL(i)),
				Division: registry.Set(p.code),
				Lon:      registry.Set(lon), Lat: registry.Set(lat),
				Azimuth: registry.Set(azimuth), FOV: registry.Set(90.0), Range: registry.Set(60.0),
			}
			wanted[d.DeviceID] = true
			drafts = append(drafts, d)
		}
	}
	outcomes, err := reg.Upsert(ctx, drafts)
	if err != nil && !errors.Is(err, registry.ErrUnconfirmed) {
		return err
	}
	for _, o := range outcomes {
		if o.Status == registry.Rejected {
			return fmt.Errorf("demo camera %s: %s: %s", o.DeviceID, o.Field, o.Message)
		}
	}
	page, err := reg.List(ctx, registry.Query{})
	if err != nil {
		return err
	}
	for _, cam := range page.Items {
		if cam.Carrier == demoCarrier && !wanted[cam.DeviceID] {
			if err := reg.Remove(ctx, cam.ID, ""); err != nil && !errors.Is(err, registry.ErrUnconfirmed) {
				return err
			}
		}
	}
	return nil
}

// perVillage is how many cameras a village has, as long as there are villages.
const perVillage = 4

// spot is where in the village its nth camera stands, on a spiral around the middle,
// and where it looks: most to the middle, as those at a junction do.
func (v *village) spot(nth int) (lon, lat, azimuth float64) {
	const metre = 1 / 111_195.0 // degrees of latitude
	angle := 137.5 * float64(nth)
	east, north := math.Sincos(angle * math.Pi / 180)
	away := metre * (40 + 30*float64(nth))
	azimuth = angle + 180
	if nth%4 == 3 {
		azimuth = angle
	}
	return v.lon + away*east/math.Cos(v.lat*math.Pi/180), v.lat + away*north, math.Mod(azimuth, 360)
}

// spots is where in a village a camera stands.
var spots = []string{"村口", "桥头", "晒坝", "学校路口", "卫生室", "小卖部", "风雨桥", "停车场", "水井边"}

// countiesJSON is GeoJSON in WGS-84, for demonstrations and to tell whether a camera lies
// in its county, not for maps; the file says where it
// is from.
//
//go:embed counties.geojson
var countiesJSON string

// counties are the borders of countiesJSON.
func counties() ([]registry.SitePlace, error) {
	list, err := onboard.ReadPlaces(strings.NewReader(countiesJSON), registry.Outline, place.WGS84)
	if err != nil {
		return nil, fmt.Errorf("borders of the demo: %w", err)
	}
	return list, nil
}

// outlines brings the counties' borders along, unless the site has its own.
func outlines(ctx context.Context, reg *registry.Registry) error {
	list, err := reg.SitePlaces(ctx)
	if err != nil || slices.ContainsFunc(list, func(p registry.SitePlace) bool { return p.Kind == registry.Outline }) {
		return err
	}
	if list, err = counties(); err != nil {
		return err
	}
	return reg.ReplaceSitePlaces(ctx, registry.Outline, list)
}

//go:embed places.csv
var placesCSV string

type village struct {
	code     string
	name     string
	lon, lat float64
}

// readVillages reads the invented places of the demo.
func readVillages() ([]village, error) {
	r := csv.NewReader(strings.NewReader(placesCSV))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("places of the demo: %w", err)
	}
	var out []village
	for _, row := range rows {
		lon, err1 := strconv.ParseFloat(row[2], 64)
		lat, err2 := strconv.ParseFloat(row[3], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("places of the demo: %s: %w", row[0], err)
		}
		out = append(out, village{row[0], row[1], lon, lat})
	}
	return out, nil
}

func (c *demoCmd) banner(address string, again bool) string {
	folder := c.Data
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, c.Data); err == nil && !strings.HasPrefix(rel, "..") {
			folder = rel
		}
	}
	state := "new"
	if again {
		state = "goes on from the last demo"
	}
	command := "qianshao" // as it was called, so that the next commands can be pasted
	if strings.ContainsRune(os.Args[0], os.PathSeparator) {
		command = os.Args[0]
	}
	return fmt.Sprintf(`
  qianshao demo: %[1]s recording to %[2]s (%[3]s, at most 10 GB)

    open   http://%[4]s

  Try next, in another terminal:
    %[5]s camera list --data %[2]s
    %[5]s timeline QXN-0001 --data %[2]s
    %[5]s clip QXN-0001 --data %[2]s -o clip.mp4
    curl http://%[4]s/api/v1/cameras

  Ctrl-C ends it; the footage stays.

`, plural(c.Cameras, "simulated camera"), folder, state, address, command)
}
