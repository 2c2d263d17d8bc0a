package rtsp

import (
	"errors"
	"os"
	"strings"
	"testing"

	"qianshao/storage/timeline"
)

// The page's table of ends says what the code does.
func TestPageCauses(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/rtsp.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]error{
		"ErrAuth": ErrAuth, "ErrPin": ErrPin, "ErrURL": ErrURL, "ErrBusy": ErrBusy, "ErrTransport": ErrTransport,
		"ErrNoVideo": ErrNoVideo, "ErrRedirects": ErrRedirects, "ErrNoFrame": ErrNoFrame, "ErrStalled": ErrStalled,
		"ErrNobody": ErrNobody, "ErrTooMuch": ErrTooMuch, "ErrGarbage": ErrGarbage,
		"": errors.New("connection refused"),
	}
	seen := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(f) != 4 {
			continue
		}
		end, ok := known[strings.TrimSpace(f[1])]
		cause, err := timeline.ParseCause(strings.TrimSpace(f[2]))
		if !ok || err != nil {
			continue
		}
		seen++
		if got := Cause(end); got != cause {
			t.Errorf("%s: the cause is %s", strings.TrimSpace(line), got)
		}
		if Waits(end) != strings.Contains(f[3], "edit") {
			t.Errorf("%s: waits %v", strings.TrimSpace(line), Waits(end))
		}
	}
	if seen != len(known) {
		t.Errorf("%d of %d ends are on the page", seen, len(known))
	}
}
