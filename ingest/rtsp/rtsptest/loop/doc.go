// Package loop makes the short pieces of video and audio that the simulated
// cameras send again and again: encoded once by ffmpeg, cached, and cut into
// access units.
//
// A Video is a loop of N pictures that begins with a key frame and whose GOPs
// are closed, so that it may follow itself without a seam. A picture's place in
// the loop is drawn into it (package framecode). An Audio is a loop of 8 s
// whose tone steps each second. Frame numbers, wall time and RTP belong to
// package rtsptest; this package knows only places in a loop.
//
// The loops of the demo are embedded, so it starts without ffmpeg. Others are
// kept in the user's cache folder under qianshao/loops, published by rename,
// named by the hash of what made them.
package loop

//go:generate go run ./internal/embedgen
