// Package crashfs is a file system in memory that models power loss, for tests.
//
// It keeps two views of everything: what a running program sees, and what has
// been made durable by Sync, Datasync, SyncDir and MkdirAll. Crash builds a
// third: what a disk may hold after the power went.
//
//   - Synced bytes survive. Of the bytes after them each 512-byte sector may
//     have arrived, or hold zeros, noise or another file's old bytes; the file
//     may be shorter, or longer than what arrived. A Truncate that was not
//     synced may have happened or not, and what lay beyond it is in doubt.
//   - Synced names survive. Each later create, link, rename and remove may have
//     arrived or not, but in order where they touch one name: a name never goes
//     back to something older than what it was synced as.
//   - A rename arrives as the new name, as the old, or as both, never as neither.
//     Syncing the folder of the new name makes the new name durable; the old
//     name in another folder may come back until that folder is synced as well.
//   - A removed folder takes the removals inside it with it.
//
// This is harsher than ext4 or XFS with their default options are, and allows
// what POSIX allows. It does not model a disk that lies about a flush, nor one
// that damages what it held.
package crashfs
