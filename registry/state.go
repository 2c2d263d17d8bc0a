package registry

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Phase is how a stream fares.
type Phase string

// The phases of a stream.
const (
	Connecting Phase = "connecting" // trying to reach the camera
	Awaiting   Phase = "awaiting"   // the camera pushes, and is waited for
	Streaming  Phase = "streaming"  // frames arrive and are recorded
	Stalled    Phase = "stalled"    // connected, and silent
	Degraded   Phase = "degraded"   // recorded, with losses
	Waiting    Phase = "waiting"    // not tried until the camera is edited, or for a long while
	PausedNow  Phase = "paused"     // by a person
	Unassigned Phase = "unassigned" // nobody works on it
)

// State is what is known of a stream right now. Figures are 0 when unknown.
type State struct {
	Stream    media.StreamID  `json:"stream"`
	Phase     Phase           `json:"state"`
	Since     timeline.Micros `json:"since"` // of Phase and Cause; a silence begins at the last frame
	Cause     timeline.Cause  `json:"cause,omitempty"`
	LastError string          `json:"last_error,omitempty"`
	// Why is what LastError keeps from the camera's carrier: for operators alone.
	Why string `json:"why,omitempty"`

	LastFrame    timeline.Micros `json:"last_frame,omitempty"`
	DurableUntil timeline.Micros `json:"durable_until,omitempty"`
	Codec        string          `json:"codec,omitempty"` // "h264+aac": of the tracks, video first
	Width        int             `json:"width,omitempty"`
	Height       int             `json:"height,omitempty"`
	FPS          float64         `json:"fps,omitempty"`          // delivered
	DeclaredFPS  float64         `json:"declared_fps,omitempty"` // by SDP or parameter sets
	Bitrate      int64           `json:"bitrate,omitempty"`      // bits a second
	GOPSeconds   float64         `json:"gop_s,omitempty"`
	LostPackets  int64           `json:"lost_packets,omitempty"` // since the stream connected
	Reconnects   int64           `json:"reconnects,omitempty"`
	// ClockOffset is camera minus server in µs, within ± ClockUncertainty;
	// ClockKnown is false before the first sender report.
	ClockKnown       bool  `json:"clock_known,omitempty"`
	ClockOffset      int64 `json:"clock_offset_us,omitempty"`
	ClockUncertainty int64 `json:"clock_uncertainty_us,omitempty"`
	// Repairs counts what was mended of what the camera sends, by kind, since
	// the process began to pull it. The map is never changed.
	Repairs map[string]int64 `json:"repairs,omitempty"`
}

