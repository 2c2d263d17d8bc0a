// Package limit is the one table of what a camera may send and hold
// (ingest/docs/rtsp.md, Limits). Together they keep what one camera can make the
// process hold below Camera, whatever it sends, and what it can make the process
// do below what Bitrate costs.
//
// A limit that is exceeded either leaves out what exceeds it (a packet, a
// parameter set, a picture: counted as damaged) or ends the attempt with an
// error that says so.
package limit

import "time"

// Camera is the most that one camera can make the process hold, all below
// together.
const Camera = 16 << 20

// Dialogue: beyond these a message is none.
const (
	Header  = 16 << 10 // bytes of a message before its body; usual are 300
	Lines   = 128      // of a header; usual are 10
	Body    = 64 << 10 // bytes; descriptions have 1 KB, with a dozen tracks 6
	Reason  = 200      // bytes of a camera's words in an error
	Pending = 16       // requests whose answers are waited for
)

// Description: what is beyond is not read.
const (
	Sections = 32 // media sections
	Types    = 32 // payload types, rtpmaps and fmtps of a section; parameter sets of a kind
	Audio    = 2  // audio tracks that are recorded: cameras with two have one a direction
)

// Media: what is beyond is left out.
const (
	Unit  = 8 << 20  // bytes of an access unit: the largest key frames seen have 7 MB
	Media = 12 << 20 // bytes of all tracks between the socket and the file, those that wait for the disk among them
	Queue = 8 << 20  // of these, bytes that wait for the disk, beside a fragment's largest picture: half a minute of a usual camera
	Probe = 4 << 20  // of these, bytes that wait until it is known how deep B-frames reach

	Set  = 16 << 10 // bytes of a parameter set: with all scaling lists they are below 2 KB
	Sets = 64 << 10 // bytes of all of them: they stand before every key frame

	Interleaved = 1 << 20 // bytes of NAL units that wait for their turn (RFC 6184 8.1), and of one being put together
	Reorder     = 1 << 20 // bytes of packets of a track that wait for a late one, over UDP
	AUs         = 128     // audio frames of a packet
)

// Rate: what is beyond ends the attempt. Each is a bucket: so much at once, and
// so much a second. The first are sized for a camera that opens with a minute of
// what it filmed, and for what the network held back.
const (
	Bitrate = 100_000_000            // bits a second, by default; of Burst seconds at once
	Burst   = 4 * time.Second        //
	Units   = 500                    // access units a second, of all tracks; 60 pictures and Opus of 2.5 ms are 460
	UnitsAt = 8000                   // at once
	Codings = 16                     // changes of the coding at once, each of which begins a segment
	Recode  = 4 * time.Second        // and one more in each
	Report  = 100 * time.Millisecond // between sender reports of a track; those that come sooner are not read
	Garbage = 1 << 20                // bytes that are neither frame nor message, empty frames among them, between two pictures
)

// Node: all cameras together.
const (
	Node       = 512 << 20 // bytes that wait for the disk: beyond it streams keep QueueLeast each
	QueueLeast = 1 << 20
)
