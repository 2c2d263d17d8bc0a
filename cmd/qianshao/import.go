package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"qianshao/registry"
)

type importCmd struct {
	folder
	File string `arg:"" help:"CSV with a header row: carrier_device_id, name, rtsp_url, lon, lat, and more (see below). - reads standard input."`
	JSON bool   `name:"json" help:"Print the report as JSON."`
}

// Help is printed below the flags.
func (*importCmd) Help() string {
	return `Cameras are found by carrier and carrier_device_id, and made if there are none. A missing column or an empty cell keeps the value, - clears it. Further columns: carrier (default local), username, password, sub_rtsp_url, transport (tcp, udp, http, auto), tls_sha256, village_code (12 digits), common_name, landmark, coord_system (of lon and lat: WGS84, GCJ02 or BD09), azimuth_deg, fov_deg, range_m, retention_days.

A running server records new cameras within seconds. Exit code 1 if any row failed; the others are in.

Example:
  qianshao import cameras.csv --data /srv/qianshao`
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
	raw, err := conn.call(e.ctx, "POST", "/control/v1/import", nil, text, &done)
	if err != nil {
		return err
	}
	if c.JSON {
		if _, err := e.out.Write(raw); err != nil {
			return err
		}
		return foundIf(done.failed() > 0)
	}
	var b bytes.Buffer
	for _, w := range done.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	count := map[registry.Status]int{}
	for _, o := range done.Outcomes {
		count[o.Status]++
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

// outcomeText is one line of a report.
func outcomeText(o registry.Outcome) string {
	line := fmt.Sprintf("row %-4d %-9s %s:%s", o.Row, o.Status, o.Carrier, o.DeviceID)
	if o.DeviceID == "" {
		line = fmt.Sprintf("row %-4d %-9s", o.Row, o.Status)
	}
	switch {
	case o.Status == registry.Rejected && o.Field != "":
		line += fmt.Sprintf("  %s: %s", o.Field, o.Message)
	case o.Message != "":
		line += "  " + o.Message
	case o.Status == registry.Created:
		line += "  " + string(o.Camera)
	}
	return line
}

func (i *imported) failed() (n int) {
	for _, o := range i.Outcomes {
		if o.Status == registry.Rejected {
			n++
		}
	}
	return n
}

// after says what happens next.
func (i *imported) after(conn *client) string {
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
