package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"qianshao/api"
	"qianshao/registry"
	"qianshao/registry/place"
	"qianshao/storage/index"
	"qianshao/storage/index/indextest"
	"qianshao/storage/live"
	"qianshao/storage/timeline"
)

// searchMost is what the 99th percentile of a search may take.
const searchMost = 10 * time.Millisecond

// placesBench finds places and footage among many cameras, through the API.
type placesBench struct {
	N        int  `default:"100000" help:"Cameras."`
	Minutes  int  `default:"10" help:"Footage of each, in rows of a minute."`
	Requests int  `default:"400" help:"Requests of each kind."`
	Strict   bool `help:"Fail where a bound is missed: on a machine that does nothing else."`
}

// Run implements the command.
func (b *placesBench) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	a, err := openArchive(ctx, dir, "")
	if err != nil {
		return err
	}
	reg, err := registry.Open(ctx, registry.Config{Dir: filepath.Join(dir, "registry"), Now: func() time.Time { return indextest.Start.Time() }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reg.Close(), a.Index.Close()) }()
	villages, err := b.fill(ctx, reg, a.Index)
	if err != nil {
		return err
	}
	book, views, err := openBook(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	h, err := api.New(api.Config{Registry: reg, Archive: a, Live: &live.Hub{}, Viewings: views, Register: book, Version: "bench"})
	if err != nil {
		return err
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	if _, _, err := b.ask(ctx, srv.URL, "/api/v1/places?q=x"); err != nil { // makes the index
		return err
	}
	span := url.Values{"from": {indextest.Start.String()}, "to": {(indextest.Start + timeline.Micros(b.Minutes)*timeline.Minute).String()}}.Encode()
	queries := []string{"兴义", "jushan", "xys", "村口", "l", "兴义 路口", "dev077", "三岔路口7号", "104.9,25.1", "晒坝", "zjdc", "anlong sh"}
	fmt.Printf("\nPlaces: %d cameras in %d villages, %d minutes of footage each\n", b.N, len(villages), b.Minutes)
	fmt.Printf("%40s  %8s  %8s  %8s  %8s  %10s\n", "request", "p50 ms", "p99 ms", "wanted", "worst", "KiB each")
	var missed []string
	for _, c := range []struct {
		name string
		path func() string
	}{
		{"places by name, pinyin, initials", func() string {
			return "/api/v1/places?" + url.Values{"q": {queries[rand.IntN(len(queries))]}}.Encode()
		}},
		{"footage within 500 m, 20 cameras", func() string { return b.near(villages, 500, 20) + span }},
		{"footage within 500 m, 50 cameras", func() string { return b.near(villages, 500, 50) + span }},
		{"footage within 3 km, 20 cameras", func() string { return b.near(villages, 3000, 20) + span }},
		{"footage of a polygon, 20 cameras", func() string {
			v := villages[rand.IntN(len(villages))]
			corner := func(dx, dy float64) string { return fmt.Sprintf("%.6f,%.6f", v.at.Lon+dx, v.at.Lat+dy) }
			return "/api/v1/footage?" + url.Values{"polygon": {corner(-.005, -.005) + " " + corner(.005, -.005) + " " + corner(0, .005)}, "limit": {"20"}}.Encode() + "&" + span
		}},
		{"footage of a village, 20 cameras", func() string {
			return "/api/v1/footage?division=" + villages[rand.IntN(len(villages))].code + "&limit=20&" + span
		}},
		{"cameras within 500 m", func() string {
			return "/api/v1/cameras?" + strings.TrimPrefix(b.near(villages, 500, 50), "/api/v1/footage?")
		}},
	} {
		var took []float64
		bytes := 0
		for range b.Requests {
			n, d, err := b.ask(ctx, srv.URL, c.path())
			if err != nil {
				return err
			}
			took, bytes = append(took, d.Seconds()), bytes+n
		}
		p99, verdict := quantile(took, .99), ""
		if p99 > searchMost.Seconds() {
			missed, verdict = append(missed, c.name), "  MISSED"
		}
		fmt.Printf("%40s  %8.2f  %8.2f  %8s  %8.2f  %10.1f%s\n", c.name, 1000*quantile(took, .5), 1000*p99, fmt.Sprint("≤ ", searchMost.Milliseconds()),
			1000*quantile(took, 1), float64(bytes)/float64(b.Requests)/1024, verdict)
	}
	if b.Strict && len(missed) > 0 {
		return fmt.Errorf("more than %v (p99): %s", searchMost, strings.Join(missed, ", "))
	}
	return nil
}

type benchVillage struct {
	code string
	at   place.Point
}

// fill makes cameras, in clusters of a kilometre, and rows of footage.
func (b *placesBench) fill(ctx context.Context, reg *registry.Registry, db *index.DB) (villages []benchVillage, err error) {
	var names []string
	for _, d := range place.Divisions() {
		if d.Kind == place.Village {
			villages = append(villages, benchVillage{d.Code, place.Point{Lon: 104.6 + 1.8*rand.Float64(), Lat: 24.7 + 1.2*rand.Float64()}})
			names = append(names, d.Short())
		}
	}
	spots := []string{"村口", "路口", "桥头", "小卖部", "三岔路口", "晒坝", "养牛场", "水井边"}
	const batch = 500
	rows := make([]index.Row, 0, batch*b.Minutes)
	for from := 0; from < b.N; from += batch {
		var drafts []registry.Draft
		for i := from; i < min(from+batch, b.N); i++ {
			v := i % len(villages)
			drafts = append(drafts, registry.Draft{
				Carrier: "unicom", DeviceID: fmt.Sprintf("DEV%06d", i), Name: registry.Set(fmt.Sprintf("%s%s%d号", names[v], spots[i%len(spots)], i/len(villages)+1)),
				URL: registry.Set(fmt.Sprintf("rtsp://cam:pw@10.%d.%d.%d/1", i>>16&255, i>>8&255, i&255)), Division: registry.Set(villages[v].code),
				Lon: registry.Set(villages[v].at.Lon + 0.01*(rand.Float64()-.5)), Lat: registry.Set(villages[v].at.Lat + 0.01*(rand.Float64()-.5)),
				Azimuth: registry.Set(float64(rand.IntN(360))), FOV: registry.Set(80.0), Range: registry.Set(60.0),
			})
		}
		out, err := reg.Upsert(ctx, drafts)
		if err != nil && !errors.Is(err, registry.ErrUnconfirmed) {
			return nil, err
		}
		rows = rows[:0]
		for _, o := range out {
			if o.Status != registry.Created {
				return nil, fmt.Errorf("camera %s: %s %s", o.DeviceID, o.Status, o.Message)
			}
			for m := range b.Minutes {
				if m%4 != 3 { // with holes
					rows = append(rows, indextest.Row(o.Camera.Stream(0), m))
				}
			}
		}
		if _, err := db.Add(ctx, rows...); err != nil {
			return nil, err
		}
	}
	return villages, nil
}

func (b *placesBench) near(villages []benchVillage, radius, limit int) string {
	v := villages[rand.IntN(len(villages))]
	return fmt.Sprintf("/api/v1/footage?near=%.6f,%.6f&radius_m=%d&limit=%d&", v.at.Lon, v.at.Lat, radius, limit)
}

// ask takes an answer, and says how long that took.
func (b *placesBench) ask(ctx context.Context, base, path string) (bytes int, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	took = time.Since(began)
	if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return int(n), took, err
}
