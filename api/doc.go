// Package api is the HTTP side of the archive: JSON about cameras and footage,
// clips, live view, pictures, and the page.
//
// Three nouns: a route (routes.go lists them all, with who may use them), what
// was asked (the camera, stream and span that the gate made of a request), and
// a Problem (every error's answer, with what to do next). Clips are made by
// package clip, pictures by storage/picture, the page by api/web.
//
// The package keeps no state of its own: everything it says is read from the
// registry and the archive at that moment.
package api
