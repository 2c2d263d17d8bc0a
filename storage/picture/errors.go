package picture

import "errors"

// Errors that callers branch on.
var (
	// ErrNoFFmpeg: the ffmpeg program is not installed, or not where the
	// configuration says.
	ErrNoFFmpeg = errors.New("ffmpeg is not installed")
	// ErrBusy: too many pictures are being made; ask again in a moment.
	ErrBusy = errors.New("too many pictures are being made")
	// ErrUndecodable: ffmpeg made no picture of this key frame.
	ErrUndecodable = errors.New("no picture can be made of this key frame")
	// ErrNone: there is no key frame at the moment asked for.
	ErrNone = errors.New("no key frame at this moment")
)
