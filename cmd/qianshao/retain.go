package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"qianshao/storage/media"
	"qianshao/storage/retention"
)

const retainEvery = time.Minute

// retain makes a pass of the retention policy every minute.
func (n *node) retain(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	said := ""
	for {
		report, err := n.expiry.Pass(ctx, n.policy(), n.facts(ctx))
		what := ""
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			what = err.Error()
		case report.Plan.Refused != nil:
			what = report.Plan.Refused.Error()
		case report.Plan.Young != nil:
			what = fmt.Sprintf("the disk is too small: footage of %s had to go before its days were over", report.Plan.Young.From)
		}
		if what != said && what != "" {
			n.log.Warn("retention", "what", what)
		}
		said = what
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// policy is what the settings say now.
func (d *data) policy() retention.Policy {
	r := d.retention.Load()
	return retention.Policy{Days: r.Days, MaxBytes: int64(r.MaxBytes), MinFree: int64(r.MinFree)}
}

// facts are what a retention plan depends on.
func (d *data) facts(ctx context.Context) retention.Facts {
	f := retention.Facts{Now: d.wall.Now().Wall, Clock: clockTrouble(), Free: -1, Days: d.daysOf(ctx)}
	if d.cfg.Storage.Kind == "file" {
		if free, _, err := d.fs.Free(); err == nil {
			f.Free = free
		}
	}
	if step := d.wall.LastStep(); step != 0 && f.Clock == "" {
		f.Clock = fmt.Sprintf("the clock was stepped by %s since the start", step)
	}
	return f
}

// daysOf says how long a stream's footage is kept, where its camera has a number
// of its own.
func (d *data) daysOf(ctx context.Context) func(media.StreamID) int {
	return func(s media.StreamID) int {
		c, err := d.reg.Get(ctx, s.Camera())
		if err != nil {
			return 0
		}
		return c.RetentionDays
	}
}

// clockTrouble says why the system clock cannot be trusted, "" if it can: the
// kernel's own word (adjtimex(2), STA_UNSYNC).
func clockTrouble() string {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	switch {
	case err != nil:
		return "the kernel does not tell: " + err.Error()
	case state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0:
		return "the kernel calls the clock unsynchronised; start chrony or systemd-timesyncd"
	}
	return ""
}
