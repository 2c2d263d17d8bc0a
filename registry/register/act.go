package register

import (
	"context"
	"errors"
	"fmt"

	"qianshao/storage/media"
)

// Results of entries. Of acts without one, what was to happen happened, unless a
// later entry (Of) says otherwise.
const (
	Allowed = "allowed" // footage could be seen from then on
	Refused = "refused" // somebody was not let in, or not shown what they asked for
	Failed  = "failed"  // it did not happen; the note says why
	Done    = "done"    // with what came of it, where that was not known before
)

// ErrUnwritten is wrapped by Act when the register cannot be written.
var ErrUnwritten = errors.New("the access register cannot be written, so nothing was changed")

// Act writes an entry, and then does what it tells of. What fails there is told by
// a second entry that names the first. The error is that of do, or wraps
// ErrUnwritten: do was not called then.
func (r *Register) Act(ctx context.Context, e *Entry, do func() error) error {
	if err := r.Append(ctx, e); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	err := do()
	if err == nil {
		return nil
	}
	if werr := r.Outcome(ctx, e, Failed, err.Error()); werr != nil {
		return errors.Join(err, werr)
	}
	return err
}

// Outcome writes what came of an entry that Append has taken: nothing there is
// ever changed. It is written even where ctx has ended.
func (r *Register) Outcome(ctx context.Context, of *Entry, result, note string, cameras ...media.CameraID) error {
	return r.Append(context.WithoutCancel(ctx), of.outcome(result, note, cameras))
}

// Outcomes are written at once: of each entry that failed, by its place in the
// list.
func (r *Register) Outcomes(ctx context.Context, list []*Entry, failed map[int]error) error {
	var out []*Entry
	for i, e := range list {
		if err := failed[i]; err != nil {
			out = append(out, e.outcome(Failed, err.Error(), nil))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return r.Append(context.WithoutCancel(ctx), out...)
}

func (e *Entry) outcome(result, note string, cameras []media.CameraID) *Entry {
	return &Entry{
		Kind: e.Kind, Who: e.Who, Unit: e.Unit, Case: e.Case, Address: e.Address, Viewing: e.Viewing, Act: e.Act, Cameras: cameras,
		Result: result, Note: Clean(note), Of: &Mark{e.Seq, e.Hash.String()},
	}
}
