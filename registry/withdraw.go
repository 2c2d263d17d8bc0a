package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Withdrawal is a household that has left: its camera is not recorded any more, and its
// footage is being deleted.
type Withdrawal struct {
	ID     string          `json:"id"` // of the erase act
	Camera media.CameraID  `json:"camera"`
	At     timeline.Micros `json:"at"`
	// Until is some minutes after At: footage that starts before is erased, what was on
	// its way at At included.
	Until   timeline.Micros `json:"until"`
	By      By              `json:"by"`
	State   WithdrawalState `json:"state"`
	Trouble string          `json:"trouble,omitempty"` // why it does not go on; it is tried again
	Receipt json.RawMessage `json:"receipt,omitempty"` // of what was deleted
}

// WithdrawalState is how far a withdrawal is.
type WithdrawalState string

// The states of a withdrawal.
const (
	WithdrawalBegun WithdrawalState = "begun" // hidden at once, and being deleted
	WithdrawalHeld  WithdrawalState = "held"  // all but what a case holds is gone
	WithdrawalDone  WithdrawalState = "done"
)

// withdrawalSlack is for what is on its way when a household withdraws: the recorder has
// a minute to stop, and clocks may differ.
const withdrawalSlack = 5 * timeline.Minute

// Withdraw takes a camera out of the network for its household: its lifecycle becomes
// Withdrawn, its consent ends, and a Withdrawal is begun, all at once. Who runs the
// archive deletes the footage (Withdrawals, SetWithdrawal). Withdrawing again returns
// the same one. The error wraps ErrUnknown, ErrReason, or ErrUnconfirmed as Upsert's
// does: the withdrawal is returned then, too.
func (r *Registry) Withdraw(ctx context.Context, id media.CameraID, by By) (out Withdrawal, err error) {
	err = r.write(ctx, func(tx *sql.Tx) (bool, error) {
		w := writer{r: r, tx: tx, now: r.now()}
		defer w.close()
		m, err := w.move(ctx, id, Withdrawn, by)
		if err == nil {
			err = m.Err
		}
		if err != nil {
			return false, err
		}
		if m.From == Withdrawn {
			list, err := withdrawals(ctx, tx, `WHERE camera = ? ORDER BY at_us DESC LIMIT 1`, string(id))
			if err == nil && len(list) == 1 {
				out = list[0]
				return false, nil
			}
			if err != nil {
				return false, err
			}
		}
		out = Withdrawal{ID: acts.NewID(), Camera: id, At: w.now, Until: w.now + withdrawalSlack, By: by, State: WithdrawalBegun}
		if err := w.endConsent(ctx, id, by.Actor); err != nil {
			return false, err
		}
		return true, w.exec(ctx, `INSERT INTO withdrawals (id, camera, at_us, to_us, actor, reason, state, trouble, receipt) VALUES (?, ?, ?, ?, ?, ?, ?, '', '')`,
			out.ID, string(id), int64(out.At), int64(out.Until), by.Actor, by.Reason, string(out.State))
	})
	if err != nil {
		return Withdrawal{}, fmt.Errorf("withdraw camera %s: %w", id, err)
	}
	for n := range 3 { // main, sub, sub2
		r.ForgetState(id.Stream(n))
	}
	if err := r.ship(ctx); err != nil {
		return out, fmt.Errorf("withdraw camera %s: %w: %w", id, ErrUnconfirmed, err)
	}
	return out, nil
}

// Act is the erase act of a withdrawal.
func (w *Withdrawal) Act() *acts.Act {
	return &acts.Act{
		ID: w.ID, Kind: acts.Erase, Camera: w.Camera, Span: timeline.Span{From: 0, To: w.Until},
		Cause: timeline.ConsentWithdrawn, Source: "household", Actor: w.By.Actor, At: w.At,
	}
}

// Withdrawals lists those that are not done, the oldest first.
func (r *Registry) Withdrawals(ctx context.Context) ([]Withdrawal, error) {
	list, err := withdrawals(ctx, r.db.R(), `WHERE state <> 'done' ORDER BY at_us, id`)
	if err != nil {
		return nil, fmt.Errorf("list withdrawals: %w", r.db.Explain(err))
	}
	return list, nil
}

// WithdrawalsOf lists a camera's, the newest first.
func (r *Registry) WithdrawalsOf(ctx context.Context, camera media.CameraID) ([]Withdrawal, error) {
	list, err := withdrawals(ctx, r.db.R(), `WHERE camera = ? ORDER BY at_us DESC, id`, string(camera))
	if err != nil {
		return nil, fmt.Errorf("withdrawals of %s: %w", camera, r.db.Explain(err))
	}
	return list, nil
}

func withdrawals(ctx context.Context, on querier, where string, args ...any) ([]Withdrawal, error) {
	rows, err := on.QueryContext(ctx, `SELECT id, camera, at_us, to_us, actor, reason, state, trouble, receipt FROM withdrawals `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []Withdrawal{}
	for rows.Next() {
		var w Withdrawal
		var receipt string
		if err := rows.Scan(&w.ID, &w.Camera, &w.At, &w.Until, &w.By.Actor, &w.By.Reason, &w.State, &w.Trouble, &receipt); err != nil {
			return nil, err
		}
		if receipt != "" {
			w.Receipt = json.RawMessage(receipt)
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// ErrDone is returned by SetWithdrawal for one that is done already.
var ErrDone = errors.New("the withdrawal is done")

// SetWithdrawal notes how far a withdrawal is: its State, Trouble and Receipt.
func (r *Registry) SetWithdrawal(ctx context.Context, w Withdrawal) error {
	err := r.write(ctx, func(tx *sql.Tx) (bool, error) {
		res, err := tx.ExecContext(ctx, `UPDATE withdrawals SET state = ?, trouble = ?, receipt = ? WHERE id = ? AND state <> 'done'`,
			string(w.State), w.Trouble, string(w.Receipt), w.ID)
		if err != nil {
			return false, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return false, errors.Join(err, ErrDone)
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("withdrawal %s: %w", w.ID, err)
	}
	return nil
}
