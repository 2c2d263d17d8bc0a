//go:build !linux

package ingest

// SetTimerSlack does nothing here.
func SetTimerSlack() {}
