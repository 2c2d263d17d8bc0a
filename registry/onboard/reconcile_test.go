package onboard

import (
	"fmt"
	"strings"
	"testing"

	"qianshao/registry"
	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

func TestReconcile(t *testing.T) {
	t.Parallel()
	const now = 1_000_000 * timeline.Second
	camera := func(device string, as registry.Lifecycle) registry.Camera {
		d := registry.Draft{
			Carrier: "telecom", DeviceID: device, Name: registry.Set("院坝"), URL: registry.Set("rtsp://10.8.0.1/" + device), Phone: registry.Set(secret.New("13800000000")),
			Texts: map[string]registry.Field[string]{"package_account": registry.Set("P-" + device)}, Lon: registry.Set(104.9), Lat: registry.Set(25.09),
		}
		c, bad := d.Merge(nil)
		if bad != nil {
			t.Fatal(bad)
		}
		c.Lifecycle = as
		return *c
	}
	cameras := []registry.Camera{
		camera("A", registry.Active), camera("B", registry.Active), camera("C", registry.Suspended), camera("D", registry.Withdrawn),
		camera("E", registry.Imported), camera("F", registry.Decommissioned), camera("G", registry.Active),
	}
	states := map[media.StreamID]registry.State{
		cameras[0].ID.Stream(0): {Phase: registry.Streaming, Since: 1},
		cameras[1].ID.Stream(0): {Phase: registry.Waiting, Since: now - 90*timeline.Second},
		cameras[6].ID.Stream(0): {Phase: registry.Degraded, Since: 1},
	}
	list, err := Read(strings.NewReader(`carrier_device_id,name,phone,rtsp_url,package_account,lon,lat
A,院坝,13800000000,rtsp://10.8.0.1/A,P-A,104.9,25.09
B,院坝,13900000000,rtsp://10.8.0.2/B,-,104.9000,200
C,,,,,,
D,,,,,,
NEW,新机,,,P-G,,
NEW2,,,,P-D,,
A,,,,,,
no/device,,,,,,
`), Options{Carrier: "telecom"})
	if err != nil {
		t.Fatal(err)
	}
	got := Reconcile(list, "telecom", cameras, func(s media.StreamID) registry.State { return states[s] }, now)
	if want := (Tally{Theirs: 6, Ours: 5, Both: 3, OnlyTheirs: 3, OnlyOurs: 2, Streaming: 2, Offline: 1, Differing: 1, Unreadable: 2}); got.Tally != want {
		t.Errorf("%+v, want %+v", got.Tally, want)
	}
	var lines []string
	for _, s := range got.Items {
		line := fmt.Sprintf("%d %s %v %v %v %s %d %s %v", s.Row, s.DeviceID, s.InTheirs, s.InOurs, s.Streaming, s.Lifecycle, s.OfflineS, s.SamePackage, s.Differences)
		for _, p := range s.Problems {
			line += " " + p.Field + " " + p.Code
		}
		lines = append(lines, line)
	}
	want := []string{
		"2 A true true true active 0  []",
		"3 B true true false active 90  [{phone  } {rtsp_url  } {package_account  P-B}] lat out_of_range",
		"4 C true true false suspended 0  []",
		"5 D true false false withdrawn 0  []",
		"6 NEW true false false  0 G []",
		"7 NEW2 true false false  0  []", // D is here no more
		"8 A false false false  0  [] carrier_device_id duplicate_row",
		"9 no/device false false false  0  [] carrier_device_id bad_device",
		"0 E false true false imported 0  []",
		"0 G false true true active 0  []",
	}
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || lines[i] != want[i] {
			t.Errorf("%d: %q", i, lines[min(i, len(lines)-1)])
		}
	}
}

// Days are those of Beijing, each whole, and a month has no more than are over.
func TestMonth(t *testing.T) {
	t.Parallel()
	m, err := ParseMonth("2026-12")
	if err != nil || m.String() != "2026-12" || m.Span().From.String() != "2026-11-30T16:00:00.000000Z" || m.Span().To.String() != "2026-12-31T16:00:00.000000Z" {
		t.Errorf("%v %v, %v", m, m.Span(), err)
	}
	if days := m.Days(timeline.Forever); len(days) != 31 || days[0].From != m.Span().From || days[30].To != m.Span().To {
		t.Errorf("%v", days)
	}
	if n := len(m.Days(m.Span().From + 2*timeline.Day)); n != 2 {
		t.Errorf("%d days are over after two", n)
	}
	if n := len(m.Days(m.Span().From)); n != 0 {
		t.Errorf("%d days are over before one", n)
	}
	for _, bad := range []string{"", "2026", "2026-13", "2026-1-1", "0001-01", "9999-12", "十一月"} {
		if _, err := ParseMonth(bad); err == nil {
			t.Errorf("%q is a month", bad)
		}
	}
}
