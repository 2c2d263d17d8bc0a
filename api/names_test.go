package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qianshao/registry"
	"qianshao/storage/media"
)

type nameList struct {
	Items []struct {
		Code, Name, Kind string
		Lon, Lat         float64
		Cameras          int
	}
}

func (l *nameList) of(code string) (at []float64, cameras int) {
	for _, x := range l.Items {
		if x.Code == code {
			return []float64{x.Lon, x.Lat}, x.Cameras
		}
	}
	return nil, 0
}

// Names stand in the middle of cameras, and one that stands far off does not move them.
func TestNames(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	var drafts []registry.Draft
	for i, lon := range []float64{104.894, 104.895, 104.899} {
		drafts = append(drafts, registry.Draft{
			Carrier: "unicom", DeviceID: string(rune('A' + i)), Division: registry.Set("522301003001"), Lon: registry.Set(lon), Lat: registry.Set(25.09),
		})
	}
	drafts = append(drafts, registry.Draft{Carrier: "unicom", DeviceID: "NOWHERE", Division: registry.Set("522301003002")})
	if _, err := s.reg.Upsert(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
	var got nameList
	s.json("/api/v1/names", &got)
	for code, want := range map[string][]float64{"522301003001": {104.895, 25.09}, "522301003000": {104.895, 25.09}, "522301000000": {104.84914, 24.999688}} {
		if at, n := got.of(code); !slices.Equal(at, want) || n != 3 {
			t.Errorf("%s: %v with %d cameras, want %v with 3", code, at, n, want)
		}
	}
	if at, _ := got.of("522301003002"); at != nil {
		t.Errorf("a village stands at %v, and none of its cameras anywhere", at)
	}
	if at, n := got.of("522328000000"); at == nil || n != 0 {
		t.Errorf("a county without cameras: %v, %d", at, n)
	}
	answer, _ := s.get("/api/v1/names")
	tag := answer.Header.Get("ETag")
	if again, b := s.get("/api/v1/names", "If-None-Match", tag); tag == "" || again.StatusCode != http.StatusNotModified || len(b) != 0 || answer.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%s again: %s %s", tag, again.Status, b)
	}
	if _, err := s.reg.Upsert(t.Context(), []registry.Draft{{Carrier: "unicom", DeviceID: "D", Division: registry.Set("522301003001"), Lon: registry.Set(104.8991), Lat: registry.Set(25.09)}}); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.get("/api/v1/names", "If-None-Match", tag); again.StatusCode != http.StatusOK || again.Header.Get("ETag") == tag {
		t.Errorf("with another camera: %s %s", again.Status, again.Header.Get("ETag"))
	}
}

// Who may not know of a camera does not learn from a name where it stands.
func TestWhoSeesWhichNames(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	added, err := p.reg.Upsert(t.Context(), []registry.Draft{
		{Carrier: "telecom", DeviceID: "YARD", Division: registry.Set("522301003001"), Lon: registry.Set(104.90), Lat: registry.Set(25.09)},
		{Carrier: "unicom", DeviceID: "GATE", Division: registry.Set("522301003002"), Lon: registry.Set(104.95), Lat: registry.Set(25.09)},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.house = []media.CameraID{added[0].Camera}
	roles := p.everyone()
	p.file("investigator-1", "A1", "unicom:GATE")
	for role, want := range map[string]string{"admin": "1 2", "carrier": "2", "investigator": "2", "household": "1", "auditor": ""} {
		if want == "" {
			roles[role].send1(http.StatusForbidden, "GET", "/api/v1/names", nil)
			continue
		}
		_, b := roles[role].send("GET", "/api/v1/names", nil)
		var got nameList
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %s", role, b)
		}
		var villages []string
		for _, x := range got.Items {
			if x.Kind == "village" {
				villages = append(villages, strings.TrimPrefix(x.Code, "52230100300"))
			}
		}
		if got := strings.Join(villages, " "); got != want {
			t.Errorf("%s sees the villages %q, want %q", role, got, want)
		}
	}
}
