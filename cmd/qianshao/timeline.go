package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"qianshao/storage/timeline"
)

type timelineCmd struct {
	folder
	window
	Camera string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	Stream string `enum:"main,sub,sub2" default:"main" help:"Which stream: ${enum}."`
	JSON   bool   `name:"json" help:"Print the API's answer."`
}

// Help is printed below the flags.
func (*timelineCmd) Help() string {
	return `Without --from and --to: the last hour. Without --to: up to now.

Example:
  qianshao timeline GATE --from "2026-11-23 09:00" --to "2026-11-23 10:00"`
}

// Run prints what was recorded and what was not.
func (c *timelineCmd) Run(e *env) error {
	span, err := c.span(timeline.FromTime(time.Now()), timeline.Hour)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error { return c.print(e, conn, span) })
}

// covering is the API's answer, as far as it is printed.
type covering struct {
	Until   timeline.Micros `json:"until"`
	Covered []timeline.Span `json:"covered"`
	Gaps    []timeline.Gap  `json:"gaps"`
}

func (c *timelineCmd) print(e *env, conn *client, span timeline.Span) error {
	if c.To == "" {
		// The answer ends at the server's present, which knows what is on its way.
		span.To += timeline.Minute
	}
	query := url.Values{"from": {span.From.String()}, "to": {span.To.String()}, "stream": {c.Stream}}
	var got covering
	raw, err := conn.call(e.ctx, "GET", footagePath(c.Camera, "timeline"), query, nil, &got)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := e.out.Write(raw)
		return err
	}
	return got.write(e, span)
}

// footagePath is the API's route for a camera's footage.
func footagePath(camera, what string) string { return "/api/v1/cameras/" + camera + "/" + what }

// write prints the spans in order, each with its length and, of a gap, its cause.
func (c *covering) write(e *env, span timeline.Span) error {
	type line struct {
		timeline.Span
		what string
	}
	lines := make([]line, 0, len(c.Covered)+len(c.Gaps))
	for _, s := range c.Covered {
		lines = append(lines, line{s, "recorded"})
	}
	for _, g := range c.Gaps {
		lines = append(lines, line{g.Span, "gap: " + string(g.Cause)})
	}
	slices.SortFunc(lines, func(a, b line) int { return int(a.From - b.From) })
	t := table{head: []string{"FROM (+08:00)", "TO", "LENGTH", ""}}
	for _, l := range lines {
		t.add(localTime(l.From), localTime(l.To), lengthText(l.Len()), l.what)
	}
	if len(lines) > 0 {
		if err := t.write(e.out); err != nil {
			return err
		}
	}
	recorded := timeline.Total(c.Covered)
	missing := timeline.Micros(0)
	for _, g := range c.Gaps {
		missing += g.Len()
	}
	text := fmt.Sprintf("%s recorded, %s missing between %s and %s\n", lengthText(recorded), lengthText(missing), localTime(span.From), localTime(c.Until))
	if len(lines) == 0 {
		text = fmt.Sprintf("nothing between %s and %s: the camera was not to be recorded then\n", localTime(span.From), localTime(span.To))
	}
	_, err := fmt.Fprint(e.out, text)
	return err
}

// lengthText writes a length of time for people.
func lengthText(m timeline.Micros) string {
	if m >= timeline.Minute {
		m -= m % timeline.Second
	} else {
		m -= m % (timeline.Second / 1000)
	}
	text := (time.Duration(m) * time.Microsecond).String()
	if m >= timeline.Hour {
		text = strings.TrimSuffix(text, "0s") // 25h0m0s
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
