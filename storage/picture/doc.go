// Package picture turns recorded key frames into JPEG pictures.
//
// A Shot is a key frame that was found in the archive; nothing of it has been
// read yet. A Maker decodes Shots with an ffmpeg process, few at a time, and
// keeps what it made; pictures that are JPEG already (MJPEG cameras) need no
// ffmpeg. A Sheet is many small pictures in one, for a look over a long window.
//
// Pictures are for finding footage. They are decoded and encoded again: evidence
// is the clip.
package picture
