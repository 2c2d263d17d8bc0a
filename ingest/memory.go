package ingest

import (
	"os"
	"runtime/debug"
)

// SetMemory makes the process collect garbage four times as early as the
// default, unless GOGC says otherwise. Media is outside the collector's heap and
// the hot path allocates nothing, so that a collection is rare and short, and
// the heap holds little beyond what is in use.
func SetMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
}
