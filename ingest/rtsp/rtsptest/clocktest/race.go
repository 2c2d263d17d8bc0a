//go:build race

package clocktest

// Slow is by how much bounds of time are wider than promised: the race detector
// makes everything several times slower. What is promised is judged without it.
const Slow = 16

const parallel = 10
