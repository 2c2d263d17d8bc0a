package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// A household pauses its own camera, ends that, and leaves; its carrier may do so on its
// word; nobody else may, for anybody's. Each is in the register before it happens.
func TestHouseholdDecides(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	p.house = []media.CameraID{media.CameraID(own)}
	roles := p.everyone()
	path := func(id, what string) string { return "/api/v1/cameras/" + id + what }
	home := roles["household"]

	for role, who := range roles {
		if role == "household" || strings.HasPrefix(role, "carrier") {
			continue
		}
		for what, body := range map[string]any{"/pauses": map[string]any{}, "/withdrawal": map[string]any{"understood": true}} {
			resp, b := who.send(http.MethodPost, path(own, what), body)
			if resp.StatusCode != 401 && resp.StatusCode != 403 && resp.StatusCode != 404 {
				t.Errorf("%s as %s: %s %s", what, role, resp.Status, b)
			}
		}
	}
	home.want(404, `"unknown_camera"`, "POST", path(foreign, "/pauses"), map[string]any{})
	home.want(404, `"unknown_camera"`, "POST", path(foreign, "/withdrawal"), map[string]any{"understood": true})

	var pause struct {
		ID    string
		To    *string
		Daily *struct {
			From int `json:"from_minute"`
		}
	}
	resp, b := home.send("POST", path(own, "/pauses"), map[string]any{"daily": map[string]any{"from_minute": 1320, "to_minute": 360}, "reason": "夜里"})
	if err := json.Unmarshal(b, &pause); err != nil || resp.StatusCode != 200 || pause.To != nil || pause.Daily == nil || pause.Daily.From != 1320 {
		t.Fatalf("pause: %s %s, %v", resp.Status, b, err)
	}
	home.want(200, `"reason":"夜里"`, "GET", path(own, "/life"), nil)
	home.want(400, `"bad_parameter"`, "POST", path(own, "/pauses"), map[string]any{"from": "2026-11-23T09:00:00+08:00", "to": "2026-11-22T09:00:00+08:00"})
	home.want(400, `"bad_parameter"`, "POST", path(own, "/pauses"), map[string]any{"to": "tomorrow"})
	if resp, b := home.send("DELETE", path(own, "/pauses/"+pause.ID), nil); resp.StatusCode != http.StatusNoContent {
		t.Errorf("resume: %s %s", resp.Status, b)
	}
	home.want(200, `"pauses":[]`, "GET", path(own, "/life"), nil)
	roles["carrier"].want(200, `"id":"p_`, "POST", path(own, "/pauses"), map[string]any{"reason": "农户来电"})
	roles["admin"].want(200, `农户来电`, "GET", path(own, "/life"), nil)
	roles["auditor"].want(403, `"forbidden"`, "GET", path(own, "/life"), nil)

	home.want(400, `"not_understood"`, "POST", path(own, "/withdrawal"), map[string]any{"understood": false, "reason": "搬家"})
	home.want(200, `"state":"begun"`, "POST", path(own, "/withdrawal"), map[string]any{"understood": true, "reason": "搬家"})
	home.want(200, `搬家`, "POST", path(own, "/withdrawal"), map[string]any{"understood": true, "reason": "again"})
	home.want(200, `"lifecycle":"withdrawn"`, "GET", path(own, "/life"), nil)
	// Its footage is gone for everybody: also for who may see all, on a server without accounts.
	roles["admin"].want(410, `"consent_withdrawn"`, "GET", path(own, "/clip.mp4")+"?"+span2, nil)

	entries, err := p.site.entries.List(t.Context(), register.Query{Camera: media.CameraID(own), Written: timeline.Span{To: timeline.Forever}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, e := range entries.Items {
		if strings.HasPrefix(e.Act, "camera.") && e.Result == "" {
			acts = append(acts, e.Act+" "+e.Reason)
		}
	}
	for _, want := range []string{"camera.pause 夜里", "camera.resume ", "camera.pause 农户来电", "camera.withdraw 搬家"} {
		if !slices.Contains(acts, want) {
			t.Errorf("%q is not in the register: %q", want, acts)
		}
	}
}
