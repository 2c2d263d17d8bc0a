// Package retention decides what footage may be deleted, and deletes it.
//
// A Policy says how long and how much to keep; MakePlan turns it into a Plan, a
// list of segments, or into the reason why not; an Executor carries a plan out
// so that a crash at any moment loses nothing that was to stay and leaves
// nothing that was to go. Holds and safe mode outrank every policy. Only what
// the index knows is ever deleted.
package retention

import (
	"errors"
	"fmt"

	"qianshao/storage/timeline"
)

// Policy says how long and how much footage is kept. The zero value keeps
// everything.
type Policy struct {
	Days     int   // footage goes when it ended so many days ago; 0: never by age
	MaxBytes int64 // of all footage together; the oldest goes first; 0: no limit
	MinFree  int64 // bytes to leave free where the store lies; 0: no limit
}

// ErrClock is why Days is refused: the clock cannot be trusted with deletions.
// MaxBytes and MinFree do not ask it.
var ErrClock = errors.New("footage does not expire by age while the clock is uncertain")

// ErrTooMuch is why Days is refused: the pass would delete more than twice what
// was recorded on the day now due, as it would after a clock that jumped ahead
// or a Days that was lowered. TooMuchError wraps it.
var ErrTooMuch = errors.New("more footage is due than a day's worth explains")

// ErrSafeMode is returned by a pass while deletes are off.
var ErrSafeMode = errors.New("deletes are off (safe mode)")

// TooMuchError tells an operator what waits to be confirmed.
type TooMuchError struct {
	Due    int64           // bytes the pass would delete
	Limit  int64           // bytes it may delete unasked
	Before timeline.Micros // all of it ended before this moment: what to confirm
}

// Error ends with the next action.
func (e *TooMuchError) Error() string {
	return fmt.Sprintf("%v: %d bytes are due, %d may go unasked: check the clock and retention.days, then run: qianshao retention confirm",
		ErrTooMuch, e.Due, e.Limit)
}

// Unwrap gives ErrTooMuch.
func (e *TooMuchError) Unwrap() error { return ErrTooMuch }
