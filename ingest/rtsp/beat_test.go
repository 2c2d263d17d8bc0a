package rtsp

import (
	"testing"
	"time"
)

// Beats are the same for all, some 200 to 300 ms from the moment they are chosen,
// and stand at every age of a picture, whatever its pace.
func TestBeats(t *testing.T) {
	t.Parallel()
	for now := time.Duration(0); now < 10*time.Second; now += 7 * time.Millisecond {
		at := beatNear(now + beatLeast)
		if d := at - now; d < beatLeast-beatGrid/2 || d > beatLeast+beatGrid/2+beatLate {
			t.Fatalf("at %s the next beat is %s away", now, d)
		}
		if other := beatNear(at - at%beatGrid); other != at {
			t.Fatalf("beats at %s and %s", at, other)
		}
	}
	for _, pace := range []time.Duration{beatGrid, 2 * beatGrid, 40 * time.Millisecond, 100 * time.Millisecond / 3, 2 * beatLate} {
		var met [5]int // ages of the picture before a beat, in fifths of beatLate
		for n := range time.Duration(1000) {
			if age := beatNear(n*beatGrid) % pace; age < beatLate {
				met[age*5/beatLate]++
			}
		}
		for i, n := range met {
			if n < 40 {
				t.Errorf("pictures every %s: %d of 1000 beats meet them at the age of %d fifths of %s", pace, n, i, beatLate)
			}
		}
	}
}
