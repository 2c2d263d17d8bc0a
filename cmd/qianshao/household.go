package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/storage/timeline"
)

// What a household may want of its camera, by a command on the server: on its word, and
// where it has no way to say so itself.

type cameraPauseCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	From   string `placeholder:"TIME" help:"When it begins. Default: now."`
	To     string `placeholder:"TIME" help:"When it ends. Default: when it is ended (camera resume)."`
	Daily  string `placeholder:"22:00-06:00" help:"These hours of every day, +08:00."`
	Reason string `help:"Why, for the record."`
}

// Help is printed below the flags.
func (*cameraPauseCmd) Help() string {
	return `The camera is let go within seconds of the pause's beginning, and the timeline says paused. What was recorded before stays.

Examples:
  qianshao camera pause GATE --to "2026-11-30 18:00" --reason "a wedding"
  qianshao camera pause GATE --daily 22:00-06:00`
}

// Run enters a pause.
func (c *cameraPauseCmd) Run(e *env) error {
	p := registry.Pause{Span: timeline.Span{To: timeline.Forever}, By: registry.By{Actor: operator, Reason: c.Reason}}
	var err error
	if c.From != "" {
		if p.Span.From, err = parseTime(c.From); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	if c.To != "" {
		if p.Span.To, err = parseTime(c.To); err != nil {
			return fmt.Errorf("--to: %w", err)
		}
	}
	if c.Daily != "" {
		if p.Daily, err = parseHours(c.Daily); err != nil {
			return fmt.Errorf("--daily: %w", err)
		}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error {
		if _, err := conn.call(e.ctx, "POST", "/control/v1/cameras/"+c.Device+"/pauses", nil, body, &p); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "paused %s\n", pauseText(p))
		return err
	})
}

// parseHours reads "22:00-06:00".
func parseHours(text string) (*registry.Hours, error) {
	from, to, _ := strings.Cut(text, "-")
	var h registry.Hours
	for _, part := range []struct {
		text string
		at   *int
	}{{from, &h.From}, {to, &h.To}} {
		t, err := time.Parse("15:04", strings.TrimSpace(part.text))
		if err != nil {
			return nil, fmt.Errorf(`%.40q are no hours: write "22:00-06:00"`, text)
		}
		*part.at = t.Hour()*60 + t.Minute()
	}
	return &h, nil
}

func pauseText(p registry.Pause) string {
	text := fmt.Sprintf("%s to %s", localTime(p.Span.From), endText(p.Span.To))
	if d := p.Daily; d != nil {
		text += fmt.Sprintf(", daily %02d:%02d to %02d:%02d", d.From/60, d.From%60, d.To/60, d.To%60)
	}
	return text
}

// endText is when something ends, as far as that is known.
func endText(t timeline.Micros) string {
	if t >= timeline.Forever {
		return "until it is ended"
	}
	return localTime(t)
}

type cameraResumeCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
}

// Run ends all pauses of a camera.
func (c *cameraResumeCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var ended []registry.Pause
		if _, err := conn.call(e.ctx, "DELETE", "/control/v1/cameras/"+c.Device+"/pauses", nil, nil, &ended); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%d pauses ended\n", len(ended))
		return err
	})
}

type cameraMoveCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	To     string `arg:"" help:"suspended, active, decommissioned, …"`
	Reason string `help:"Why, for the record."`
}

// Help is printed below the flags.
func (*cameraMoveCmd) Help() string {
	return `A camera goes from imported over probing and pending_review to active; only an active one is recorded. From there it may be suspended and come back, or be decommissioned. What may not follow is refused. A household that leaves: camera withdraw.`
}

// Run changes a camera's lifecycle.
func (c *cameraMoveCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var cam listed
		if _, err := conn.call(e.ctx, "POST", "/control/v1/cameras/"+c.Device+"/move", url.Values{"to": {c.To}, "reason": {c.Reason}}, nil, &cam); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.out, "%s is %s\n", shortRef(cam.Carrier, cam.DeviceID), cam.Lifecycle)
		return err
	})
}

type cameraWithdrawCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	Reason string `help:"Why, for the record."`
	Yes    bool   `name:"yes" help:"The household has said so, and knows that its footage is deleted for good."`
	Wait   bool   `name:"wait" help:"Wait until the footage is deleted, and print the receipt."`
}

// Help is printed below the flags.
func (*cameraWithdrawCmd) Help() string {
	return `Recording stops within a minute, nobody sees the footage any more, and it is deleted with its keys, but for what a case holds: that follows when the hold ends. A signed receipt says what was deleted (camera life prints it). Only a consent that is signed afterwards brings the camera back.`
}

// Run withdraws a camera for its household.
func (c *cameraWithdrawCmd) Run(e *env) error {
	if !c.Yes {
		return errors.New("this deletes the household's footage for good: give --yes if it wants that")
	}
	return c.connected(e, func(conn *client) error {
		var w registry.Withdrawal
		if _, err := conn.call(e.ctx, "POST", "/control/v1/cameras/"+c.Device+"/withdraw", url.Values{"reason": {c.Reason}}, nil, &w); err != nil {
			return err
		}
		if !c.Wait {
			_, err := fmt.Fprintf(e.out, "withdrawn: recording stops, the footage is hidden and being deleted; qianshao camera life %s tells when it is done\n", c.Device)
			return err
		}
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			var l life
			if _, err := conn.call(e.ctx, "GET", "/control/v1/cameras/"+c.Device+"/life", nil, nil, &l); err != nil {
				return err
			}
			if len(l.Withdrawals) > 0 && l.Withdrawals[0].State != registry.WithdrawalBegun {
				_, err := fmt.Fprintln(e.out, string(l.Withdrawals[0].Receipt))
				return err
			}
			select {
			case <-tick.C:
			case <-e.ctx.Done():
				return e.ctx.Err()
			}
		}
	})
}

type cameraLifeCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// life is what is known of a camera and its household over time.
type life struct {
	Camera      listed                `json:"camera"`
	Steps       []registry.Step       `json:"steps"`
	Consents    []registry.Consent    `json:"consents"`
	Pauses      []registry.Pause      `json:"pauses"`
	Withdrawals []registry.Withdrawal `json:"withdrawals"`
}

// Run prints a camera's life.
func (c *cameraLifeCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		var l life
		raw, err := conn.call(e.ctx, "GET", "/control/v1/cameras/"+c.Device+"/life", nil, nil, &l)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err = e.out.Write(raw)
			return err
		}
		return l.print(e.out)
	})
}

func (l *life) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) is %s\n", shortRef(l.Camera.Carrier, l.Camera.DeviceID), l.Camera.ID, l.Camera.Lifecycle)
	for _, s := range l.Steps {
		fmt.Fprintf(&b, "%s  %s  %s %s\n", localTime(s.At), s.To, s.Actor, s.Reason)
	}
	for _, c := range l.Consents {
		end := "in force"
		if c.Ended != 0 {
			end = "ended " + localTime(c.Ended)
		}
		fmt.Fprintf(&b, "consent  %s version %s, signed %s, %s\n", c.Ref, c.Version, localTime(c.Signed), end)
	}
	for _, p := range l.Pauses {
		fmt.Fprintf(&b, "pause    %s  %s %s\n", pauseText(p), p.By.Actor, p.By.Reason)
	}
	for _, w := range l.Withdrawals {
		fmt.Fprintf(&b, "withdrawal  %s  %s  %s\n", localTime(w.At), w.State, w.Trouble)
		if len(w.Receipt) > 0 {
			fmt.Fprintf(&b, "%s\n", w.Receipt)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// householdRoutes are the control routes of this file.
func (c *control) householdRoutes(mux *http.ServeMux) {
	const camera = "/control/v1/cameras/{ref}"
	mux.HandleFunc("GET "+camera+"/life", returns(c.cameraLife))
	mux.HandleFunc("POST "+camera+"/move", c.registered("camera.move", c.moveCamera))
	mux.HandleFunc("POST "+camera+"/pauses", c.registered("camera.pause", c.pauseCamera))
	mux.HandleFunc("DELETE "+camera+"/pauses", c.registered("camera.resume", c.resumeCamera))
	mux.HandleFunc("POST "+camera+"/withdraw", c.registered("camera.withdraw", c.withdrawCamera))
}

func (c *control) cameraLife(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	l := life{Camera: c.list(cam)}
	ctx := r.Context()
	var errs [4]error
	l.Steps, errs[0] = c.d.reg.Steps(ctx, cam.ID)
	l.Consents, errs[1] = c.d.reg.Consents(ctx, cam.ID)
	l.Pauses, errs[2] = c.d.reg.Pauses(ctx, cam.ID)
	l.Withdrawals, errs[3] = c.d.reg.WithdrawalsOf(ctx, cam.ID)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return answer(w, l)
}

func (c *control) moveCamera(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	moved, err := c.d.reg.Move(short, registry.Lifecycle(r.FormValue("to")), registry.By{Actor: operator, Reason: r.FormValue("reason")}, cam.ID)
	if len(moved) == 1 && moved[0].Err != nil {
		return fault(http.StatusConflict, moved[0].Err)
	}
	unconfirmed := errors.Is(err, registry.ErrUnconfirmed)
	if err != nil && !unconfirmed {
		return fault(http.StatusBadRequest, err)
	}
	if cam, err = c.d.reg.Get(r.Context(), cam.ID); err != nil {
		return err
	}
	out := c.list(cam)
	out.Unconfirmed = unconfirmed
	return answer(w, out)
}

func (c *control) pauseCamera(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	var p registry.Pause
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&p); err != nil {
		return fault(http.StatusBadRequest, fmt.Errorf("a pause as JSON: %w", err))
	}
	p.Camera, p.By.Actor = cam.ID, operator
	if p, err = c.d.reg.AddPause(r.Context(), p); err != nil {
		return fault(http.StatusBadRequest, err)
	}
	return answer(w, p)
}

func (c *control) resumeCamera(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	list, err := c.d.reg.Pauses(r.Context(), cam.ID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := c.d.reg.EndPause(r.Context(), cam.ID, p.ID); err != nil {
			return err
		}
	}
	return answer(w, list)
}

func (c *control) withdrawCamera(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	out, err := c.d.reg.Withdraw(short, cam.ID, registry.By{Actor: operator, Reason: r.FormValue("reason")})
	if err != nil && !errors.Is(err, registry.ErrUnconfirmed) {
		return fault(http.StatusBadRequest, err)
	}
	return answer(w, out)
}
