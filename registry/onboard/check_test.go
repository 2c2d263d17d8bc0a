package onboard_test

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"qianshao/registry"
	"qianshao/registry/onboard"
)

const ruleHead = "carrier,carrier_device_id,village_code,lon,lat,coord_system,site_class,rtsp_url,sub_rtsp_url,gb_id,consent_id,consent_version,consent_signed_at,phone\n"

// there are the cameras that rows are held against: of telecom, of mobile, one that
// has withdrawn and one that was taken down.
const there = ruleHead +
	"telecom,T1,522301001001,104.8931,25.0951,,yard,rtsp://10.8.0.1/a,,52230100001320000001,c,1,2026-11-01,\n" +
	"mobile,M1,522301001001,104.8941,25.0961,,lane,rtsp://10.8.0.2/a,rtsp://10.8.0.2/b,,c,1,2026-11-01,\n" +
	"telecom,GONE,522301001001,104.8951,25.0971,,,rtsp://10.8.0.3/a,,,c,1,2026-11-01,\n" +
	"telecom,DOWN,522301001001,104.8961,25.0981,,,rtsp://10.8.0.4/a,,,c,1,2026-11-01,\n"

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ row, want string }{
		"right":                        {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp://10.8.1.1/a,,,c,1,2026-11-01,", ""},
		"a name is resolved later":     {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp://camera.example/a,,,c,1,2026-11-01,", ""},
		"rtsps":                        {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsps://10.8.1.1/a,,,c,1,2026-11-01,", ""},
		"no URL yet":                   {"telecom,N,522301001001,104.8971,25.0991,,yard,,,,c,1,2026-11-01,", ""},
		"GCJ02 near the border":        {"telecom,N,522301001001,104.8971,25.0991,gcj-02,yard,rtsp://10.8.1.1/a,,,c,1,2026-11-01,", ""},
		"nothing":                      {"telecom,N,,,,,,,,,,,,", "consent_id consent_required, consent_version consent_required, consent_signed_at consent_required, village_code required, lon required, lat required"},
		"half a place":                 {"telecom,N,522301001001,104.8971,,,yard,,,,c,1,2026-11-01,", "lat half_a_place"},
		"indoor":                       {"telecom,N,522301001001,104.8971,25.0991,,Indoor,,,,c,1,2026-11-01,", "site_class indoor"},
		"no such village":              {"telecom,N,522301001990,104.8971,25.0991,,yard,,,,c,1,2026-11-01,", "village_code unknown_village"},
		"a township":                   {"telecom,N,522301001000,104.8971,25.0991,,yard,,,,c,1,2026-11-01,", "village_code not_a_village"},
		"short code":                   {"telecom,N,522301001,104.8971,25.0991,,yard,,,,c,1,2026-11-01,", "village_code bad_text"},
		"another county":               {"telecom,N,522328001001,104.8971,25.0991,,yard,,,,c,1,2026-11-01,", "lon outside_county"},
		"another province":             {"telecom,N,522301001001,116.4,39.9,,yard,,,,c,1,2026-11-01,", "lon outside_prefecture"},
		"swapped":                      {"telecom,N,522301001001,25.0991,104.8971,,yard,,,,c,1,2026-11-01,", "lat lon_lat_swapped"},
		"the wrong system":             {"telecom,N,522301001001,104.8971,25.0991,utm,yard,,,,c,1,2026-11-01,", "coord_system bad_coord_system"},
		"another network":              {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp://192.168.1.1/a,,,c,1,2026-11-01,", "rtsp_url address_not_allowed"},
		"this machine":                 {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp://127.0.0.1/a,rtsp://[::1]/b,,c,1,2026-11-01,", "rtsp_url address_not_allowed, sub_rtsp_url address_not_allowed"},
		"over HTTP":                    {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp+http://10.8.1.1/a,,,c,1,2026-11-01,", "rtsp_url bad_scheme"},
		"HTTP":                         {"telecom,N,522301001001,104.8971,25.0991,,yard,http://10.8.1.1/a,,,c,1,2026-11-01,", "rtsp_url bad_url"},
		"the URL of another":           {"telecom,N,522301001001,104.8971,25.0991,,yard,RTSP://10.8.0.1:554/a,,,c,1,2026-11-01,", "rtsp_url duplicate_url"},
		"the second stream of another": {"telecom,N,522301001001,104.8971,25.0991,,yard,rtsp://10.8.0.2/b,,,c,1,2026-11-01,", "rtsp_url duplicate_url"},
		"the point of another":         {"telecom,N,522301001001,104.89311,25.0951,,yard,,,,c,1,2026-11-01,", "lon duplicate_point"},
		"three metres away":            {"telecom,N,522301001001,104.89313,25.0951,,yard,,,,c,1,2026-11-01,", ""},
		"the id of another":            {"telecom,N,522301001001,104.8971,25.0991,,yard,,,52230100001320000001,c,1,2026-11-01,", "gb_id taken"},
		"consent in the future":        {"telecom,N,522301001001,104.8971,25.0991,,yard,,,,c,1,2026-11-30,", "consent_signed_at in_the_future"},
		"consent of today":             {"telecom,N,522301001001,104.8971,25.0991,,yard,,,,c,1,2026-11-29,", ""},
		"half a consent":               {"telecom,T1,,,,,,,,,c2,,2026-11-29,", "consent_version consent_required"},
		"several":                      {"telecom,N,522301001990,104.8971,25.0991,,indoor,rtsp://192.168.1.1/a,,12,c,1,2027-01-01,x", "gb_id bad_text, site_class indoor, phone bad_text, consent_signed_at in_the_future, village_code unknown_village, rtsp_url address_not_allowed"},

		"a change":                    {"telecom,T1,,,,,,,,,,,,13800000000", ""},
		"a change to another's point": {"telecom,T1,,104.8941,25.0961,,,,,,,,,", "lon duplicate_point"},
		"a change to another county":  {"telecom,T1,522328001001,,,,,,,,,,,", "lon outside_county"},
		"a change of half a place":    {"telecom,T1,,104.9,-,,,,,,,,,", "lat half_a_place"},
		"withdrawn":                   {"telecom,GONE,,,,,,,,,,,,", "carrier_device_id withdrawn"},
		"the point of who has gone":   {"telecom,N,522301001001,104.8951,25.0971,,yard,rtsp://10.8.0.3/a,,,c,1,2026-11-01,", ""},
		"back, with a new consent":    {"telecom,DOWN,,,,,,,,,c,1,2026-11-01,", ""},
		"back, without a consent":     {"telecom,DOWN,,,,,,,,,,,,", "consent_id consent_required, consent_version consent_required, consent_signed_at consent_required"},

		"local needs none of it":       {"local,L,,,,,,rtsp://192.168.7.7/a,,,,,,", ""},
		"local anywhere":               {"local,L,999999999999,1,2,,,,,,,,,", ""},
		"local with another's URL":     {"local,L,,,,,,rtsp://10.8.0.1/a,,,,,,", "rtsp_url duplicate_url"},
		"local on another's point":     {"local,L,,104.8931,25.0951,,,,,,,,,", "lon duplicate_point"},
		"local indoor":                 {"local,L,,,,,室内,,,,,,,", "site_class indoor"},
		"local, one URL for 2 streams": {"local,L,,,,,,rtsp://192.168.7.7/a,rtsp://192.168.7.7/a,,,,,", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deps(t)
			answers, err := onboard.Enter(t.Context(), d, readList(t, []byte(there)), true, d.Registry.Upsert)
			if err != nil || onboard.Count(answers)[registry.Created] != 4 {
				t.Fatalf("%+v, %v", answers, err)
			}
			for device, to := range map[string]registry.Lifecycle{"GONE": registry.Withdrawn, "DOWN": registry.Decommissioned} {
				cam, err := d.Registry.Resolve(t.Context(), "telecom:"+device)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := d.Registry.Move(t.Context(), to, registry.By{Actor: "ann"}, cam.ID); err != nil {
					t.Fatal(err)
				}
			}
			answers, err = onboard.Check(t.Context(), d, readList(t, []byte(ruleHead+c.row+"\n")))
			if err != nil || len(answers) != 1 {
				t.Fatal(answers, err)
			}
			var got []string
			for _, p := range answers[0].Problems {
				got = append(got, p.Field+" "+p.Code)
			}
			if diff := gocmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff, answers[0].Problems)
			}
		})
	}
}

// What is said of other cameras gives no carrier away to another one, and hints name what
// is near.
func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	d := deps(t)
	if _, err := onboard.Enter(t.Context(), d, readList(t, []byte(there)), true, d.Registry.Upsert); err != nil {
		t.Fatal(err)
	}
	row := func(device string, cells ...string) string {
		return "telecom," + device + "," + strings.Join(cells, ",") + ",c,1,2026-11-01,\n"
	}
	l := readList(t, []byte(ruleHead+
		row("A", "522301001990", "104.8971", "25.0991", "", "", "rtsp://10.8.0.2/a", "", "")+
		row("B", "522301001001", "104.8972", "25.0992", "", "", "rtsp://10.8.0.1/a", "", "")+
		row("C", "522301001000", "104.8972", "25.0992", "", "", "", "", "")))
	answers, err := onboard.Check(t.Context(), d, l)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(answers)
	for _, want := range []string{
		"没有村居代码 522301001990：最接近的有 5223010010", "兴义市黄草街道", "地址与其他运营商的摄像机相同", "a camera of another carrier has the same address",
		"the camera telecom:T1 has the same address", "点位与第 3 行相距不足 2 米", "row 3 stands within 2 m", "522301001000 是 黄草街道 的代码",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in %s", want, text)
		}
	}
	if strings.Contains(text, "M1") {
		t.Errorf("a carrier learns of another's camera: %s", text)
	}
}

