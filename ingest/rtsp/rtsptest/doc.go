// Package rtsptest simulates cameras: an RTSP/1.0 server, written by hand, that
// sends loops of coded pictures whose every frame says which one it is and when
// it was taken. It is the truth recordings are audited against and the demo's
// cameras; it shares no code with the recorder or the archive.
//
// A camera has a main stream at /camNNNN and a sub-stream at /camNNNN/sub. A
// frame has a number, counted from the unix epoch: at the unix time t the frame
// floor(t × rate) is current, for every camera, whoever asks. It is shown
// picture number mod N of the loop, carries its number and time in an SEI
// message (package stamp) and its place in the loop in the picture (package
// framecode), and leaves at its own time; a session opens with the frames since
// the last key frame, as cameras do.
//
// RTP timestamps are presentation times with a random start a session. Frames
// are cut into payloads once and shared; a session adds headers, and writes a
// frame with one system call.
//
// A Fault makes cameras misbehave at a stated time. What was really written to
// a socket is in Server.Sent.
package rtsptest
