package cases_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/registry/register"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hour = timeline.Hour
	gate = media.CameraID("c_aaaaaaaaaaaaaaaa") // in the village
	fork = media.CameraID("c_bbbbbbbbbbbbbbbb") // 1.5 km east of it, in the next county
	town = media.CameraID("c_cccccccccccccccc") // 3 km further
)

// spots are the cameras there are.
var spots = map[media.CameraID]*area.Spot{
	gate: {Camera: gate, Division: "522301103205", Lon: 104.900, Lat: 25.09, Placed: true},
	fork: {Camera: fork, Division: "522302001001", Lon: 104.915, Lat: 25.09, Placed: true},
	town: {Camera: town, Division: "522302001001", Lon: 104.944, Lat: 25.09, Placed: true},
}

type plain struct{}

func (plain) Seal(b []byte, _ string) []byte          { return append([]byte("sealed"), b...) }
func (plain) Open(b []byte, _ string) ([]byte, error) { return b[6:], nil }

// desk is a book of cases with its register and a clock of its own.
type desk struct {
	*cases.Book
	t    *testing.T
	disk *errfs.FS
	reg  *register.Register
	cfg  cases.Config
	at   time.Time
}

var (
	li   = cases.By{Login: "li", Unit: "XY-JP", Address: "192.0.2.1"}
	wang = cases.By{Login: "wang", Unit: "XY"}
	qian = cases.By{Login: "qian"}
)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, disk: errfs.New(crashfs.New()), at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	var err error
	if d.reg, err = register.Open(t.Context(), register.Config{FS: d.disk}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.reg.Close(); err != nil {
			t.Error(err)
		}
	})
	d.cfg = cases.Config{
		Dir: t.TempDir(), Key: plain{}, Register: d.reg, Limits: cases.Limits{Cameras: 2, Span: 24 * time.Hour}, Now: func() time.Time { return d.at },
		Spots: func(_ context.Context, f func(*area.Spot) bool) error {
			for _, s := range spots {
				if !f(s) {
					break
				}
			}
			return nil
		},
		UnitArea: func(_ context.Context, unit string) (area.Area, error) {
			if unit == "XY-JP" {
				return area.Area{Divisions: []string{"522301103"}}, nil
			}
			return area.Area{}, nil
		},
	}
	d.open()
	return d
}

