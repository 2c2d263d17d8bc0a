package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"qianshao/registry"
	"qianshao/registry/onboard"
	"qianshao/registry/onboard/onboardtest"
	"qianshao/registry/place"
)

// importBench reads, checks and enters a carrier's workbook.
type importBench struct {
	Rows     int    `default:"10000" help:"Rows of the list, one in twenty bad."`
	Outlines string `default:"cmd/qianshao/counties.geojson" help:"Borders of counties, GeoJSON in WGS-84."`
}

// Run implements the command.
func (b *importBench) Run(ctx context.Context) error {
	workbook, bad, err := onboardtest.Messy(onboardtest.Config{Rows: b.Rows})
	if err != nil {
		return err
	}
	borders, err := os.ReadFile(b.Outlines)
	if err != nil {
		return err
	}
	outlines, err := onboard.ReadPlaces(bytes.NewReader(borders), registry.Outline, place.WGS84)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "qsbench-import-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // of the bench alone
	reg, err := registry.Open(ctx, registry.Config{Dir: filepath.Join(dir, "registry")})
	if err != nil {
		return err
	}
	defer reg.Close() //nolint:errcheck // what was entered is thrown away
	fmt.Printf("\nImport: a workbook of %d rows, %.1f MB, %d problems in it (wanted: read and checked within 30 s)\n", b.Rows, float64(len(workbook))/1e6, len(bad))
	fmt.Printf("%24s  %8s  %10s\n", "", "seconds", "rows/s")
	var list *onboard.List
	deps := onboard.Deps{Registry: reg, Outlines: outlines}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"read", func() (err error) {
			list, err = onboard.Read(bytes.NewReader(workbook), onboard.Options{})
			return err
		}},
		{"check", func() error { return second(onboard.Check(ctx, deps, list)) }},
		{"dry run", func() error { return second(onboard.Enter(ctx, deps, list, false, reg.UpsertDry)) }},
		{"import", func() error { return second(onboard.Enter(ctx, deps, list, false, reg.Upsert)) }},
		{"import again", func() error { return second(onboard.Enter(ctx, deps, list, false, reg.Upsert)) }},
		{"other addresses", func() error { return readdress(ctx, reg, list) }},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		fmt.Printf("%24s  %8.2f  %10.0f\n", step.name, took, float64(b.Rows)/took)
	}
	return nil
}

func second(_ []onboard.Answer, err error) error { return err }

// readdress moves every camera of the list to another address, as carriers do whose lines
// dial in anew.
func readdress(ctx context.Context, reg *registry.Registry, list *onboard.List) error {
	byCarrier := map[string][]onboard.Address{}
	for i := range list.Rows {
		d := &list.Rows[i].Draft
		host := netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)})
		byCarrier[d.Carrier] = append(byCarrier[d.Carrier], onboard.Address{DeviceID: d.DeviceID, Host: host.String()})
	}
	for carrier, addresses := range byCarrier {
		if err := onboard.Readdress(nil, carrier, addresses).Enter(ctx, reg); err != nil {
			return err
		}
	}
	return nil
}
