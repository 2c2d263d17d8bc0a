package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"qianshao/configs"
	"qianshao/storage/timeline"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"2026-11-23 09:00", "2026-11-23T01:00:00.000000Z"},
		{" 2026-11-23 09:00:30 ", "2026-11-23T01:00:30.000000Z"},
		{"2026-11-23 00:00:30.25", "2026-11-22T16:00:30.250000Z"},
		{"2026-11-23T09:00:00+08:00", "2026-11-23T01:00:00.000000Z"},
		{"2026-11-23T01:00:00.000001Z", "2026-11-23T01:00:00.000001Z"},
		{"2026-11-23", ""},
		{"09:00", ""},
		{"", ""},
		{"2026-13-01 09:00", ""},
		{"2026-11-23 09:00 extra", ""},
	} {
		got, err := parseTime(c.text)
		if (err == nil) != (c.want != "") || err == nil && got.String() != c.want {
			t.Errorf("%q: %s, %v", c.text, got, err)
		}
	}
}

// What is printed for people can be given back as an argument.
func FuzzParseTime(f *testing.F) {
	f.Add("2026-11-23 09:00")
	f.Add("2026-11-23T01:00:00.5Z")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseTime(text)
		if err != nil || at < 0 || at >= timeline.Forever {
			return
		}
		again, err := parseTime(localTime(at))
		if err != nil || at-again < 0 || at-again >= timeline.Second/1000 {
			t.Errorf("%q is %s, printed as %s: %s, %v", text, at, localTime(at), again, err)
		}
	})
}

func TestWindow(t *testing.T) {
	t.Parallel()
	now, err := parseTime("2026-11-23 12:00")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"", "", "2026-11-23 11:00:00.000 2026-11-23 12:00:00.000"},
		{"2026-11-23 09:00", "", "2026-11-23 09:00:00.000 2026-11-23 12:00:00.000"},
		{"", "2026-11-23 09:00", "2026-11-23 08:00:00.000 2026-11-23 09:00:00.000"},
		{"2026-11-23 09:00", "2026-11-23 09:00", ""},
		{"soon", "", ""},
		{"", "later", ""},
	} {
		w := window{From: c.from, To: c.to}
		s, err := w.span(now, timeline.Hour)
		if got := localTime(s.From) + " " + localTime(s.To); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%q to %q: %s, %v", c.from, c.to, got, err)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	tab := table{head: []string{"NAME", "EMPTY", "STATE"}}
	tab.add("大门", "", "streaming")
	tab.add("gate", "", "")
	var b strings.Builder
	if err := tab.write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "NAME  STATE\n大门  streaming\ngate\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestLengthText(t *testing.T) {
	t.Parallel()
	for m, want := range map[timeline.Micros]string{
		207_321: "207ms", 8_560_000: "8.56s", 90*timeline.Second + 1: "1m30s", 25 * timeline.Hour: "25h", 0: "0s",
	} {
		if got := lengthText(m); got != want {
			t.Errorf("%d: %s, want %s", m, got, want)
		}
	}
}

// Every setting is compared, and the sets of keys agree.
func TestDifferences(t *testing.T) {
	t.Parallel()
	a, b := configs.Default(), configs.Default()
	if d := differences("", reflect.ValueOf(a), reflect.ValueOf(b)); len(d) != 0 {
		t.Errorf("no difference: %v", d)
	}
	b.Retention.Days, b.Segment.Length, b.Roles = 3, 10*time.Second, []string{"api"}
	b.Storage.S3.SecretKey = "other"
	got := differences("", reflect.ValueOf(a), reflect.ValueOf(b))
	if want := []string{"roles", "storage.s3.secret_key", "segment.length", "retention.days"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, key := range got {
		if !slices.Contains(configs.Keys(), key) {
			t.Errorf("%s is no setting", key)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	places, err := readVillages()
	if err != nil || len(places) != 40 {
		t.Fatalf("%d places, %v", len(places), err)
	}
	for _, p := range places {
		if p.name == "" || p.lon < 104 || p.lon > 107 || p.lat < 24 || p.lat > 27 {
			t.Errorf("%+v", p)
		}
	}
}