// Two cameras that change places do not stand in each other's way; a row that is refused
// leaves its camera where it is.
func TestRowsTogether(t *testing.T) {
	t.Parallel()
	d := deps(t)
	if _, err := onboard.Enter(t.Context(), d, readList(t, []byte(there)), true, d.Registry.Upsert); err != nil {
		t.Fatal(err)
	}
	check := func(rows string) (got []string) {
		t.Helper()
		answers, err := onboard.Check(t.Context(), d, readList(t, []byte("carrier,carrier_device_id,lon,lat,village_code,consent_id,consent_version,consent_signed_at\n"+rows)))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range said(answers) {
			got = append(got, fmt.Sprint(p))
		}
		return got
	}
	if got := check("telecom,T1,104.8941,25.0961,,,,\nmobile,M1,104.8931,25.0951,,,,\n"); got != nil {
		t.Errorf("changing places: %v", got)
	}
	if got := check("telecom,T1,104.8981,25.1001,,,,\ntelecom,N,104.8931,25.0951,522301001001,c,1,2026-11-01\n"); got != nil {
		t.Errorf("where another one stood: %v", got)
	}
	got := check("telecom,T1,104.8981,25.1001,52,,,\ntelecom,N,104.8931,25.0951,522301001001,c,1,2026-11-01\n")
	if diff := gocmp.Diff([]string{"{2 village_code bad_text}", "{3 lon duplicate_point}"}, got); diff != "" {
		t.Errorf("where another one stays: %s", diff)
	}
}
