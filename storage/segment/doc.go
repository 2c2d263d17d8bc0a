// Package segment is the layout of one segment: a fragmented MP4 that any
// player opens, with our own uuid boxes that make it self-describing and its
// tail provable. docs/segment.md (in storage) draws the bytes.
//
// The nouns: a Head says which stream and when the segment begins; a Fragment
// is one moof+mdat closed by a COMMIT; a Foot is the table of every sample,
// written when the segment is sealed. This package does no file I/O beyond
// io.ReaderAt and never decodes pictures.
package segment
