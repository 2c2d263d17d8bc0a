package retention

import (
	"context"
	"errors"
	"fmt"

	"qianshao/storage/acts"
	"qianshao/storage/index"
)

// Erase carries an erase act out, in an order in which every step may run twice:
//
//	act recorded → rows hidden, cause logged → act in the store → bytes deleted → rows dropped
//
// What a hold keeps stays, and what comes later is hidden as it comes; FinishErased
// takes both. When the store is away the error is acts.ErrNotShipped: the footage is
// hidden, and FinishErased deletes it later.
//
// Unlike a Pass it asks neither the clock nor safe mode: the household has asked for it.
func (e *Executor) Erase(ctx context.Context, act *acts.Act) (Report, error) {
	recorded := e.cfg.Acts.AppendWait(ctx, act)
	if recorded != nil && !errors.Is(recorded, acts.ErrNotShipped) {
		return Report{}, fmt.Errorf("erase: %w", recorded)
	}
	if err := acts.Apply(ctx, e.cfg.Index, *act); err != nil {
		return Report{}, fmt.Errorf("erase: %w", err)
	}
	if recorded != nil {
		return Report{}, fmt.Errorf("erase: %w", recorded)
	}
	return e.FinishErased(ctx)
}

// FinishErased hides what holds have let go of earlier erasures, and deletes all bytes
// of what erasures have hidden.
func (e *Executor) FinishErased(ctx context.Context) (rep Report, err error) {
	e.erasing.Lock()
	defer e.erasing.Unlock()
	if _, err := e.cfg.Index.HideErased(ctx); err != nil {
		return rep, fmt.Errorf("erase: %w", err)
	}
	var rows []index.Row
	for first := true; ; first = false {
		if rows, err = e.cfg.Index.ErasedHidden(ctx, hideAtOnce); err != nil || len(rows) == 0 {
			break
		}
		if first { // the acts that explain these deletions may still be on this machine
			if err = e.cfg.Acts.Ship(ctx); err != nil {
				break
			}
		}
		gone, failed := e.deleteAll(ctx, rows, &rep)
		if err = errors.Join(failed, e.cfg.Index.Drop(ctx, gone...)); err != nil {
			break // what could not be deleted is tried again next time
		}
	}
	if err != nil {
		return rep, fmt.Errorf("erase: %w", err)
	}
	return rep, nil
}
