package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"qianshao/storage"
)

type checkCmd struct {
	folder
	Deep bool `help:"Read every segment whole and verify its checksum."`
	JSON bool `name:"json" help:"Print a JSON object a line, one for each inconsistency."`
}

// Help is printed below the flags.
func (*checkCmd) Help() string {
	return `Compares index, spool, store and acts, and names every inconsistency. It changes nothing, and may run while the server records. Exit code 1 if anything is inconsistent.`
}

// Run checks the archive and prints what is inconsistent.
func (c *checkCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error { return c.print(e, conn) })
}

// checkLine is a line of the answer: progress on the way, and then one with
// Done, or Error.
type checkLine struct {
	Progress *storage.CheckProgress `json:"progress,omitempty"`
	Problem  *storage.Problem       `json:"problem,omitempty"`
	Done     *storage.CheckProgress `json:"done,omitempty"`
	Error    string                 `json:"error,omitempty"`
}

func (c *checkCmd) print(e *env, conn *client) (err error) {
	query := url.Values{}
	if c.Deep {
		query.Set("deep", "true")
	}
	resp, err := conn.do(e.ctx, "POST", "/control/v1/check", query, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	show := newTicker(e.err)
	defer show.clear()
	problems := 0
	for dec := json.NewDecoder(bufio.NewReader(resp.Body)); ; {
		var l checkLine
		if err := dec.Decode(&l); err != nil {
			return fmt.Errorf("the check was cut short: %w; the server's log says why", err)
		}
		switch {
		case l.Error != "":
			return fmt.Errorf("the check could not be finished: %s", l.Error)
		case l.Progress != nil:
			show.say("%d of %d segments, %d problems", l.Progress.Segments, l.Progress.Of, l.Progress.Problems)
		case l.Problem != nil:
			problems++
			show.clear()
			if err := c.problem(e.out, l.Problem); err != nil {
				return err
			}
		case l.Done != nil:
			show.clear()
			if !c.JSON {
				if _, err := fmt.Fprintf(e.out, "%d segments checked, %s, %d problems\n", l.Done.Segments, bytesText(l.Done.Bytes), problems); err != nil {
					return err
				}
			}
			return foundIf(problems > 0)
		}
	}
}

func (c *checkCmd) problem(w io.Writer, p *storage.Problem) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(p)
	}
	_, err := fmt.Fprintln(w, p)
	return err
}

// check answers as it goes, a JSON object a line.
func (c *control) check(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	var mu sync.Mutex // the answer's, and last's
	var last storage.CheckProgress
	enc, flush := json.NewEncoder(w), http.NewResponseController(w)
	send := func(l checkLine) {
		_ = errors.Join(enc.Encode(l), flush.Flush()) // the client is gone; its context ends the check
	}
	problems, err := storage.Check(r.Context(), c.d.archive, storage.CheckConfig{
		Deep: r.FormValue("deep") == "true",
		Progress: func(p storage.CheckProgress) {
			mu.Lock()
			defer mu.Unlock()
			last = p
			send(checkLine{Progress: &p})
		},
	})
	mu.Lock()
	defer mu.Unlock()
	for i := range problems {
		send(checkLine{Problem: &problems[i]})
	}
	if err != nil {
		send(checkLine{Error: err.Error()})
		return nil
	}
	send(checkLine{Done: &last})
	return nil
}
