// Package timeline is arithmetic on spans of wall time: unions, complements,
// and the gaps of a recording with their causes. It does no I/O.
package timeline

import "time"

// Micros is a moment: microseconds since 1970-01-01T00:00:00Z, UTC.
type Micros int64

// Second, Minute, Hour and Day are lengths in Micros.
const (
	Second Micros = 1_000_000
	Minute        = 60 * Second
	Hour          = 60 * Minute
	Day           = 24 * Hour
)

// FromTime converts a time.Time, rounding down to the microsecond.
func FromTime(t time.Time) Micros { return Micros(t.UnixMicro()) }

// Time converts to a UTC time.Time.
func (m Micros) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// String gives RFC 3339 in UTC, always with six decimals.
func (m Micros) String() string { return m.Time().Format("2006-01-02T15:04:05.000000Z") }

// MarshalText gives RFC 3339 in UTC with six decimals, so that JSON answers
// carry times in one form.
func (m Micros) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads RFC 3339.
func (m *Micros) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return err
	}
	*m = FromTime(t)
	return nil
}

// Span is half-open: From <= t < To.
type Span struct {
	From Micros `json:"from"`
	To   Micros `json:"to"`
}

// Len is the span's length; 0 when it is empty or reversed.
func (s Span) Len() Micros {
	if s.To <= s.From {
		return 0
	}
	return s.To - s.From
}

// Empty reports whether no moment lies in the span.
func (s Span) Empty() bool { return s.To <= s.From }

// Contains reports whether t lies in the span.
func (s Span) Contains(t Micros) bool { return s.From <= t && t < s.To }

// Intersect returns the part both spans share; it may be empty.
func (s Span) Intersect(o Span) Span {
	return Span{From: max(s.From, o.From), To: min(s.To, o.To)}
}

// Overlaps reports whether the spans share a moment.
func (s Span) Overlaps(o Span) bool { return !s.Intersect(o).Empty() }

// Forever is the end of a span that has not ended: 9999-12-31T23:59:59.999999Z,
// the last moment RFC 3339 can write.
const Forever Micros = 253_402_300_799_999_999