func (d *desk) open() {
	d.t.Helper()
	book, err := cases.Open(d.t.Context(), d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Book = book
	d.t.Cleanup(func() {
		if err := book.Close(); err != nil {
			d.t.Error(err)
		}
	})
}

func (d *desk) now() timeline.Micros { return timeline.FromTime(d.at) }

// theft is a case of the village, of the night before.
func (d *desk) theft() cases.Case {
	return cases.Case{
		Number: "A522301-17", Class: "盗窃", Reason: "三头黄牛", Area: area.Area{Divisions: []string{"522301103205"}},
		Span: timeline.Span{From: d.now() - 12*hour, To: d.now()}, Expires: d.now() + 30*timeline.Day,
	}
}

func (d *desk) begin(by cases.By, c cases.Case) cases.Case {
	d.t.Helper()
	c, err := d.Begin(d.t.Context(), by, c)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// acts are what the register has, oldest first, as ACT WHO CASE.
func (d *desk) acts() (out []string) {
	d.t.Helper()
	page, err := d.reg.List(d.t.Context(), register.Query{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range page.Items {
		out = append(out, e.Act+" "+e.Who+" "+e.Case)
	}
	slices.Reverse(out)
	return out
}

func party(by cases.By) cases.Party { return cases.Party{Login: by.Login} }

func (d *desk) may(by cases.By, c cases.Case, cam media.CameraID, from, to timeline.Micros) bool {
	return d.May(party(by), c.ID, spots[cam], timeline.Span{From: from, To: to})
}

// More members than one entry of the register can name come and go step by step.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.begin(li, d.theft())
	var many []string
	for i := range 150 {
		many = append(many, fmt.Sprintf("officer.%03d", i))
	}
	_, err := d.SetMembers(t.Context(), li, c.ID, many)
	if !errors.Is(err, cases.ErrBad) || !strings.Contains(err.Error(), "several steps") {
		t.Errorf("150 members at once: %v", err)
	}
	for n := 30; n <= len(many); n += 30 {
		if c, err = d.SetMembers(t.Context(), li, c.ID, many[:n]); err != nil || len(c.Members) != n+1 {
			t.Fatalf("%d members: %d, %v", n, len(c.Members), err)
		}
	}
	for n := 120; n >= 0; n -= 30 {
		if c, err = d.SetMembers(t.Context(), li, c.ID, many[:n]); err != nil || len(c.Members) != n+1 {
			t.Fatalf("%d members left: %d, %v", n, len(c.Members), err)
		}
	}
}

func TestCase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.begin(li, d.theft())
	if c.State(d.now()) != cases.Running || c.By != "li" || c.Unit != "XY-JP" || !slices.Equal(c.Members, []string{"li"}) {
		t.Fatalf("%+v", c)
	}
	for _, tt := range []struct {
		name     string
		by       cases.By
		cam      media.CameraID
		from, to timeline.Micros
		want     bool
	}{
		{"inside", li, gate, d.now() - hour, d.now(), true},
		{"all of it", li, gate, c.Span.From, c.Span.To, true},
		{"a moment too early", li, gate, c.Span.From - 1, c.Span.To, false},
		{"a moment too late", li, gate, c.Span.From, c.Span.To + 1, false},
		{"nothing", li, gate, c.Span.From, c.Span.From, false},
		{"another place", li, fork, d.now() - hour, d.now(), false},
		{"somebody else", wang, gate, d.now() - hour, d.now(), false},
	} {
		if got := d.may(tt.by, c, tt.cam, tt.from, tt.to); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if !d.Reaches(party(li), spots[gate]) || d.Reaches(party(li), spots[fork]) || d.Reaches(party(wang), spots[gate]) {
		t.Error("who may know of which camera")
	}
	if _, err := d.Begin(t.Context(), wang, d.theft()); !errors.Is(err, cases.ErrTaken) {
		t.Errorf("the same number again: %v", err)
	}
	c, err := d.SetMembers(t.Context(), li, c.ID, []string{"wang", "wang", "li"})
	if err != nil || !slices.Equal(c.Members, []string{"li", "wang"}) || !d.may(wang, c, gate, c.Span.From, c.Span.To) {
		t.Errorf("%v, %v", c.Members, err)
	}
	// A program that is bound to it.
	if p := (cases.Party{Case: c.Number}); !d.May(p, c.ID, spots[gate], c.Span) || !cases.IsMember(&c, p) || d.Reaches(cases.Party{Case: "B"}, spots[gate]) {
		t.Error("a program of the case")
	}
	if c, err = d.SetMembers(t.Context(), li, c.Number, nil); err != nil || d.Works(party(wang), c.ID) {
		t.Errorf("still a member: %v, %v", c.Members, err)
	}
	// It all survives a restart.
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d.open()
	if !d.may(li, c, gate, c.Span.From, c.Span.To) {
		t.Error("lost with a restart")
	}
	d.at = d.at.AddDate(0, 0, 31)
	if c.State(d.now()) != cases.Expired || d.may(li, c, gate, c.Span.From, c.Span.To) || d.Reaches(party(li), spots[gate]) {
		t.Error("open beyond its end")
	}
	if c, err = d.End(t.Context(), li, c.ID, "破案"); err != nil || c.State(d.now()) != cases.Closed {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := d.End(t.Context(), li, c.ID, ""); !errors.Is(err, cases.ErrState) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := d.SetMembers(t.Context(), li, c.ID, nil); !errors.Is(err, cases.ErrState) {
		t.Errorf("members of a closed case: %v", err)
	}
	want := []string{"case.open li A522301-17", "case.members li A522301-17", "case.members li A522301-17", "case.close li A522301-17"}
	if got := d.acts(); !slices.Equal(got, want) {
		t.Errorf("the register has %q", got)
	}
	if _, err := d.Get("k_zzzzzzzzzzzzzzzz"); !errors.Is(err, cases.ErrUnknown) {
		t.Error(err)
	}
}

func TestSecondOfficer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	wide := d.theft()
	wide.Area, wide.Span.From = area.Area{Divisions: []string{"5223"}}, wide.Span.To-25*hour
	c := d.begin(li, wide)
	if c.State(d.now()) != cases.Waiting || len(c.Large) != 2 || d.Reaches(party(li), spots[gate]) {
		t.Fatalf("%v %q", c.State(d.now()), c.Large)
	}
	if _, err := d.Approve(t.Context(), li, c.ID, ""); !errors.Is(err, cases.ErrState) {
		t.Errorf("approved by its opener: %v", err)
	}
	c, err := d.Approve(t.Context(), wang, c.ID, "同意")
	if err != nil || c.State(d.now()) != cases.Running || !d.may(li, c, town, c.Span.From, c.Span.To) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := d.Approve(t.Context(), wang, c.ID, ""); !errors.Is(err, cases.ErrState) {
		t.Errorf("approved twice: %v", err)
	}
	other := wide
	other.Number = "A522301-18"
	c = d.begin(li, other)
	if c, err = d.Refuse(t.Context(), wang, c.ID, "范围过大"); err != nil || c.State(d.now()) != cases.Closed {
		t.Errorf("%+v, %v", c, err)
	}
	// Just as far as one officer may go.
	other.Number, other.Area, other.Span.From = "A522301-19", area.Area{Cameras: []string{string(gate), string(fork)}}, other.Span.To-24*hour
	if c = d.begin(li, other); c.State(d.now()) != cases.Running {
		t.Errorf("%q", c.Large)
	}
}

func TestEmergency(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.begin(li, cases.Case{Emergency: true, Reason: "走失老人", Growth: true, Number: "A1", Area: area.Area{Divisions: []string{"5223"}}})
	if c.Number != "" || c.Growth || c.State(d.now()) != cases.Running || c.Expires != d.now()+timeline.Day {
		t.Fatalf("%+v", c)
	}
	if !d.may(li, c, gate, d.now()-timeline.Day, d.now()+hour) || d.may(li, c, gate, d.now()-4*timeline.Day, d.now()) || d.Reaches(party(li), spots[fork]) {
		t.Error("it reaches other than its unit's area, three days back")
	}
	if _, err := d.Begin(t.Context(), wang, cases.Case{Emergency: true, Reason: "x"}); !errors.Is(err, cases.ErrBad) {
		t.Errorf("of a unit without an area: %v", err)
	}
	if _, err := d.Begin(t.Context(), li, cases.Case{Emergency: true}); !errors.Is(err, cases.ErrBad) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := d.Begin(t.Context(), li, cases.Case{Emergency: true, Reason: "x", Span: timeline.Span{From: 1, To: d.now()}}); !errors.Is(err, cases.ErrBad) {
		t.Errorf("of long ago: %v", err)
	}
	if c.DueForReview(d.now()) {
		t.Error("reviewed while it runs")
	}
	if _, err := d.Review(t.Context(), qian, c.ID, "x"); !errors.Is(err, cases.ErrState) {
		t.Error(err)
	}
	second := d.begin(li, cases.Case{Emergency: true, Reason: "又一次"})

	// One becomes a case and keeps what was seen in it; the other is reviewed.
	as := d.theft()
	as.Area, as.Span, as.Growth = area.Area{}, timeline.Span{}, true
	got, err := d.Adopt(t.Context(), li, c.ID, as)
	if err != nil || got.ID != c.ID || got.Number != as.Number || got.Adopted == nil || got.Span != c.Span || len(got.Large) == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := d.Adopt(t.Context(), li, c.ID, as); !errors.Is(err, cases.ErrState) {
		t.Errorf("adopted twice: %v", err)
	}
	if got.State(d.now()) != cases.Running || !got.Pending(d.now()) || !d.may(li, got, gate, d.now()-hour, d.now()) {
		t.Error("what was an emergency does not go on while it waits")
	}
	if _, err := d.Grow(t.Context(), li, got.ID, spots[gate], d.now()-hour); !errors.Is(err, cases.ErrState) || !strings.Contains(err.Error(), "second officer") {
		t.Errorf("a hop while a second officer is to decide: %v", err)
	}
	d.at = d.at.Add(25 * time.Hour)
	if got.State(d.now()) != cases.Waiting {
		t.Errorf("after its day it is %s", got.State(d.now()))
	}
	if got.DueForReview(d.now()) || !second.DueForReview(d.now()) || d.Reaches(party(li), spots[gate]) {
		t.Error("after a day")
	}
	if _, err := d.Review(t.Context(), qian, second.ID, ""); !errors.Is(err, cases.ErrBad) {
		t.Errorf("a review without a word: %v", err)
	}
	if second, err = d.Review(t.Context(), qian, second.ID, "事由属实"); err != nil || second.DueForReview(d.now()) {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := d.Adopt(t.Context(), li, second.ID, d.theft()); !errors.Is(err, cases.ErrState) {
		t.Errorf("adopted after the review: %v", err)
	}
	if acts := d.acts(); !slices.Contains(acts, "emergency.open li "+c.ID) || !slices.Contains(acts, "case.adopt li "+as.Number) {
		t.Errorf("the register has %q", acts)
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	still := d.begin(li, d.theft())
	passed := d.now() - 2*hour
	if _, err := d.Grow(t.Context(), li, still.ID, spots[gate], passed); !errors.Is(err, cases.ErrState) {
		t.Errorf("of a case without growth: %v", err)
	}
	moving := d.theft()
	moving.Number, moving.Growth = "A522301-18", true
	c := d.begin(li, moving)
	if _, err := d.Grow(t.Context(), li, c.ID, spots[fork], passed); !errors.Is(err, cases.ErrOutside) {
		t.Errorf("a hop to where the case does not reach: %v", err)
	}
	c, err := d.Grow(t.Context(), li, c.ID, spots[gate], passed)
	if err != nil {
		t.Fatal(err)
	}
	const half = 30 * timeline.Minute
	for _, tt := range []struct {
		name     string
		cam      media.CameraID
		from, to timeline.Micros
		want     bool
	}{
		{"1.5 km on, at the time", fork, passed - half, passed + half, true},
		{"a moment longer", fork, passed - half, passed + half + 1, false},
		{"4.5 km on", town, passed, passed + 1, false},
		{"the area, as ever", gate, c.Span.From, c.Span.To, true},
	} {
		if got := d.may(li, c, tt.cam, tt.from, tt.to); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if !c.DueForReview(d.now()) {
		t.Error("a hop that nobody reviews")
	}
	d.at = d.at.Add(time.Minute)
	if c, err = d.Review(t.Context(), qian, c.ID, "路径合理"); err != nil || c.DueForReview(d.now()) {
		t.Errorf("%+v, %v", c, err)
	}
	d.at = d.at.Add(time.Minute)
	if c, err = d.Grow(t.Context(), li, c.ID, spots[fork], passed+10*timeline.Minute); err != nil || len(c.Hops) != 2 || !c.DueForReview(d.now()) {
		t.Errorf("%+v, %v", c, err)
	}
	if d.may(li, c, town, passed, passed+1) {
		t.Error("2.9 km from the last hop")
	}
	if _, err := d.Grow(t.Context(), li, c.ID, &area.Spot{Camera: gate, Division: "522301103205"}, passed); !errors.Is(err, cases.ErrBad) {
		t.Errorf("a camera without a position: %v", err)
	}
}

func TestWhatACaseMayBe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, spoil := range map[string]func(c *cases.Case){
		"no number":         func(c *cases.Case) { c.Number = " " },
		"one of our ids":    func(c *cases.Case) { c.Number = "k_abc" },
		"no class":          func(c *cases.Case) { c.Class = "" },
		"no reason":         func(c *cases.Case) { c.Reason = "" },
		"a long reason":     func(c *cases.Case) { c.Reason = strings.Repeat("牛", 501) },
		"a control sign":    func(c *cases.Case) { c.Reason = "a\nb" },
		"a bidi sign":       func(c *cases.Case) { c.Class = "a\u202eb" },
		"bad UTF-8":         func(c *cases.Case) { c.Reason = "\xff" },
		"no area":           func(c *cases.Case) { c.Area = area.Area{} },
		"a bad area":        func(c *cases.Case) { c.Area.Divisions = []string{"x"} },
		"no time":           func(c *cases.Case) { c.Span = timeline.Span{} },
		"the wrong way":     func(c *cases.Case) { c.Span = timeline.Span{From: 5, To: 4} },
		"over already":      func(c *cases.Case) { c.Expires = 1 },
		"open for years":    func(c *cases.Case) { c.Expires += 1000 * timeline.Day },
		"too many officers": func(c *cases.Case) { c.Members = many() },
	} {
		c := d.theft()
		spoil(&c)
		if _, err := d.Begin(t.Context(), li, c); !errors.Is(err, cases.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if acts := d.acts(); len(acts) != 0 {
		t.Errorf("registered: %q", acts)
	}
}

func many() (out []string) {
	for i := range 201 {
		out = append(out, "officer"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	return out
}

// What the register cannot take does not happen.
func TestNothingWithoutTheRegister(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.begin(li, d.theft())
	d.disk.FailAll(errfs.Writev, "", errors.New("no space"))
	other := d.theft()
	other.Number = "A2"
	if _, err := d.Begin(t.Context(), li, other); !errors.Is(err, cases.ErrNotRegistered) {
		t.Errorf("opened: %v", err)
	}
	if _, err := d.SetMembers(t.Context(), li, c.ID, []string{"wang"}); !errors.Is(err, cases.ErrNotRegistered) {
		t.Errorf("changed: %v", err)
	}
	if got := d.List(func(*cases.Case) bool { return true }); len(got) != 1 || len(got[0].Members) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	d, store := newDesk(t), memblob.New(t)
	ship := func() {
		t.Helper()
		if err := d.Ship(t.Context(), store); err != nil {
			t.Fatal(err)
		}
	}
	keys := func() (n int) {
		for _, err := range store.List(t.Context(), "v1/cases/", "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	ship()
	if keys() != 0 {
		t.Error("an empty book was shipped")
	}
	c := d.begin(li, d.theft())
	ship()
	ship()
	if keys() != 1 {
		t.Errorf("%d copies of one state", keys())
	}
	for range 8 {
		d.at = d.at.Add(time.Minute)
		if _, err := d.SetMembers(t.Context(), li, c.ID, []string{d.at.Format("m150405")}); err != nil {
			t.Fatal(err)
		}
		ship()
	}
	if keys() != 5 {
		t.Errorf("%d copies are kept", keys())
	}
	other := newDesk(t)
	if n, err := other.Restore(t.Context(), store); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if got, err := other.Get(c.Number); err != nil || got.ID != c.ID || len(got.Members) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if n, err := other.Restore(t.Context(), store); err != nil || n != 0 {
		t.Errorf("a book with cases was overwritten: %d, %v", n, err)
	}
	d.at = d.at.Add(time.Minute)
	if err := d.Replace(t.Context(), store); err != nil || keys() != 1 {
		t.Errorf("%d copies under keys of before, %v", keys(), err)
	}
}
