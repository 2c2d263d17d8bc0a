//go:build !race

package clocktest

// Slow is by how much bounds of time are wider than promised: not at all.
const Slow = 1

const parallel = 16
