package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/storage/timeline"
)

// A camera's clock is a minute and a half slow, until somebody sets it. Its footage
// says how the clock stood when it was recorded, also after a reindex.
func TestClockOffsetOfItsTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: a whole server")
	}
	dir := t.TempDir()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	offsets := []time.Duration{-90 * time.Second, 3 * time.Second}
	var seen []timeline.Span // the first by one clock, the second by the other
	for _, off := range offsets {
		srv := camtest.Start(t, rtsptest.Config{Width: 320, Height: 184, NoSub: true, ClockOffset: off, ReportEvery: 300 * time.Millisecond})
		list := filepath.Join(t.TempDir(), "list.csv")
		text := "carrier_device_id,rtsp_url,lon,lat\nGATE," + srv.URL(1) + ",104.9,25.09\n"
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, errs, code := qianshao(t, "import", list, "--data", dir); code != exitOK {
			t.Fatalf("import: exit %d\n%s%s", code, out, errs)
		}
		if err := srv.WaitSent(t.Context(), 1, 0); err != nil {
			t.Fatal(err)
		}
		before, err := covered(t, dir, "GATE")
		if err != nil {
			t.Fatal(err)
		}
		if err := waitRecorded(t.Context(), dir, "GATE", before+4*timeline.Second); err != nil {
			t.Fatal(err)
		}
		got, err := askAll(t, dir, "GATE")
		if err != nil {
			t.Fatal(err)
		}
		last := got.Covered[len(got.Covered)-1]
		seen = append(seen, timeline.Span{From: last.To - 2*timeline.Second, To: last.To - timeline.Second})
	}
	p.terminate(t) // what was open is sealed
	ask := func() {
		t.Helper()
		p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
		for i, off := range offsets {
			window := url.Values{"from": {seen[i].From.String()}, "to": {seen[i].To.String()}}.Encode()
			var got struct {
				Items []struct {
					Off  float64         `json:"clock_offset_ms"`
					By   float64         `json:"clock_uncertainty_ms"`
					When []timeline.Span `json:"clock_offsets"`
				} `json:"items"`
			}
			if code := get(t, p.url+"/api/v1/footage?near=104.9,25.09&"+window, &got); code != http.StatusOK || len(got.Items) != 1 {
				t.Fatalf("HTTP %d, %+v", code, got)
			}
			x := got.Items[0]
			want := off.Seconds() * 1000
			if d := x.Off - want; d < -x.By-20 || d > x.By+20 || x.By < 10 || x.By > 200 {
				t.Errorf("the clock was %v off, by the footage %v ± %v ms", off, x.Off, x.By)
			}
			if len(x.When) != 1 || x.When[0] != seen[i] {
				t.Errorf("measured at %v, the footage is of %v", x.When, seen[i])
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, p.url+footagePath("GATE", "clip.mp4")+"?"+window, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if said := answer.Header.Get("X-Clip-Clock-Offset-Us"); said != fmt.Sprintf("%.0f;uncertainty=%.0f", x.Off*1000, x.By*1000) {
				t.Errorf("the clip says %q, the search %v ± %v ms", said, x.Off, x.By)
			}
		}
		p.terminate(t)
	}
	ask()
	if out, errs, code := qianshao(t, "reindex", "--data", dir); code != exitOK {
		t.Fatalf("reindex: exit %d\n%s%s", code, out, errs)
	}
	ask()
	if out, errs, code := qianshao(t, "check", "--deep", "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
}
