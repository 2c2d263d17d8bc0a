package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/registry/onboard"
)

type importCmd struct {
	folder
	File   string `arg:"" help:"CSV or XLSX with a header row: carrier_device_id, name, rtsp_url, lon, lat, and more (see below). - reads standard input."`
	DryRun bool   `name:"dry-run" help:"Say what would become of each row, and change nothing."`
	Accept bool   `help:"Record carriers' new cameras at once. Without it they are imported, and wait to be looked at."`
	Errors string `placeholder:"FILE" help:"Write the rows that failed to FILE (.xlsx), marked and explained. It holds their passwords."`
	JSON   bool   `name:"json" help:"Print the report as JSON."`
}

// Help is printed below the flags.
func (*importCmd) Help() string {
	return `Cameras are found by carrier and carrier_device_id, and made if there are none. A missing column or an empty cell keeps the value, - clears it. The other columns, their Chinese names, the rules for carriers' cameras and every error are in api/docs/onboarding.md: ` + columnsText() + `.

A running server records new cameras of the carrier local within seconds. Exit code 1 if any row failed; the others are in.

Examples:
  qianshao import cameras.csv --data /srv/qianshao
  qianshao import telecom.xlsx --dry-run --errors errors.xlsx --data /srv/qianshao`
}

func columnsText() string {
	var names []string
	for _, c := range onboard.Columns() {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// Run reads the list, hands it over and prints what became of each row.
func (c *importCmd) Run(e *env) error {
	cfg, err := c.load(e, nil)
	if err != nil {
		return err
	}
	text, err := readFile(e, c.File)
	if err != nil {
		return err
	}
	conn, err := connect(e, cfg)
	if err != nil {
		return err
	}
	return errors.Join(c.report(e, conn, text), conn.close())
}

func readFile(e *env, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(e.in)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	return text, nil
}

func (c *importCmd) report(e *env, conn *client, text []byte) error {
	var done imported
	how := url.Values{"dry_run": {strconv.FormatBool(c.DryRun)}, "accept": {strconv.FormatBool(c.Accept)}}
	raw, err := conn.call(e.ctx, "POST", "/control/v1/import", how, text, &done)
	if err != nil {
		return err
	}
	count := onboard.Count(done.Outcomes)
	if c.Errors != "" && count[registry.Rejected] > 0 {
		if err := c.writeErrors(text, done.Outcomes); err != nil {
			return err
		}
	}
	if c.JSON {
		if _, err := e.out.Write(raw); err != nil {
			return err
		}
		return foundIf(count[registry.Rejected] > 0)
	}
	var b bytes.Buffer
	for _, w := range done.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w.Message.EN)
	}
	for _, o := range done.Outcomes {
		fmt.Fprintln(&b, outcomeText(o))
	}
	fmt.Fprintf(&b, "%d created, %d updated, %d unchanged, %d failed\n", count[registry.Created], count[registry.Updated],
		count[registry.Unchanged], count[registry.Rejected])
	b.WriteString(done.after(conn))
	if _, err := e.out.Write(b.Bytes()); err != nil {
		return err
	}
	return foundIf(count[registry.Rejected] > 0)
}

// writeErrors writes the sheet of errors, for this user alone.
func (c *importCmd) writeErrors(text []byte, answers []onboard.Answer) error {
	list, err := onboard.Read(bytes.NewReader(text), onboard.Options{})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := onboard.ErrorSheet(&b, list, answers, false); err != nil {
		return fmt.Errorf("sheet of errors: %w", err)
	}
	if err := os.WriteFile(c.Errors, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("sheet of errors: %w", err)
	}
	return nil
}

// outcomeText is one line of a report.
func outcomeText(o onboard.Answer) string {
	line := fmt.Sprintf("row %-4d %-9s %s:%s", o.Row, o.Status, o.Carrier, o.DeviceID)
	if o.DeviceID == "" {
		line = fmt.Sprintf("row %-4d %-9s", o.Row, o.Status)
	}
	switch o.Status {
	case registry.Rejected:
		line += "  " + problemsText(o.Problems)
	case registry.Created:
		line = strings.TrimRight(line+"  "+string(o.Camera), " ") // a dry run makes no id
	}
	return line
}

// problemsText is all that is wrong with a row.
func problemsText(list []onboard.Problem) string {
	var texts []string
	for _, p := range list {
		text := p.Message.EN
		if p.Field != "" {
			text = p.Field + ": " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// after says what happens next.
func (i *imported) after(conn *client) string {
	if i.DryRun {
		return "A dry run: nothing was changed.\n"
	}
	text := ""
	if i.Unconfirmed {
		text = "The store has not confirmed this yet; it is kept here and shipped when the store is back.\n"
	}
	if !conn.alive {
		text += "No server runs on this folder: qianshao serve records these cameras.\n"
	}
	return text
}

// foundIf makes the exit code of a command that has reported already.
func foundIf(bad bool) error {
	if bad {
		return errFound
	}
	return nil
}
