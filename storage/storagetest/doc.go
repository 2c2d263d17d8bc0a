// Package storagetest fills real archives with real footage, for tests.
//
// A Video is a short encoded loop whose pictures carry their number (Paint,
// ReadNumber); a Sound is an encoded loop of a tone. A Script says how a camera
// would have sent them: when, with which silences and changes of coding. Record
// turns the script into sealed segments through the spool, the store and the
// index, and returns what was recorded, frame by frame, as the test's truth.
//
// The package shares no code with the recorder: it is a second opinion on the
// segment format's rules of time.
package storagetest
