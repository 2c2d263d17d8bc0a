package timesync_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/timesync"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

const page = "../docs/time.md"

// The page's example is what is computed, and its bounds are those in force.
func TestPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		var n []int64
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			if v, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 64); err == nil {
				n = append(n, v)
			}
		}
		if len(n) != 6 {
			continue
		}
		rows++
		m := segment.TimeMap{Tick0: n[1], US0: timeline.Micros(n[2]), PPB: int32(n[3])}
		if got := m.Wall(n[0], uint32(n[4])); int64(got) != n[5] {
			t.Errorf("%s: computed %d", strings.TrimSpace(line), got)
		}
	}
	if rows < 5 {
		t.Errorf("%d rows of numbers", rows)
	}
	if timesync.StepLimit != 500*time.Millisecond || timesync.SlewPPM != 500 {
		t.Errorf("the page says 500 ms and 500 ppm, in force are %v and %d", timesync.StepLimit, timesync.SlewPPM)
	}
}
