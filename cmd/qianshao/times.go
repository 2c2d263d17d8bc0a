package main

import (
	"fmt"
	"strings"
	"time"

	"qianshao/storage/timeline"
)

// beijing is the zone of times without one, and of times printed for people.
var beijing = time.FixedZone("+08:00", 8*60*60)

// localForms are the times accepted without a zone.
var localForms = []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04"}

// parseTime reads RFC 3339, or a date and time of day in Beijing time.
func parseTime(text string) (timeline.Micros, error) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return timeline.FromTime(t), nil
	}
	for _, form := range localForms {
		if t, err := time.ParseInLocation(form, text, beijing); err == nil {
			return timeline.FromTime(t), nil
		}
	}
	return 0, fmt.Errorf(`%.60q is no time: write "2026-11-23 09:00", "2026-11-23 09:00:30" (both +08:00) or 2026-11-23T01:00:00Z`, text)
}

// localTime writes a moment for people, in Beijing time.
func localTime(t timeline.Micros) string {
	if t >= timeline.Forever {
		return "now"
	}
	return t.Time().In(beijing).Format("2006-01-02 15:04:05.000")
}

// window are the flags that name a span of time.
type window struct {
	From string `placeholder:"TIME" help:"Start."`
	To   string `placeholder:"TIME" help:"End, not included."`
}

// span is the window asked for; without both ends it is the last of the length.
func (w *window) span(now timeline.Micros, length timeline.Micros) (s timeline.Span, err error) {
	s = timeline.Span{To: now}
	if w.To != "" {
		if s.To, err = parseTime(w.To); err != nil {
			return s, fmt.Errorf("--to: %w", err)
		}
	}
	s.From = s.To - length
	if w.From != "" {
		if s.From, err = parseTime(w.From); err != nil {
			return s, fmt.Errorf("--from: %w", err)
		}
		if w.To == "" {
			s.To = max(s.From+length, now)
		}
	}
	if s.Empty() {
		return s, fmt.Errorf("--from %s is not before --to %s: give the earlier time first", s.From, s.To)
	}
	return s, nil
}
