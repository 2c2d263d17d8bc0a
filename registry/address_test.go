package registry

import (
	"fmt"
	"net/netip"
	"net/url"
	"testing"

	"qianshao/registry/secret"
)

func TestReaddress(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	both := put(t, r, Draft{
		Carrier: "telecom", DeviceID: "A", URL: Set("rtsp://u:p@10.8.0.1:554/main?x=1"), SubURL: Set("rtsps://10.8.0.1:8322/sub"), Password: Set(secret.New("hidden")),
	}, Created)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "PUSH"}, Created)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "GONE", URL: Set("rtsp://10.8.0.2/a")}, Created)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "DOWN", URL: Set("rtsp://10.8.0.3/a")}, Created)
	put(t, r, Draft{Carrier: "unicom", DeviceID: "B", URL: Set("rtsp://10.9.0.1/a")}, Created)
	for device, to := range map[string]Lifecycle{"telecom:GONE": Withdrawn, "telecom:DOWN": Decommissioned} {
		cam, err := r.Resolve(t.Context(), device)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Move(t.Context(), to, By{}, cam.ID); err != nil {
			t.Fatal(err)
		}
	}
	ch := r.Watch(t.Context())
	await(t, ch)
	at := netip.MustParseAddr
	out, err := r.Readdress(t.Context(), "telecom", []Address{
		{"A", at("10.8.3.21"), 0}, {"B", at("10.8.3.22"), 0}, {"PUSH", at("10.8.3.23"), 0}, {"GONE", at("10.8.3.24"), 0}, {"DOWN", at("10.8.3.25"), 0}, {"A", at("10.8.3.21"), 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"changed ", "error unknown_device", "error no_address", "error withdrawn", "error decommissioned", "unchanged "}
	for i, o := range out {
		if got := string(o.Status) + " " + o.Code; got != want[i] {
			t.Errorf("%d: %s, want %s", i, got, want[i])
		}
	}
	await(t, ch) // the supervisor is told
	cam, err := r.Get(t.Context(), both.ID)
	if err != nil {
		t.Fatal(err)
	}
	if cam.Streams[0].URL != "rtsp://10.8.3.21:554/main?x=1" || cam.Streams[1].URL != "rtsps://10.8.3.21:8322/sub" {
		t.Errorf("%s, %s", cam.Streams[0].URL, cam.Streams[1].URL)
	}
	for _, s := range cam.Streams {
		if s.Password.Reveal() != "hidden" {
			t.Errorf("%s lost its password", s.ID)
		}
	}
	if cam.Streams[0].Username != "u" || cam.EnrolledAt != both.EnrolledAt || cam.Lifecycle != Active {
		t.Errorf("%+v", cam)
	}
	if spans, err := r.Enrolled(t.Context(), cam.Streams[0].ID); err != nil || len(spans) != 1 {
		t.Errorf("enrolled %v, %v: it is owed all the time", spans, err)
	}
	if other, err := r.Resolve(t.Context(), "unicom:B"); err != nil || other.Streams[0].URL != "rtsp://10.9.0.1/a" {
		t.Errorf("another carrier's camera: %+v, %v", other.Streams, err)
	}
}

// More than one transaction's worth, each answered.
func TestReaddressMany(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	const n = 2*draftsAtOnce + 7
	drafts, list := make([]Draft, n), make([]Address, n)
	for i := range n {
		device := fmt.Sprintf("D%04d", i)
		drafts[i] = Draft{Carrier: "telecom", DeviceID: device, URL: Set("rtsp://10.8.0.1/" + device)}
		list[i] = Address{device, netip.AddrFrom4([4]byte{10, 8, byte(i >> 8), byte(i)}), 8554}
	}
	if _, err := r.Upsert(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
	out, err := r.Readdress(t.Context(), "telecom", list)
	if err != nil || len(out) != n {
		t.Fatalf("%d answers, %v", len(out), err)
	}
	for i, o := range out {
		if o.Status != Changed || o.DeviceID != list[i].DeviceID {
			t.Fatalf("%d: %+v", i, o)
		}
	}
	cam, err := r.Resolve(t.Context(), "telecom:D1006")
	if err != nil || cam.Streams[0].URL != "rtsp://10.8.3.238:8554/D1006" {
		t.Errorf("%+v, %v", cam.Streams, err)
	}
}

// Whatever URL was let in, it leads to the new host by the same path.
func FuzzMoveURL(f *testing.F) {
	for _, s := range []string{
		"rtsp://10.0.0.1/a", "rtsp://10.0.0.1:554", "rtsp://[fd12::1]:8554/a/b?c=d:e", "rtsp+http://cam.example/x/[y]:1", "rtsps://10.0.0.1?u=//x/",
		"rtsp://h/user=a&password={password}&channel=1",
	} {
		f.Add(s, "10.8.0.7", uint16(0))
		f.Add(s, "fd00::7", uint16(8554))
	}
	f.Fuzz(func(t *testing.T, raw, host string, port uint16) {
		target, err := secret.SplitURL(raw)
		addr, aerr := netip.ParseAddr(host)
		if err != nil || aerr != nil || addr.Zone() != "" {
			return
		}
		addr = addr.Unmap()
		before, err := url.Parse(target.URL)
		if err != nil {
			return
		}
		moved := moveURL(target.URL, addr, int(port))
		after, err := url.Parse(moved)
		if err != nil {
			t.Fatalf("%q became %q: %v", target.URL, moved, err)
		}
		want := before.Port()
		if port != 0 {
			want = fmt.Sprint(port)
		}
		if after.Hostname() != addr.String() || after.Port() != want || after.Scheme != before.Scheme || after.RequestURI() != before.RequestURI() {
			t.Errorf("%q became %q", target.URL, moved)
		}
		if again := moveURL(moved, addr, int(port)); again != moved {
			t.Errorf("%q, once more %q", moved, again)
		}
	})
}
