package main

import (
	"context"
	"strings"
	"testing"

	"qianshao/storage/media"
)

// A camera outside its carrier's networks is not dialled, and its record says
// so. 198.51.100.0/24 is reserved for documentation.
func TestCarriersNetworks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := settingsFile(t, "ingest: {networks: [unicom 192.0.2.0/24]}")
	p := start(t, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir)
	for device, url := range map[string]string{
		"unicom:OUT":  "rtsp://198.51.100.7/a",    // elsewhere
		"mobile:HOME": "rtsp://192.168.1.64/a",    // not local, and no network is set
		"local:META":  "rtsp://169.254.169.254/a", // never
	} {
		if out, errs, code := qianshao(t, "camera", "add", device, url, "--data", dir); code != exitOK {
			t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
		}
	}
	wants := map[string]string{
		"unicom:OUT": "outside the networks set for carrier unicom", "mobile:HOME": "a private network", "local:META": "a link-local address",
	}
	err := until(t.Context(), "the cameras to say why", func(context.Context) (bool, error) {
		var page struct {
			Items []struct {
				ID      media.CameraID `json:"id"`
				Carrier string         `json:"carrier"`
				Device  string         `json:"carrier_device_id"`
				State   string         `json:"state"`
				Error   string         `json:"last_error"`
			} `json:"items"`
		}
		get(t, p.url+"/api/v1/cameras", &page)
		said := 0
		for _, c := range page.Items {
			if want := wants[c.Carrier+":"+c.Device]; strings.Contains(c.Error, want) && c.State == "waiting" {
				said++
			}
		}
		return said == len(wants), nil
	})
	if err != nil {
		var page map[string]any
		get(t, p.url+"/api/v1/cameras", &page)
		t.Fatalf("%v: %v", err, page)
	}
}
