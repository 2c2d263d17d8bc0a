// Package place knows where things are: coordinate systems, divisions (county,
// township, village), landmarks, and how people write their names.
package place
