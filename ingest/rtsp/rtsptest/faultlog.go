package rtsptest

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// FaultRecord is one line of the fault log: what one camera did wrong, written
// when it is over.
type FaultRecord struct {
	Camera string `json:"camera"` // cam0001
	Kind   Kind   `json:"kind"`
	FromUS int64  `json:"from_us"` // unix µs, half-open
	ToUS   int64  `json:"to_us"`

	// The frames that a session open all the while did not get: those whose time
	// to leave fell into the fault, and those up to the next key frame. A client
	// that comes back after a cut gets the frames since the last key frame again;
	// what it really got is in Server.Sent.
	// With B-frames some numbers between first and last may have been sent before.
	First  *uint64 `json:"first_frame,omitempty"`
	Last   *uint64 `json:"last_frame,omitempty"`
	Missed int     `json:"frames,omitempty"` // how many

	Lost    []uint64 `json:"lost_frames,omitempty"` // loss: frames not sent whole, over all sessions
	Dropped int      `json:"dropped_packets,omitempty"`
	Percent float64  `json:"percent,omitempty"`
	Offset  float64  `json:"offset_s,omitempty"`
	Track   string   `json:"track,omitempty"`
}

// record describes a window that has ended.
func (s *Server) record(c *camera, w *window) FaultRecord {
	r := FaultRecord{Camera: c.name, Kind: w.Kind, FromUS: w.from, ToUS: w.to}
	switch w.Kind {
	case Loss:
		c.mu.Lock()
		r.Lost, r.Dropped, r.Percent = append(r.Lost, w.lost...), w.dropped, w.Percent
		c.mu.Unlock()
		if n := len(r.Lost); n > 0 {
			r.First, r.Last, r.Missed = new(slices.Min(r.Lost)), new(slices.Max(r.Lost)), n
		}
	case Clock:
		r.Offset = w.Offset.Seconds()
	case Silent:
		r.Track = w.Track
		if w.Track == "video" {
			s.missed(&r, c.phaseUS)
		}
	default:
		s.missed(&r, c.phaseUS)
	}
	return r
}

// missed counts the frames that were to leave in the record's span or after it
// before the next key frame.
func (s *Server) missed(r *FaultRecord, phase int64) {
	slot := s.main.newest(r.FromUS - phase)
	for s.main.leavesUS(slot)+phase < r.FromUS {
		slot++
	}
	if s.main.leavesUS(slot)+phase >= r.ToUS {
		return
	}
	first, last := uint64(math.MaxUint64), uint64(0)
	for ; ; slot++ {
		f, n := s.main.at(slot)
		if f.key && s.main.leavesUS(slot)+phase >= r.ToUS {
			break
		}
		first, last = min(first, n), max(last, n)
		r.Missed++
	}
	r.First, r.Last = &first, &last
}

// logFault writes the line of a window that has ended.
func (s *Server) logFault(c *camera, w *window) {
	r := s.record(c, w)
	s.cfg.Log.Info("fault over", "camera", c.name, "kind", w.Kind, "elapsed", time.Duration(w.to-w.from)*time.Microsecond)
	s.logMu.Lock()
	defer s.logMu.Unlock()
	s.records = append(s.records, r)
	if s.cfg.FaultLog == nil {
		return
	}
	if err := json.NewEncoder(s.cfg.FaultLog).Encode(r); err != nil && s.logErr == nil {
		s.logErr = err
	}
}

// Faults returns the records of the faults that are over, oldest first.
func (s *Server) Faults() []FaultRecord {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return append([]FaultRecord(nil), s.records...)
}