// StateChange is one entry of a stream's history.
type StateChange struct {
	Stream media.StreamID  `json:"stream"`
	At     timeline.Micros `json:"at"`
	Phase  Phase           `json:"state"`
	Cause  timeline.Cause  `json:"cause,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// maxPending bounds the state changes in memory while the database cannot be
// written; the oldest go first.
const maxPending = 20_000

// keepStates is how long state changes are kept.
const keepStates = 14 * timeline.Day

// book holds the live states.
type book struct {
	flushing sync.Mutex // held while changes are written

	mu      sync.RWMutex // guards below
	now     map[media.StreamID]State
	pending []StateChange

	dirty chan struct{} // holds one token while pending is not empty
}

func (b *book) init() {
	b.now = map[media.StreamID]State{}
	b.dirty = make(chan struct{}, 1)
}

// SetState replaces what is known of s.Stream. It writes to memory alone and
// may be called often; a change of Phase or Cause reaches the database through
// Run. Since 0 means: unchanged if Phase and Cause are, else now. Passwords that
// a library put into LastError are masked.
func (r *Registry) SetState(s State) {
	if s.LastError != "" {
		s.LastError, s.Why = secret.Scrub(s.LastError), secret.Scrub(s.Why)
	}
	b := &r.states
	b.mu.Lock()
	defer b.mu.Unlock()
	old, known := b.now[s.Stream]
	changed := !known || old.Phase != s.Phase || old.Cause != s.Cause
	if s.Since == 0 {
		if s.Since = old.Since; changed {
			s.Since = r.now()
		}
	}
	b.now[s.Stream] = s
	if !changed {
		return
	}
	if len(b.pending) >= maxPending {
		b.pending = slices.Delete(b.pending, 0, maxPending/10)
	}
	b.pending = append(b.pending, StateChange{s.Stream, s.Since, s.Phase, s.Cause, s.LastError})
	select {
	case b.dirty <- struct{}{}:
	default:
	}
}

// ForgetState drops what is known of a stream, which is Unassigned from then on.
func (r *Registry) ForgetState(stream media.StreamID) {
	r.states.mu.Lock()
	defer r.states.mu.Unlock()
	delete(r.states.now, stream)
}

// State returns what is known of a stream: Unassigned if nothing is.
func (r *Registry) State(stream media.StreamID) State {
	r.states.mu.RLock()
	defer r.states.mu.RUnlock()
	if s, ok := r.states.now[stream]; ok {
		return s
	}
	return State{Stream: stream, Phase: Unassigned}
}

// States returns the known states in order of stream.
func (r *Registry) States() []State {
	r.states.mu.RLock()
	out := make([]State, 0, len(r.states.now))
	for _, s := range r.states.now {
		out = append(out, s)
	}
	r.states.mu.RUnlock()
	slices.SortFunc(out, func(a, b State) int {
		switch {
		case a.Stream < b.Stream:
			return -1
		case a.Stream > b.Stream:
			return 1
		}
		return 0
	})
	return out
}

// flushStates writes the pending changes in one transaction. Those it could not
// write stay pending.
func (r *Registry) flushStates(ctx context.Context) error {
	b := &r.states
	b.flushing.Lock() // who waits here finds written what another was writing
	defer b.flushing.Unlock()
	b.mu.Lock()
	list := b.pending
	b.pending = nil
	b.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	err := r.db.WriteTx(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT INTO stream_states (stream, from_us, state, cause, error) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (stream, from_us) DO UPDATE SET state = excluded.state, cause = excluded.cause, error = excluded.error`)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		for _, c := range list {
			if _, err := stmt.ExecContext(ctx, string(c.Stream), int64(c.At), string(c.Phase), string(c.Cause), c.Error); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.mu.Lock()
		b.pending = append(list, b.pending...)
		b.mu.Unlock()
		return fmt.Errorf("write stream states: %w", err)
	}
	return nil
}

// History returns the state changes of a stream in the span, oldest first, with
// the one that was in force at its start before them.
func (r *Registry) History(ctx context.Context, stream media.StreamID, span timeline.Span) ([]StateChange, error) {
	if err := r.flushStates(ctx); err != nil {
		return nil, fmt.Errorf("history of %s: %w", stream, err)
	}
	rows, err := r.db.R().QueryContext(ctx, `SELECT from_us, state, cause, error FROM stream_states
		WHERE stream = ? AND from_us < ? AND from_us >= coalesce(
			(SELECT max(from_us) FROM stream_states WHERE stream = ? AND from_us <= ?), ?) ORDER BY from_us`,
		string(stream), int64(span.To), string(stream), int64(span.From), int64(span.From))
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", stream, r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []StateChange
	for rows.Next() {
		c := StateChange{Stream: stream}
		if err := rows.Scan(&c.At, &c.Phase, &c.Cause, &c.Error); err != nil {
			return nil, fmt.Errorf("history of %s: %w", stream, err)
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("history of %s: %w", stream, r.db.Explain(err))
	}
	return out, nil
}

// pruneStates drops old state changes, keeping each stream's last.
func (r *Registry) pruneStates(ctx context.Context) error {
	return r.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM stream_states WHERE from_us < ? AND from_us <
			(SELECT max(s.from_us) FROM stream_states s WHERE s.stream = stream_states.stream)`, int64(r.now()-keepStates))
		return err
	})
}
