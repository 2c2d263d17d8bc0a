package index

import (
	"errors"
	"io/fs"
)

// ErrConflict is returned by Add when the index knows the same identity with
// another checksum: two recorders claimed one (stream, epoch, boot, seq).
var ErrConflict = errors.New("segment identity is taken by other content")

// ErrBadRow is returned by Add for a row that cannot be a sealed segment.
var ErrBadRow = errors.New("not a segment row")

// ErrNotExist is returned (wrapped) by Get and SetStored for an unknown
// identity. It is fs.ErrNotExist.
var ErrNotExist = fs.ErrNotExist

// ErrGone is returned by an answer as of a revision that can no longer be
// given: footage in the window was dropped since, the revision may have been
// lost with a power cut or another database, or it lies in the future.
var ErrGone = errors.New("this revision can no longer be answered")

// ErrOtherStore is returned by Meet when the index belongs to another store.
// Deletes are off from then on.
var ErrOtherStore = errors.New("index belongs to another store")
