package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"qianshao/registry/register"
	"qianshao/storage/timeline"
)

type registerCmd struct {
	List   registerListCmd   `cmd:"" default:"withargs" help:"Who saw which footage, and what an operator changed; newest first."`
	Verify registerVerifyCmd `cmd:"" help:"Name the first entry that was altered, removed or moved."`
}

type registerListCmd struct {
	folder
	Kind    string `placeholder:"KIND" help:"Only viewing.open, viewing.more, viewing.close, admin, start or pruned."`
	Who     string `placeholder:"ACCOUNT" help:"Only this account's; operator: commands on this machine."`
	Case    string `placeholder:"NUMBER" help:"Only this case's."`
	Viewing string `placeholder:"ID" help:"Only this viewing's."`
	Address string `placeholder:"IP" help:"Only from this client address."`
	Camera  string `placeholder:"CAMERA" help:"Only of this camera."`
	From    string `placeholder:"TIME" help:"Only written from then on."`
	To      string `placeholder:"TIME" help:"Only written before."`
	Limit   int    `default:"50" help:"At most so many."`
	CSV     bool   `name:"csv" help:"Print a table for spreadsheets: all that match."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*registerListCmd) Help() string {
	return `An entry is written and synced before the first byte of footage is sent. Requests within what a viewing has registered already cost no entry; its totals come when it closes, 15 minutes after the last.

Example:
  qianshao register list --camera GATE --from "2026-11-23 00:00"`
}

// listedEntry is an entry as the API tells it.
type listedEntry struct {
	Seq      uint64           `json:"seq"`
	At       timeline.Micros  `json:"at"`
	Kind     string           `json:"kind"`
	Who      string           `json:"who"`
	Address  string           `json:"address"`
	Case     string           `json:"case"`
	Act      string           `json:"act"`
	Cameras  []string         `json:"cameras"`
	From     *timeline.Micros `json:"from"`
	To       *timeline.Micros `json:"to"`
	Requests int64            `json:"requests"`
	Bytes    int64            `json:"bytes"`
	Result   string           `json:"result"`
	Note     string           `json:"note"`
	Of       uint64           `json:"of"`
}

// told is what came of it, and the note.
func (x *listedEntry) told() string {
	text := x.Result
	if text == register.Allowed {
		text = ""
	}
	if x.Of != 0 {
		text += fmt.Sprintf(" (entry %d)", x.Of)
	}
	if text != "" && x.Note != "" {
		text += ": "
	}
	return text + x.Note
}

// Run prints a line an entry.
func (c *registerListCmd) Run(e *env) error {
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{
		"kind": c.Kind, "who": c.Who, "case": c.Case, "viewing": c.Viewing, "address": c.Address, "camera": c.Camera,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, value := range map[string]string{"from": c.From, "to": c.To} {
		if value == "" {
			continue
		}
		at, err := parseTime(value)
		if err != nil {
			return err
		}
		query.Set(name, at.String())
	}
	return c.connected(e, func(conn *client) error { return c.print(e, conn, query) })
}

func (c *registerListCmd) print(e *env, conn *client, query url.Values) error {
	if c.CSV {
		query.Del("limit")
		raw, err := conn.call(e.ctx, "GET", "/api/v1/register.csv", query, nil, nil)
		if err == nil {
			_, err = e.out.Write(raw)
		}
		return err
	}
	var page struct {
		Items []listedEntry `json:"items"`
		Next  string        `json:"next"`
	}
	raw, err := conn.call(e.ctx, "GET", "/api/v1/register", query, nil, &page)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := e.out.Write(raw)
		return err
	}
	if len(page.Items) == 0 {
		_, err := fmt.Fprintln(e.out, "no entries")
		return err
	}
	t := table{head: []string{"SEQ", "WRITTEN", "KIND", "WHO", "ADDRESS", "CASE", "ACT", "CAMERA", "FOOTAGE", "SENT", "NOTE"}}
	for _, x := range page.Items {
		sent := ""
		if x.Kind == string(register.ViewingClose) {
			sent = fmt.Sprintf("%s, %s", plural(int(x.Requests), "request"), bytesText(x.Bytes))
		}
		t.add(strconv.FormatUint(x.Seq, 10), localTime(x.At), x.Kind, x.Who, x.Address, x.Case, x.Act, strings.Join(x.Cameras, " "), x.footage(), sent, x.told())
	}
	if err := t.write(e.out); err != nil {
		return err
	}
	if page.Next != "" {
		_, err = fmt.Fprintln(e.out, "… older ones: --limit, or --to")
	}
	return err
}

func (x *listedEntry) footage() string {
	switch {
	case x.From == nil:
		return ""
	case x.To == nil:
		return localTime(*x.From) + " and on"
	}
	return localTime(*x.From) + " to " + localTime(*x.To)
}

type registerVerifyCmd struct {
	folder
	NoStore bool `help:"Do not look at the copy in the store."`
	JSON    bool `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*registerVerifyCmd) Help() string {
	return `Every entry holds the SHA-256 of the one before it. The store has a copy, shipped every half minute: without it, entries cut off the end cannot be missed.

Exit code 1 if an entry was altered, removed or moved. The hash printed stands for all entries before it: note it elsewhere, and compare.`
}

// Run verifies all chains.
func (c *registerVerifyCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var said struct {
			Intact bool               `json:"intact"`
			Chains []register.Finding `json:"chains"`
		}
		raw, err := conn.call(e.ctx, "GET", "/api/v1/register/verify", url.Values{"store": {strconv.FormatBool(!c.NoStore)}}, nil, &said)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = e.out.Write(raw)
		} else {
			for _, f := range said.Chains {
				if _, err = fmt.Fprint(e.out, findingText(&f)); err != nil {
					break
				}
			}
		}
		if err != nil {
			return err
		}
		return foundIf(!said.Intact)
	})
}

func findingText(f *register.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  ", f.Chain)
	switch {
	case f.Entries == 0:
		fmt.Fprintln(&b, "no entries")
	default:
		fmt.Fprintf(&b, "entries %d to %d, %s to %s\n", f.First, f.Last, localTime(f.From), localTime(f.To))
		fmt.Fprintf(&b, "  hash of entry %d: %s\n", f.Last, f.Hash)
	}
	if f.Stored > 0 {
		fmt.Fprintf(&b, "  the store's copy goes up to entry %d\n", f.Stored)
	}
	for _, n := range f.Notices {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	if f.Fault == nil {
		fmt.Fprintln(&b, "  intact")
		return b.String()
	}
	fmt.Fprintf(&b, "  ENTRY %d IS %s (%s): %s\n", f.Fault.Seq, strings.ToUpper(string(f.Fault.Wrong)), f.Fault.File, f.Fault.Detail)
	return b.String()
}
