package clip

import (
	"errors"
	"fmt"

	"qianshao/storage/timeline"
)

// Errors that Plan returns, each with what to do next. Test with errors.Is, and
// with errors.As for NoFootageError, GapError and ParamError.
var (
	// ErrNoFootage: no frame lies in the window (404). It is wrapped by
	// NoFootageError, which knows the nearest footage.
	ErrNoFootage = errors.New("no footage in this window")
	// ErrNoKeyFrame: there are frames, but no key frame from which they could be
	// decoded without giving more than the allowed lead-in (422).
	ErrNoKeyFrame = errors.New("no key frame in this window from which its frames can be decoded; ask for a longer window")
	// ErrGapTooLong: gaps=keep cannot bridge a gap beyond MaxGap (422).
	ErrGapTooLong = errors.New("a gap in this window is too long to be kept; ask with gaps=join")
	// ErrTooLong: the window exceeds MaxWindow (422).
	ErrTooLong = fmt.Errorf("the window is longer than %d days; ask for shorter ones", MaxWindow/timeline.Day)
	// ErrGone: the pinned answer (as_of) can no longer be given (410).
	ErrGone = errors.New("this pinned answer can no longer be given; ask again without as_of")
	// ErrBadParam: a query parameter is malformed (400). Wrapped by ParamError.
	ErrBadParam = errors.New("bad query parameter")
	// ErrBadRange: several ranges, or none that the file can satisfy (416).
	ErrBadRange = errors.New("range cannot be satisfied; ask for one range inside the file")
)

// NoFootageError tells the footage nearest to a window without any. Before and
// After are nil where there is none.
type NoFootageError struct {
	Window        timeline.Span
	Before, After *timeline.Span
}

// Error implements error.
func (e *NoFootageError) Error() string {
	s := fmt.Sprintf("%v %s to %s", ErrNoFootage, e.Window.From, e.Window.To)
	if e.Before != nil {
		s += fmt.Sprintf("; nearest before ends %s", e.Before.To)
	}
	if e.After != nil {
		s += fmt.Sprintf("; nearest after begins %s", e.After.From)
	}
	return s
}

// Unwrap makes the error an ErrNoFootage.
func (e *NoFootageError) Unwrap() error { return ErrNoFootage }

// GapError names the gap that gaps=keep cannot bridge.
type GapError struct{ Gap timeline.Span }

// Error implements error.
func (e *GapError) Error() string {
	return fmt.Sprintf("no footage from %s to %s: %v", e.Gap.From, e.Gap.To, ErrGapTooLong)
}

// Unwrap makes the error an ErrGapTooLong.
func (e *GapError) Unwrap() error { return ErrGapTooLong }

// ParamError names the query parameter that is malformed and what it should be.
type ParamError struct{ Name, Value, Want string }

// Error implements error.
func (e *ParamError) Error() string {
	return fmt.Sprintf("%s=%q: want %s", e.Name, e.Value, e.Want)
}

// Unwrap makes the error an ErrBadParam.
func (e *ParamError) Unwrap() error { return ErrBadParam }
