package index

import (
	"context"
	"fmt"

	"qianshao/storage/timeline"
)

// Run is one life of a node's process, from its start to its last stamp.
type Run struct {
	Node string
	Boot uint64
	Span timeline.Span
}

// Alive stamps a node's run as alive at a moment; called every second. A stamp
// never moves back, so a clock that is set back does not shorten the run.
func (db *DB) Alive(ctx context.Context, node string, boot uint64, from, at timeline.Micros) error {
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		return tx.exec(ctx, `INSERT INTO alive (node, boot, from_us, at_us) VALUES (?, ?, ?, ?)
			ON CONFLICT (node, boot) DO UPDATE SET
				from_us = min(from_us, excluded.from_us), at_us = max(at_us, excluded.at_us)`,
			node, int64(boot), int64(from), int64(at))
	})
	if err != nil {
		return fmt.Errorf("stamp %s as alive: %w", node, err)
	}
	db.ownMu.Lock()
	defer db.ownMu.Unlock()
	db.own = runKey{node, boot}
	return nil
}

// AddRun notes a run that is over, when an index is rebuilt. Like a stamp it
// only ever makes a known run longer.
func (db *DB) AddRun(ctx context.Context, r Run) error {
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		return tx.exec(ctx, `INSERT INTO alive (node, boot, from_us, at_us) VALUES (?, ?, ?, ?)
			ON CONFLICT (node, boot) DO UPDATE SET
				from_us = min(from_us, excluded.from_us), at_us = max(at_us, excluded.at_us)`,
			r.Node, int64(r.Boot), int64(r.Span.From), int64(r.Span.To))
	})
	if err != nil {
		return fmt.Errorf("note a run of %s: %w", r.Node, err)
	}
	return nil
}

// runKey names a run; the zero value none.
type runKey struct {
	node string
	boot uint64
}

// Runs lists all runs by start. The run stamped through this DB is still going
// on: its span ends at timeline.Forever.
func (db *DB) Runs(ctx context.Context) ([]Run, error) {
	db.ownMu.Lock()
	own := db.own
	db.ownMu.Unlock()
	rows, err := db.query(ctx, `SELECT node, boot, from_us, at_us FROM alive ORDER BY from_us, boot`)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	var out []Run
	err = each(rows, func(scan scanner) error {
		var r Run
		if err := scan(&r.Node, &r.Boot, &r.Span.From, &r.Span.To); err != nil {
			return err
		}
		if (runKey{r.Node, r.Boot}) == own {
			r.Span.To = timeline.Forever
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return out, nil
}
