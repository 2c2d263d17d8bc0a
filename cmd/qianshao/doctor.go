package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"qianshao/configs"
)

type doctorCmd struct {
	folder
	Listen string `placeholder:"ADDR" help:"HTTP address to look at, if it is not the one of the settings."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*doctorCmd) Help() string {
	return `Works with and without a running server, and on a machine where nothing was recorded yet. It writes a few small files and one small object, and removes them. Exit code 1 if anything failed; warnings alone are 0.`
}

// level is how bad a finding is.
type level string

const (
	fine level = "ok"
	warn level = "warn"
	fail level = "fail"
)

// finding is one line of the doctor's report.
type finding struct {
	Name  string `json:"name"`
	Level level  `json:"level"`
	Said  string `json:"said"`
	Fix   string `json:"fix,omitempty"` // what to do; empty for ok
}

// patient is what the doctor looks at.
type patient struct {
	cfg    configs.Config
	server *status // of the server that runs on the folder; nil: none does
	locked bool    // somebody owns the folder
}

// doctorTime bounds each look: a store that hangs is a finding, too.
const doctorTime = 20 * time.Second

// Run looks at everything and prints what it finds.
func (c *doctorCmd) Run(e *env) error {
	flags := map[string]string{}
	if c.Listen != "" {
		flags["listen"] = c.Listen
	}
	cfg, err := c.load(e, flags)
	if err != nil {
		return err
	}
	p := &patient{cfg: cfg}
	p.server, p.locked = meetServer(e.ctx, cfg)
	var all []finding
	bad := false
	for _, look := range []func(context.Context, *patient) []finding{
		lookServer, lookPorts, lookDisk, lookSpool, lookStore, lookDatabases, lookRegister, lookPrivacy, lookClock, lookFFmpeg, lookFiles,
	} {
		ctx, cancel := context.WithTimeout(e.ctx, doctorTime)
		found := look(ctx, p)
		cancel()
		for _, f := range found {
			bad = bad || f.Level == fail
			all = append(all, f)
			if c.JSON {
				continue
			}
			if _, err := fmt.Fprint(e.out, f.text()); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		if err := printJSON(e.out, all); err != nil {
			return err
		}
	}
	if e.ctx.Err() != nil {
		return e.ctx.Err()
	}
	return foundIf(bad)
}

func (f finding) text() string {
	text := fmt.Sprintf("%-4s  %-11s %s\n", f.Level, f.Name, f.Said)
	if f.Fix != "" {
		text += strings.Repeat(" ", 18) + "→ " + f.Fix + "\n"
	}
	return text
}

// meetServer asks the owner of the folder who it is.
func meetServer(ctx context.Context, cfg configs.Config) (s *status, locked bool) {
	c := serverClient(cfg.Data)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s = &status{}
	_, err := c.call(ctx, "GET", "/control/v1/status", nil, nil, s)
	_ = c.close() // nothing is under way
	if err == nil {
		return s, true
	}
	return nil, isLocked(cfg.Data)
}
