package onboard_test

import (
	"bytes"
	"cmp"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/onboard"
	"qianshao/registry/onboard/onboardtest"
	"qianshao/registry/place"
)

// deps are those of a site with the borders of the counties.
func deps(t testing.TB) onboard.Deps {
	t.Helper()
	r, err := registry.Open(t.Context(), registry.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := os.Open("../../cmd/qianshao/counties.geojson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was read
	outlines, err := onboard.ReadPlaces(f, registry.Outline, place.WGS84)
	if err != nil {
		t.Fatal(err)
	}
	networks := []netip.Prefix{netip.MustParsePrefix("10.8.0.0/13")}
	return onboard.Deps{
		Registry: r, Outlines: outlines, Now: func() time.Time { return time.Date(2026, 11, 29, 4, 0, 0, 0, time.UTC) },
		Dialer: dial.New(dial.Config{Networks: func(string) []netip.Prefix { return networks }}),
	}
}

func readList(t testing.TB, raw []byte) *onboard.List {
	t.Helper()
	l, err := onboard.Read(bytes.NewReader(raw), onboard.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func said(answers []onboard.Answer) (out []onboardtest.Problem) {
	for _, a := range answers {
		for _, p := range a.Problems {
			out = append(out, onboardtest.Problem{Row: p.Row, Field: p.Field, Code: p.Code})
		}
	}
	return out
}

func inOrder(list []onboardtest.Problem) []onboardtest.Problem {
	slices.SortFunc(list, func(a, b onboardtest.Problem) int {
		return cmp.Or(a.Row-b.Row, cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code))
	})
	return list
}

// A carrier's workbook of 3,000 rows as clerks write them: everything that is wrong is
// reported, in its row and cell, and nothing else. A dry run answers as the real one; the
// sheet of errors says the same again; once corrected, all is in.
func TestAMessyWorkbook(t *testing.T) {
	t.Parallel()
	rows := 3000
	if testing.Short() {
		rows = 600
	}
	raw, want, err := onboardtest.Messy(onboardtest.Config{Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	d := deps(t)
	l := readList(t, raw)
	if len(l.Rows) != rows {
		t.Fatalf("%d rows of %d", len(l.Rows), rows)
	}
	dry, err := onboard.Enter(t.Context(), d, l, false, d.Registry.UpsertDry)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(inOrder(want), inOrder(said(dry))); diff != "" {
		t.Fatal(diff)
	}
	if n, err := d.Registry.Changes(t.Context()); err != nil || n != 0 {
		t.Fatalf("a dry run made %d changes, %v", n, err)
	}
	done, err := onboard.Enter(t.Context(), d, l, false, d.Registry.Upsert)
	if err != nil {
		t.Fatal(err)
	}
	badRows := map[int]bool{}
	for _, p := range want {
		badRows[p.Row] = true
	}
	for i := range done {
		wanted := registry.Created
		if badRows[done[i].Row] {
			wanted = registry.Rejected
		}
		if done[i].Status != wanted || dry[i].Status != wanted || wanted == registry.Created && done[i].Camera == "" {
			t.Fatalf("row %d: %+v, dry %+v", done[i].Row, done[i], dry[i])
		}
	}
	byLifecycle, err := d.Registry.CountByLifecycle(t.Context(), "telecom")
	if err != nil || byLifecycle[registry.Imported] != rows-len(badRows) {
		t.Fatalf("%v, %v", byLifecycle, err)
	}

	var sheet bytes.Buffer
	if err := onboard.ErrorSheet(&sheet, l, done, false); err != nil {
		t.Fatal(err)
	}
	again := readList(t, sheet.Bytes())
	answers, err := onboard.Check(t.Context(), d, again)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Rows) != len(badRows) {
		t.Fatalf("%d rows in the sheet of errors, want %d", len(again.Rows), len(badRows))
	}
	// A formula is an empty cell now, and a device that was there twice is there once.
	cells := func(list []onboardtest.Problem) (out []string) {
		for _, p := range inOrder(list) {
			if p.Code != "formula_without_value" && p.Code != registry.CodeDuplicate {
				out = append(out, p.Field+" "+p.Code)
			}
		}
		return out
	}
	if diff := gocmp.Diff(cells(want), cells(said(answers))); diff != "" {
		t.Error(diff)
	}
	clean, _, err := onboardtest.Messy(onboardtest.Config{Rows: rows, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	done, err = onboard.Enter(t.Context(), d, readList(t, clean), true, d.Registry.Upsert)
	if err != nil {
		t.Fatal(err)
	}
	if n := onboard.Count(done); n[registry.Rejected] != 0 || n[registry.Created] != len(badRows) {
		t.Fatalf("%v: %+v", n, said(done))
	}
	if n, err := d.Registry.Count(t.Context()); err != nil || n != rows {
		t.Fatalf("%d are recorded, %v", n, err)
	}
	consents, err := d.Registry.Consents(t.Context(), done[0].Camera)
	if err != nil || len(consents) != 1 || consents[0].Ref != "TY-000000" || consents[0].Signed.Time().UTC().Format(time.RFC3339) != "2026-10-01T01:30:00Z" {
		t.Errorf("%+v, %v", consents, err)
	}
	done, err = onboard.Enter(t.Context(), d, readList(t, clean), true, d.Registry.Upsert)
	if n := onboard.Count(done); err != nil || n[registry.Unchanged] != rows {
		t.Errorf("again: %v, %v", n, err)
	}
}

func BenchmarkCheck(b *testing.B) {
	raw, _, err := onboardtest.Messy(onboardtest.Config{Rows: 10_000})
	if err != nil {
		b.Fatal(err)
	}
	d := deps(b)
	rows := 0
	for b.Loop() {
		l := readList(b, raw)
		if _, err := onboard.Check(b.Context(), d, l); err != nil {
			b.Fatal(err)
		}
		rows += len(l.Rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
