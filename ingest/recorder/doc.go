// Package recorder turns access units into sealed segments.
//
// A Recorder serves one stream for its whole life. The pulling goroutine calls
// Begin, Unit, Report and Idle; these never wait for the disk. They give
// pictures their decode times (order), gather samples into fragments and
// segments (assembly), place segments on the timeline, and queue finished
// fragments. One writer goroutine a stream (Run) appends them to the spool,
// seals, and reports what could not be kept.
package recorder
