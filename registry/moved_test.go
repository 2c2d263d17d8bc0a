package registry

import (
	"testing"
	"time"

	"qianshao/storage/acts"
	"qianshao/storage/timeline"
)

// A camera that was moved some days ago is entered as of then: it is found by where it
// stood at the time, also from the acts alone.
func TestMovedSomeDaysAgo(t *testing.T) {
	t.Parallel()
	clock, log := newClock(), &actLog{}
	r := open(t, Config{Now: clock.now, Acts: log})
	begun := timeline.FromTime(clock.t)
	cam := put(t, r, Draft{DeviceID: "A", URL: Set("rtsp://10.0.0.1/a"), Lon: Set(104.9), Lat: Set(25.09), Azimuth: Set(90.0)}, Created)
	clock.t = clock.t.Add(9 * 24 * time.Hour)
	tuesday := begun + 5*timeline.Day
	move := Draft{DeviceID: "A", Name: Set("moved"), Lon: Set(105.0), ValidFrom: tuesday}
	for what, at := range map[string]timeline.Micros{"in the future": begun + 11*timeline.Day, "before it was there": begun - timeline.Day} {
		bad := move
		bad.ValidFrom = at
		out, err := r.Upsert(t.Context(), []Draft{bad})
		if err != nil || out[0].Code != CodeOutOfRange || out[0].Field != "valid_from" {
			t.Errorf("%s: %+v, %v", what, out, err)
		}
	}
	put(t, r, move, Updated)
	put(t, r, move, Unchanged)
	put(t, r, Draft{DeviceID: "A", Azimuth: Set(180.0), ValidFrom: begun + 7*timeline.Day}, Updated) // turned since
	back := open(t, Config{Now: clock.now})
	var list []acts.Act
	log.mu.Lock()
	list = append(list, log.list...)
	log.mu.Unlock()
	if _, err := back.Replay(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for name, reg := range map[string]*Registry{"": r, "from the acts: ": back} {
		for _, c := range []struct {
			day          timeline.Micros
			lon, azimuth float64
		}{{2, 104.9, 90}, {6, 105, 90}, {8, 105, 180}} {
			at := begun + c.day*timeline.Day
			found, err := reg.Near(t.Context(), c.lon, 25.09, 100, timeline.Span{From: at, To: at + timeline.Hour})
			if err != nil || len(found) != 1 || found[0].ID != cam.ID {
				t.Fatalf("%sday %d: %+v, %v", name, c.day, found, err)
			}
			other, err := reg.Near(t.Context(), 209.9-c.lon, 25.09, 100, timeline.Span{From: at, To: at + timeline.Hour})
			if err != nil || len(other) != 0 {
				t.Errorf("%sday %d: it stands where it did not: %+v, %v", name, c.day, other, err)
			}
			var azimuth float64
			if err := reg.db.R().QueryRowContext(t.Context(), `SELECT azimuth_deg FROM camera_places WHERE camera = ? AND valid_from <= ? AND valid_to > ?`,
				string(cam.ID), int64(at), int64(at)).Scan(&azimuth); err != nil || azimuth != c.azimuth {
				t.Errorf("%sday %d: it looks to %v, %v", name, c.day, azimuth, err)
			}
		}
	}
}
