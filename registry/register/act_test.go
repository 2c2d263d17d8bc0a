package register_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

// all are the entries of a register, the oldest first.
func all(t *testing.T, r *register.Register) []register.Entry {
	t.Helper()
	page, err := r.List(t.Context(), register.Query{Limit: 10_000})
	if err != nil || page.Damaged != 0 || page.Next != "" {
		t.Fatalf("%+v, %v", page, err)
	}
	for i, j := 0, len(page.Items)-1; i < j; i, j = i+1, j-1 {
		page.Items[i], page.Items[j] = page.Items[j], page.Items[i]
	}
	return page.Items
}

// What failed does not look as if it had happened, and what cannot be registered is
// not done.
func TestAct(t *testing.T) {
	t.Parallel()
	disk := errfs.New(crashfs.New())
	r := open(t, register.Config{FS: disk})
	entry := func(what string) *register.Entry {
		return &register.Entry{Kind: register.Admin, Who: "operator", Unit: "XY", Act: "account.add", Note: what}
	}
	if err := r.Act(t.Context(), entry("li"), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	taken := errors.New("the login is taken")
	if err := r.Act(ctx, entry("wang"), func() error { cancel(); return taken }); !errors.Is(err, taken) || errors.Is(err, register.ErrUnwritten) {
		t.Fatalf("%v", err)
	}
	got := all(t, r)
	if len(got) != 3 || got[0].Of != nil || got[1].Of != nil || got[1].Result != "" {
		t.Fatalf("%+v", got)
	}
	if e := got[2]; e.Result != register.Failed || e.Note != taken.Error() || e.Who != "operator" || e.Unit != "XY" || e.Act != "account.add" || e.Of == nil || *e.Of != (register.Mark{Seq: 2, Hash: got[1].Hash.String()}) {
		t.Errorf("%+v", got[2])
	}
	entries := []*register.Entry{entry("a"), entry("b"), entry("c")}
	if err := errors.Join(r.Append(t.Context(), entries...), r.Outcomes(t.Context(), entries, map[int]error{1: taken}), r.Outcomes(t.Context(), entries, nil)); err != nil {
		t.Fatal(err)
	}
	if got := all(t, r); len(got) != 7 || got[6].Of == nil || got[6].Of.Seq != 5 || got[6].Result != register.Failed {
		t.Errorf("%+v", got)
	}
	intact(t, r, false)
	for _, of := range []*register.Mark{{}, {Seq: 1, Hash: "x"}, {Hash: got[0].Hash.String()}} {
		bad := entry("x")
		if bad.Of = of; !errors.Is(r.Append(t.Context(), bad), register.ErrBadEntry) {
			t.Errorf("of %+v", of)
		}
	}

	disk.FailAll(errfs.Datasync, "", errors.New("input/output error"))
	if err := r.Act(t.Context(), entry("zhao"), func() error { t.Error("done"); return nil }); !errors.Is(err, register.ErrUnwritten) {
		t.Errorf("%v", err)
	}
}

// Whoever tries again and again fills no disk, and hides nobody who has a name.
func TestCount(t *testing.T) {
	t.Parallel()
	disk := errfs.New(crashfs.New())
	now := time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC)
	r := open(t, register.Config{FS: disk, Now: func() time.Time { return now }})
	refused := func(who, address string, cameras ...media.CameraID) {
		r.Count(register.Entry{Kind: register.Admin, Who: who, Address: address, Act: "session.refused", Result: register.Refused, Cameras: cameras})
	}
	if err := r.Flush(t.Context()); err != nil || len(all(t, r)) != 0 {
		t.Fatal(err)
	}
	refused("li", "192.0.2.7", "c_aaaaaaaaaaaaaaaa")
	now = now.Add(20 * time.Second)
	refused("li", "192.0.2.7", "c_aaaaaaaaaaaaaaaa", "c_bbbbbbbbbbbbbbbb")
	r.Count(register.Entry{Kind: "dance"})
	if got := all(t, r); len(got) != 0 {
		t.Fatalf("written at once: %+v", got)
	}
	// A disk that fails meanwhile: it is counted on.
	disk.FailAll(errfs.Datasync, "", errors.New("input/output error"))
	if err := r.Flush(t.Context()); err == nil {
		t.Fatal("a register that cannot be written was")
	}
	disk.Heal()
	refused("li", "192.0.2.7")
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := all(t, r)
	if len(got) != 1 || got[0].Note != "3 times since 2026-11-29T01:00:00.000000Z" || len(got[0].Cameras) != 2 || got[0].Result != register.Refused || got[0].Of != nil {
		t.Fatalf("%+v", got)
	}
	for n := range 5000 {
		refused("", fmt.Sprintf("198.51.%d.%d", n/250, n%250))
		refused(fmt.Sprint("door", n), "192.0.2.7", media.CameraID("c_"+strings.Repeat(string(rune('a'+n%26)), 16)))
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got = all(t, r)[1:]
	named, times := 0, 0
	for _, e := range got {
		n := 1
		if i := strings.Index(e.Note, " times"); i > 0 {
			if _, err := fmt.Sscan(e.Note[strings.LastIndexByte(e.Note[:i], ' ')+1:i], &n); err != nil {
				t.Fatal(err)
			}
		}
		times += n
		if e.Who != "" {
			named++
		}
	}
	if len(got) != 21 || named != 10 || times != 10_000 {
		t.Errorf("%d entries, %d with a name, of %d attempts: %+v", len(got), named, times, got)
	}
	intact(t, r, false)
	// What is left when it closes is written then.
	refused("wang", "192.0.2.7")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = open(t, register.Config{FS: disk})
	if got := all(t, r); got[len(got)-1].Who != "wang" || got[len(got)-1].Note != "once, 2026-11-29T01:00:20.000000Z" {
		t.Errorf("%+v", got[len(got)-1])
	}
}

// A file as the program wrote it before entries had an outcome.
const (
	oldFile  = "0000000000000001-1795827600000000.jsonl"
	oldLines = `{"v":1,"chain":"r_ot2fqmii4gudmiyy","seq":1,"at":"2026-11-28T01:00:00.000000Z","kind":"admin","who":"operator","act":"account.import","note":"2 accounts","prev":"0000000000000000000000000000000000000000000000000000000000000000","hash":"281bbabb08b26c0ff776dc99854afaade9e05efeeaca4718ad998307b91852ec"}
{"v":1,"chain":"r_ot2fqmii4gudmiyy","seq":2,"at":"2026-11-28T01:00:00.000000Z","kind":"viewing.open","who":"li","unit":"XY","case":"A1","reason":"牛","address":"192.0.2.7","viewing":"v_aaaaaaaaaaaaaaaa","act":"live.watch","cameras":["c_aaaaaaaaaaaaaaaa"],"from_us":1,"to_us":253402300799999999,"result":"allowed","prev":"281bbabb08b26c0ff776dc99854afaade9e05efeeaca4718ad998307b91852ec","hash":"6490a7118d77b835f60c7f194dc9a1f3380ad48b8c7a18b7b6a87e918b8aed36"}
`
)

// What the program of before wrote is read and verified, and gone on with.
func TestRegisterOfBefore(t *testing.T) {
	t.Parallel()
	dir, fs := inFolder(t)
	const chain = "r_ot2fqmii4gudmiyy"
	for name, text := range map[string]string{
		"register/chain":                    chain + "\n",
		"register/" + chain + "/" + oldFile: oldLines,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, register.Config{FS: fs})
	if f := intact(t, r, false); f.Entries != 2 || f.Last != 2 {
		t.Fatalf("%+v", f)
	}
	if err := r.Act(t.Context(), &register.Entry{Kind: register.Admin, Act: "unit.put"}, func() error { return errors.New("no") }); err == nil {
		t.Error("no error")
	}
	got := all(t, r)
	if len(got) != 4 || got[0].Act != "account.import" || got[0].Of != nil || got[1].Span.To != timeline.Forever || got[3].Of == nil || got[3].Of.Seq != 3 {
		t.Errorf("%+v", got)
	}
	intact(t, r, false)
}
