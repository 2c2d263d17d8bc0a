package registry

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/registry/secret"
)

// All that is wrong with a draft is told, field by field, and once.
func TestEverythingWrongIsTold(t *testing.T) {
	t.Parallel()
	d := Draft{
		Carrier: "unicom", DeviceID: "a", Name: Set("two\nlines"), Landmark: Set("a\tb"), URL: Set("http://x"), SubURL: Set("rtsp://10.0.0.1/sub"), Transport: Set(Transport("pigeon")),
		Lon: Set(104.9), Lat: Set(25.1), Azimuth: Set(400.0), Range: Set(-1.0), Division: Set("12"), RetentionDays: Set(-3),
		Texts: map[string]Field[string]{"gb_id": Set("12"), "site_class": Set("室内")}, Phone: Set(secret.New("none")), Height: Set(999.0),
	}
	cam, bad := d.Merge(nil)
	var got []string
	for _, fe := range bad {
		got = append(got, fe.Field+" "+fe.Code)
	}
	want := []string{
		"name bad_name", "landmark bad_name", "rtsp_url bad_url", "transport bad_transport", "azimuth_deg out_of_range", "range_m out_of_range",
		"village_code bad_text", "retention_days out_of_range", "gb_id bad_text", "site_class indoor", "phone bad_text", "height_m out_of_range",
	}
	if diff := cmp.Diff(want, got); diff != "" || cam == nil {
		t.Error(diff)
	}
}

// A dry run answers as the real one does, also where one row depends on another, and
// changes nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	put(t, r, Draft{DeviceID: "same", Name: Set("Gate")}, Created)
	put(t, r, Draft{DeviceID: "other", Name: Set("Gate")}, Created)
	const id = "52230100001320000001"
	gb := map[string]Field[string]{"gb_id": Set(id)}
	var drafts []Draft
	for i := range 2 * draftsAtOnce {
		drafts = append(drafts, Draft{DeviceID: fmt.Sprint("new", i)})
	}
	drafts = append(drafts, Draft{DeviceID: "same", Name: Set("Gate")}, Draft{DeviceID: "other", Name: Set("Yard")}, Draft{DeviceID: "first", Texts: gb},
		Draft{DeviceID: "second", Texts: gb}, Draft{DeviceID: "B AD"}, Draft{DeviceID: "far", Lat: Set(99.0), Lon: Set(1.0)})
	before, err := r.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dry, err := r.UpsertDry(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	after, err := r.Changes(t.Context())
	if page, e := r.List(t.Context(), Query{State: QueryAll}); err != nil || e != nil || after != before || len(page.Items) != 2 {
		t.Fatalf("a dry run changed something: %d cameras, %v, %v", len(page.Items), err, e)
	}
	done, err := r.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range done {
		if done[i].Status == Created {
			done[i].Camera = ""
		}
	}
	if diff := cmp.Diff(done, dry); diff != "" {
		t.Error(diff)
	}
	if last := dry[len(dry)-6:]; last[0].Status != Unchanged || last[1].Status != Updated || last[2].Status != Created || last[3].Code != CodeTaken || last[4].Code != CodeBadDevice || last[5].Code != CodeSwapped {
		t.Errorf("%+v", last)
	}
}

// Marks are those of cameras that are there; ByDevice finds all of a carrier.
func TestMarksAndDevices(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	a := put(t, r, Draft{
		Carrier: "unicom", DeviceID: "a", URL: Set("rtsp://10.0.0.1/1"), SubURL: Set("rtsp://10.0.0.1/2"), Lon: Set(104.9), Lat: Set(25.1),
		Texts: map[string]Field[string]{"gb_id": Set("52230100001320000001")},
	}, Created)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "a"}, Created)
	gone := put(t, r, Draft{Carrier: "unicom", DeviceID: "gone", URL: Set("rtsp://10.0.0.9/")}, Created)
	move(t, r, gone.ID, Decommissioned)
	marks, err := r.Marks(t.Context())
	if err != nil || len(marks) != 2 || marks[0].Carrier != "telecom" || marks[0].Placed || marks[0].URLs != nil {
		t.Fatalf("%+v, %v", marks, err)
	}
	slices.Sort(marks[1].URLs)
	if diff := cmp.Diff(MarkOf(&a), marks[1]); diff != "" {
		t.Error(diff)
	}
	found, err := r.ByDevice(t.Context(), "unicom", []string{"a", "gone", "never"})
	if err != nil || len(found) != 2 || found["a"].ID != a.ID || found["gone"].ID != gone.ID {
		t.Errorf("%+v, %v", found, err)
	}
}
