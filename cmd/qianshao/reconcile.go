package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"qianshao/registry/onboard"
	"qianshao/storage/timeline"
)

type cameraReconcileCmd struct {
	folder
	File    string `arg:"" help:"The carrier's own list, CSV or XLSX, with the columns of qianshao import. - reads standard input."`
	Carrier string `required:"" placeholder:"NAME" help:"Whose list it is."`
	Table   string `placeholder:"FILE" help:"Write the whole of it to FILE (.xlsx or .csv)."`
	JSON    bool   `name:"json" help:"Print the API's answer."`
}

// Help is printed below the flags.
func (*cameraReconcileCmd) Help() string {
	return `Prints the cameras that are not in the list, not here, not recorded, or not as the list has them; nothing changes. Exit code 1 if there are any.

Example:
  qianshao camera reconcile telecom.xlsx --carrier telecom --table difference.xlsx --data /srv/qianshao`
}

// Run holds a list against what is here.
func (c *cameraReconcileCmd) Run(e *env) error {
	text, err := readFile(e, c.File)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error { return c.report(e, conn, text) })
}

const reconciliations = "/api/v1/reconciliations"

func (c *cameraReconcileCmd) report(e *env, conn *client, text []byte) error {
	if c.Table != "" {
		form := onboard.XLSX
		if strings.HasSuffix(strings.ToLower(c.Table), ".csv") {
			form = onboard.CSV
		}
		table, err := conn.call(e.ctx, "POST", reconciliations, url.Values{"carrier": {c.Carrier}, "format": {form}}, text, nil)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Table, table, 0o600); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	var got onboard.Reconciliation
	raw, err := conn.call(e.ctx, "POST", reconciliations, url.Values{"carrier": {c.Carrier}}, text, &got)
	if err != nil {
		return err
	}
	n := got.Tally
	differs := n.OnlyTheirs+n.OnlyOurs+n.Offline+n.Differing+n.Unreadable > 0
	if c.JSON {
		if _, err := e.out.Write(raw); err != nil {
			return err
		}
		return foundIf(differs)
	}
	var b bytes.Buffer
	for _, w := range got.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w.Message.EN)
	}
	t := table{head: []string{"ROW", "DEVICE", "LIFECYCLE", "STATE", "OFFLINE", "WHAT"}}
	for i := range got.Items {
		if what := standingText(&got.Items[i]); what != "" {
			s := &got.Items[i]
			row, offline := "", ""
			if s.Row > 0 {
				row = fmt.Sprint(s.Row)
			}
			if s.OfflineS > 0 {
				offline = lengthText(timeline.Micros(time.Duration(s.OfflineS) * time.Second / time.Microsecond))
			}
			t.add(row, s.DeviceID, string(s.Lifecycle), string(s.State), offline, what)
		}
	}
	if differs {
		if err := t.write(&b); err != nil {
			return err
		}
	}
	fmt.Fprintf(&b, "%d in the list, %d here, %d in both: %d in the list alone, %d here alone, %d differ, %d rows not read; %d recorded now, %d active and not recorded\n",
		n.Theirs, n.Ours, n.Both, n.OnlyTheirs, n.OnlyOurs, n.Differing, n.Unreadable, n.Streaming, n.Offline)
	if _, err := e.out.Write(b.Bytes()); err != nil {
		return err
	}
	return foundIf(differs)
}

// standingText is what is to be said of a camera; empty: nothing.
func standingText(s *onboard.Standing) string {
	var what []string
	switch {
	case !s.InTheirs && !s.InOurs:
		what = append(what, "not read: "+problemsText(s.Problems))
	case !s.InOurs:
		text := "not here"
		if s.SamePackage != "" {
			text += ", its package account is that of " + s.SamePackage
		}
		what = append(what, text)
	case !s.InTheirs:
		what = append(what, "not in the list")
	}
	if s.State != "" && !s.Streaming {
		what = append(what, "not recorded")
	}
	for _, d := range s.Differences {
		what = append(what, fmt.Sprintf("%s: %s in the list, %s here", d.Field, cmp.Or(d.Theirs, "…"), cmp.Or(d.Ours, "…")))
	}
	return strings.Join(what, "; ")
}
