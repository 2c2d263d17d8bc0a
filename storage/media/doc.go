// Package media names what a camera sends: streams, tracks, codecs and access
// units. It does no I/O and knows no container.
//
// A camera has up to three streams (main, sub, sub2). A stream has tracks (one
// video, any number of audio). A track is a sequence of access units: one
// picture, or one audio frame, with a presentation time in ticks.
package media
