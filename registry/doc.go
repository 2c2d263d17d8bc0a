// Package registry knows which cameras exist, where they stand, how to reach
// them, since when they are recorded, and how their streams fare right now.
//
// Its nouns: a Camera with up to three Streams and a Place; a Draft, which is
// what an import or a command wants a camera to be; a State, which ingest keeps
// up to date. Registry is the front door. Cameras are in DATA/registry.db with
// their passwords sealed under DATA/secret.key; states are in memory, and their
// changes in the database.
//
// Enrolment, change of place and removal are acts: they are handed to the
// store's log before they are acknowledged (Config.Acts), so that the archive
// alone can name its cameras again.
//
// The package dials nobody and judges no footage.
package registry
