package limit_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/limit"
)

// The page says what the table says.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/rtsp.md")
	if err != nil {
		t.Fatal(err)
	}
	kib := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }
	mib := func(n int) string { return fmt.Sprintf("%d MiB", n>>20) }
	number := func(n int) string { return fmt.Sprint(n) }
	for name, is := range map[string]string{
		"Header": kib(limit.Header), "Lines": number(limit.Lines), "Body": kib(limit.Body), "Sections": number(limit.Sections), "Types": number(limit.Types),
		"Audio": number(limit.Audio), "Unit": mib(limit.Unit), "Media": mib(limit.Media), "Queue": mib(limit.Queue), "Probe": mib(limit.Probe),
		"Set": kib(limit.Set), "Sets": kib(limit.Sets), "Interleaved": mib(limit.Interleaved), "Reorder": mib(limit.Reorder), "AUs": number(limit.AUs),
		"Bitrate": number(limit.Bitrate/1_000_000) + " Mbit/s (`ingest.max_mbit`)", "Units": number(limit.Units) + " a second",
		"Codings": number(limit.Codings), "Report": fmt.Sprintf("%d ms", limit.Report.Milliseconds()), "Garbage": mib(limit.Garbage), "Node": mib(limit.Node),
	} {
		if !strings.Contains(string(page), fmt.Sprintf("\n| %s | %s | ", name, is)) {
			t.Errorf("%s is not %s on the page", name, is)
		}
	}
}

// What is held at once fits what one camera may hold.
func TestSum(t *testing.T) {
	t.Parallel()
	const tracks = 1 + limit.Audio
	sum := limit.Media + 2*limit.Interleaved + limit.Sets + 4*(limit.Header+limit.Body) + limit.Types*limit.Set
	overUDP := limit.Media + tracks*limit.Reorder + limit.Sets + limit.Types*limit.Set // nothing is interleaved twice
	for _, n := range []int{sum, overUDP} {
		if n > limit.Camera {
			t.Errorf("%d bytes are more than %d", n, limit.Camera)
		}
	}
}
