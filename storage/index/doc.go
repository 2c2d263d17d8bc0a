// Package index finds footage by stream and time.
//
// It has three nouns. A Row is one sealed segment: where its bytes are, what
// span it covers, and where it stands in its life. A Rev is the state of the
// index after a change: every answer can be given again as of an earlier one,
// until footage in it was deleted. A CauseInterval says why a stream had no
// footage; gaps are not stored but derived from what is covered, these
// intervals and the runs of the node.
//
// The index is derived: rows from the segments in spool and store, causes and
// holds from the acts in the store. So its commits survive kill -9, but only
// those that allow or forbid a deletion are synced against a power cut. What is
// missing here is never deleted because of that; a new index over a store with
// footage starts in safe mode.
//
// It keeps no bytes of footage, moves no objects and knows no cameras: that is
// for packages storage, retention and registry.
package index
