// Package clip answers a window of a stream's footage as one file.
//
// A File is virtual: the rows and feet of the segments alone say where every
// byte comes from, so its size, its ETag and any range of it are known before
// media is read. Plan passes over the feet once and counts; WriteRange passes
// again over those it needs and copies.
//
// Its nouns: a Part is one segment's share of the file; a reel runs over a part
// and yields chunks (the samples of one track in one stored fragment); a layout
// is the order of boxes and chunks in the file:
//
//	clip.mp4   ftyp | moov (tables, a piece a part) | mdat (chunks, part by part)
//	play.mp4   ftyp | moov (mvex) | sidx | { moof mdat } × n
//
// Times in a file are positions: ticks of a track since the first frame shown.
// Each segment is placed by its wall time, and placed again inside wherever its
// clock has drifted from the wall by a millisecond, so errors never add up.
package clip
