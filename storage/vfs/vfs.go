// Package vfs is the little of a file system that the spool and the file store
// need, so that a test can put a file system that loses power under them.
//
// Names are slash-separated, relative to the FS's root, and cannot climb out.
// Nothing is durable before it was asked to be: a file's bytes by Sync or
// Datasync, a name (created, renamed, linked, removed) by SyncDir of its folder.
package vfs

import (
	"io"
	"io/fs"
)

// File is an open file. Its methods may be called by one goroutine at a time,
// except ReadAt, which may be called by many.
type File interface {
	io.ReaderAt
	// Writev appends all buffers at the file's end with one system call where
	// that is possible. It returns the bytes written; on an error the tail of
	// the file is undefined. The buffers are not changed and not kept.
	Writev(bufs [][]byte) (int64, error)
	// Truncate cuts the file to size bytes; later writes append there.
	Truncate(size int64) error
	// Datasync makes the bytes and the size durable (fdatasync).
	Datasync() error
	// Sync makes bytes and attributes durable (fsync).
	Sync() error
	// Size is the present size in bytes.
	Size() (int64, error)
	Close() error
}

// Sender is a File opened for reading whose bytes may go to a socket without
// passing through the process (sendfile(2)).
type Sender interface {
	// SendTo gives w the n bytes from off, with one call of its ReadFrom, and
	// returns how many it took: fewer where the file ends. One call at a time:
	// it moves the file's position.
	SendTo(w io.ReaderFrom, off, n int64) (int64, error)
}

// FS is a folder. Errors wrap fs.ErrNotExist and fs.ErrExist where they apply.
type FS interface {
	// Create makes a new empty file for reading and appending; fs.ErrExist if
	// the name is taken.
	Create(name string) (File, error)
	// Open opens an existing file for reading.
	Open(name string) (File, error)
	// OpenAppend opens an existing file for reading and appending at its end.
	OpenAppend(name string) (File, error)
	// Rename replaces newname if it exists.
	Rename(oldname, newname string) error
	// Link makes a second name for a file; fs.ErrExist if newname is taken.
	Link(oldname, newname string) error
	Remove(name string) error
	// MkdirAll makes a folder and its parents, and makes the new names durable.
	MkdirAll(name string) error
	// ReadDir lists a folder in name order; "." is the root.
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Free returns the bytes an unprivileged writer can still store, and the
	// size of the file system.
	Free() (free, total int64, err error)
}
