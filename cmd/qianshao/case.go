package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"qianshao/storage/timeline"
)

type caseCmd struct {
	List  caseListCmd  `cmd:"" default:"withargs" help:"The cases for which footage may be seen."`
	Close caseCloseCmd `cmd:"" help:"Close a case for good: its officers have left."`
}

type caseListCmd struct {
	folder
	State string `placeholder:"STATE" help:"Only waiting, open, closed, expired, or due (for a review)."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*caseListCmd) Help() string {
	return `Officers open cases themselves, on the page of cases. A case is waiting until a second officer has approved it; due are emergencies that are over, and routes, which an auditor reviews.

Example:
  qianshao case list --state due`
}

// toldCase is what the API says of a case, as far as it is printed.
type toldCase struct {
	ID        string          `json:"id"`
	Number    string          `json:"number"`
	State     string          `json:"state"`
	Unit      string          `json:"unit"`
	Class     string          `json:"class"`
	Reason    string          `json:"reason"`
	Emergency bool            `json:"emergency"`
	Members   []string        `json:"members"`
	Expires   timeline.Micros `json:"expires"`
	Due       bool            `json:"due_for_review"`
}

// Run prints a line a case.
func (c *caseListCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var out struct {
			Items []toldCase `json:"items"`
			More  int        `json:"more"`
		}
		q := url.Values{"limit": {"1000"}}
		if c.State != "" {
			q.Set("state", c.State)
		}
		raw, err := conn.call(e.ctx, "GET", "/api/v1/cases", q, nil, &out)
		if err != nil || c.JSON {
			return errors.Join(err, printRaw(e, raw))
		}
		if len(out.Items) == 0 {
			_, err := fmt.Fprintln(e.out, "no cases")
			return err
		}
		t := table{head: []string{"CASE", "STATE", "UNIT", "CLASS", "UNTIL", "MEMBERS", "REASON"}}
		for _, x := range out.Items {
			state, class := x.State, x.Class
			if x.Due {
				state += ", due"
			}
			if x.Emergency && class == "" {
				class = "emergency"
			}
			t.add(cmp.Or(x.Number, x.ID), state, x.Unit, class, untilText(x.Expires), strings.Join(x.Members, " "), x.Reason)
		}
		if err := t.write(e.out); err != nil || out.More == 0 {
			return err
		}
		_, err = fmt.Fprintf(e.out, "and %d older ones: --json, or the API\n", out.More)
		return err
	})
}

type caseCloseCmd struct {
	folder
	Case string `arg:"" placeholder:"CASE" help:"Its number or id."`
	Note string `placeholder:"TEXT" help:"Why."`
}

// Run closes the case.
func (c *caseCloseCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		if _, err := conn.send(e.ctx, "POST", "/api/v1/cases/"+url.PathEscape(c.Case)+"/closing", map[string]string{"note": c.Note}, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "case %s is closed; what was being watched in it ends within 20 s\n", c.Case)
		return err
	})
}
