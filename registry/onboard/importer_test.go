package onboard_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"qianshao/registry"
	"qianshao/registry/jobs"
	"qianshao/registry/onboard"
	"qianshao/registry/onboard/onboardtest"
	"qianshao/registry/register"
	"qianshao/storage/vfs/crashfs"
)

// importer is one over a registry and a register of its own.
func importer(t *testing.T) *onboard.Importer {
	t.Helper()
	d := deps(t)
	book, err := register.Open(t.Context(), register.Config{FS: crashfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	})
	return &onboard.Importer{
		Registry: d.Registry, Register: book, Wait: time.Minute, NoRoom: func() string { return "" },
		Rules: func(context.Context) (onboard.Deps, error) { return d, nil },
	}
}

// An import that is cut off in the middle keeps what is in, says so in the register, and is
// done when it begins again.
func TestAnImportIsCutOffAndBeginsAgain(t *testing.T) {
	t.Parallel()
	im := importer(t)
	list, _, err := onboardtest.Messy(onboardtest.Config{Rows: 1500})
	if err != nil {
		t.Fatal(err)
	}
	j := jobs.Job{Carrier: "telecom", Actor: "wang"}
	ctx, cut := context.WithCancel(t.Context())
	out, err := im.Run(ctx, j, list, func(_, done int, _ map[string]int) {
		if done > 0 {
			cut()
		}
	})
	var half onboard.Imported
	if jerr := json.Unmarshal(out.Result, &half); jerr != nil || !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, %v", err, jerr)
	}
	count := onboard.Count(half.Answers)
	page, lerr := im.Registry.List(t.Context(), registry.Query{State: registry.QueryAll})
	if lerr != nil || count[registry.Created] != 1000 || count[""] != 500-count[registry.Rejected] || len(page.Items) != 1000 {
		t.Errorf("%v, %d cameras, %v", count, len(page.Items), lerr)
	}
	entries, err := im.Register.List(t.Context(), register.Query{Act: "camera.import"})
	if err != nil || len(entries.Items) != 2 || entries.Items[0].Result != register.Done || !strings.Contains(entries.Items[0].Note, "1000 created") || !strings.Contains(entries.Items[0].Note, "stopped there") {
		t.Errorf("%+v, %v", entries.Items, err)
	}

	out, err = im.Run(t.Context(), j, list, func(int, int, map[string]int) {})
	var whole onboard.Imported
	if err = errors.Join(err, json.Unmarshal(out.Result, &whole)); err != nil {
		t.Fatal(err)
	}
	count = onboard.Count(whole.Answers)
	if count[registry.Unchanged] != 1000 || count[registry.Updated] != 0 || count[registry.Created]+count[registry.Rejected] != 500 || len(out.Sheet) == 0 {
		t.Errorf("again: %v", count)
	}
}

// While there is no room new cameras wait, and those that are there change.
func TestNoRoomForNewCameras(t *testing.T) {
	t.Parallel()
	im := importer(t)
	few, _, err := onboardtest.Messy(onboardtest.Config{Rows: 3, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	more, _, err := onboardtest.Messy(onboardtest.Config{Rows: 5, Clean: true})
	if err != nil {
		t.Fatal(err)
	}
	enter := func(list []byte) map[registry.Status]int {
		out, err := im.Import(t.Context(), readList(t, list), onboard.How{}, &register.Entry{Kind: register.Admin, Who: "operator", Act: "camera.import"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return onboard.Count(out.Answers)
	}
	if n := enter(few); n[registry.Created] != 3 {
		t.Errorf("%v", n)
	}
	im.NoRoom = func() string { return "the disk is full" }
	if n := enter(more); n[registry.Unchanged] != 3 || n[registry.Rejected] != 2 {
		t.Errorf("%v", n)
	}
}
