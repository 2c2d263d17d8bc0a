package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/retention"
	"qianshao/storage/timeline"
)

type retentionCmd struct {
	Status  retentionStatusCmd  `cmd:"" default:"withargs" help:"What is kept, and what waits for your word."`
	Confirm retentionConfirmCmd `cmd:"" help:"Let expire what a guard holds back."`
}

type retentionStatusCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

type retentionConfirmCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints how retention stands.
func (c *retentionStatusCmd) Run(e *env) error {
	return askRetention(e, &c.folder, "GET", "/control/v1/retention", c.JSON)
}

// Run confirms what is due and prints how retention stands then.
func (c *retentionConfirmCmd) Run(e *env) error {
	return askRetention(e, &c.folder, "POST", "/control/v1/retention/confirm", c.JSON)
}

type safeModeCmd struct {
	End safeModeEndCmd `cmd:"" help:"Allow deletes again."`
}

type safeModeEndCmd struct {
	folder
	JSON bool `name:"json" help:"Print JSON."`
}

// Run ends safe mode.
func (c *safeModeEndCmd) Run(e *env) error {
	return askRetention(e, &c.folder, "POST", "/control/v1/safe-mode/end", c.JSON)
}

// kept is how retention stands.
type kept struct {
	Days      int              `json:"days"`
	MaxBytes  int64            `json:"max_bytes"`
	MinFree   int64            `json:"min_free"`
	Bytes     int64            `json:"bytes"` // of all footage
	Segments  int64            `json:"segments"`
	Free      int64            `json:"free"` // on the store's disk; -1 unknown
	Due       int64            `json:"due_bytes"`
	SafeMode  string           `json:"safe_mode,omitempty"` // why deletes are off
	Refused   string           `json:"refused,omitempty"`   // why footage does not expire by age
	Confirmed *timeline.Micros `json:"confirmed,omitempty"`
	Said      string           `json:"said,omitempty"` // what the command did
}

func askRetention(e *env, f *folder, method, path string, asJSON bool) error {
	return f.connected(e, func(conn *client) error {
		var k kept
		raw, err := conn.call(e.ctx, method, path, nil, nil, &k)
		if err != nil {
			return err
		}
		if asJSON {
			_, err = e.out.Write(raw)
			return err
		}
		_, err = fmt.Fprint(e.out, k.text())
		return err
	})
}

func (k *kept) text() string {
	var b strings.Builder
	if k.Said != "" {
		fmt.Fprintln(&b, k.Said)
	}
	fmt.Fprintf(&b, "footage   %s in %d segments\n", bytesText(k.Bytes), k.Segments)
	fmt.Fprintf(&b, "kept      %d days", k.Days)
	if k.MaxBytes > 0 {
		fmt.Fprintf(&b, ", at most %s", bytesText(k.MaxBytes))
	}
	if k.MinFree > 0 {
		fmt.Fprintf(&b, ", %s of disk left free", bytesText(k.MinFree))
	}
	if k.Free >= 0 {
		fmt.Fprintf(&b, " (%s is free)", bytesText(k.Free))
	}
	fmt.Fprintf(&b, "\nto go     %s\n", bytesText(k.Due))
	if k.Refused != "" {
		fmt.Fprintf(&b, "waiting   %s\n", k.Refused)
	}
	if k.SafeMode != "" {
		fmt.Fprintf(&b, "safe mode %s: nothing is deleted; qianshao safe-mode end allows it again\n", k.SafeMode)
	}
	return b.String()
}

// standing looks at retention without deleting anything.
func (c *control) standing(ctx context.Context) (*kept, *retention.Plan, error) {
	policy, facts := c.d.policy(), c.d.facts(ctx)
	k := &kept{Days: policy.Days, MaxBytes: policy.MaxBytes, MinFree: policy.MinFree, Free: facts.Free}
	streams, err := c.d.index.Streams(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range streams {
		k.Bytes += s.Bytes
		k.Segments += s.Segments
	}
	if k.SafeMode, err = c.d.index.SafeMode(ctx); err != nil {
		return nil, nil, err
	}
	if facts.Confirmed, err = c.d.index.Confirmed(ctx); err != nil {
		return nil, nil, err
	}
	if facts.Confirmed > 0 {
		k.Confirmed = &facts.Confirmed
	}
	plan, err := retention.MakePlan(ctx, c.d.index, policy, facts)
	if err != nil {
		return nil, nil, err
	}
	k.Due = plan.Bytes
	if plan.Refused != nil {
		k.Refused = plan.Refused.Error()
	}
	return k, plan, nil
}

func (c *control) retentionStatus(w http.ResponseWriter, r *http.Request) error {
	k, _, err := c.standing(r.Context())
	if err != nil {
		return err
	}
	return answer(w, k)
}

// retentionConfirm lets go what a guard holds back at this moment: what is due
// by the clock as it stands, for the operator has looked at it.
func (c *control) retentionConfirm(w http.ResponseWriter, r *http.Request) error {
	_, plan, err := c.standing(r.Context())
	if err != nil {
		return err
	}
	said := "nothing waits for a confirmation"
	if plan.Refused != nil {
		before := c.d.wall.Now().Wall - timeline.Micros(c.shortest(r.Context()))*timeline.Day
		var much *retention.TooMuchError
		if errors.As(plan.Refused, &much) {
			before = much.Before
		}
		if err := c.d.index.Confirm(r.Context(), before); err != nil {
			return err
		}
		said = fmt.Sprintf("confirmed: what ended before %s may expire", before)
	}
	k, _, err := c.standing(r.Context())
	if err != nil {
		return err
	}
	k.Said = said
	return answer(w, k)
}

// shortest is the least number of days that any footage is kept.
func (c *control) shortest(ctx context.Context) int {
	days := c.d.policy().Days
	streams, err := c.d.index.Streams(ctx)
	if err != nil {
		return days // confirms less than it could
	}
	of := c.d.daysOf(ctx)
	for _, s := range streams {
		if n := of(media.StreamID(s.Stream)); n > 0 {
			days = min(days, n)
		}
	}
	return days
}

func (c *control) endSafeMode(w http.ResponseWriter, r *http.Request) error {
	why, err := c.d.index.SafeMode(r.Context())
	if err != nil {
		return err
	}
	said := "safe mode was not on"
	if why != "" {
		if err := c.d.index.EndSafeMode(r.Context()); err != nil {
			return err
		}
		said = "safe mode ended: footage expires again as its retention says"
	}
	k, _, err := c.standing(r.Context())
	if err != nil {
		return err
	}
	k.Said = said
	return answer(w, k)
}
