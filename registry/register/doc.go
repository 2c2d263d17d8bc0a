// Package register is the access register 调用登记: who saw which footage, when
// and why, and what an operator changed. It is append-only. Every entry carries
// the SHA-256 of the one before it, so that one that was altered, removed or
// moved is found by anybody with the files and sha256sum.
//
// Append returns when the entry is synced on this machine; whoever is to give
// out footage calls it first, and gives nothing where it fails. Run ships
// entries to the store: a copy that cannot be shortened together with the files
// here. Verify holds the chain, and that copy, against each other.
//
// One process owns one chain. A folder may hold further ones, of machines that
// are gone; List merges them.
package register
