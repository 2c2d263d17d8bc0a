package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"qianshao/storage/timeline"
)

type clipCmd struct {
	folder
	window
	Camera string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	Out    string `short:"o" name:"output" placeholder:"FILE" help:"Where to write; - is standard output. Default: a name made of camera and time."`
	Force  bool   `help:"Overwrite the file."`
	Stream string `enum:"main,sub,sub2" default:"main" help:"Which stream: ${enum}."`
	Trim   string `enum:"exact,inner" default:"exact" help:"exact: to the frame. inner: from the first key frame inside, with nothing before the start in the file."`
	Gaps   string `enum:"keep,join" default:"keep" help:"Time without footage: keep its length, or join what is around it."`
	Audio  string `enum:"original,play,none" default:"original" help:"Sound as it came, in a form that browsers play, or none."`
}

// Help is printed below the flags.
func (*clipCmd) Help() string {
	return `Without --from and --to: the last minute. Exit code 1 if there is no footage; the nearest is named then.

Example:
  qianshao clip GATE --from "2026-11-23 09:15" --to "2026-11-23 09:16:30" -o gate.mp4`
}

// recent is how far a clip without --to stays behind now, so that all of it is
// on the disk: a fragment, its sync, and some patience.
const recent = 3 * timeline.Second

// Run saves a clip.
func (c *clipCmd) Run(e *env) error {
	span, err := c.span(timeline.FromTime(time.Now())-recent, timeline.Minute)
	if err != nil {
		return err
	}
	return c.connected(e, func(conn *client) error { return c.save(e, conn, span) })
}

func (c *clipCmd) save(e *env, conn *client, span timeline.Span) (err error) {
	if err := c.free(c.Out); err != nil {
		return err
	}
	query := url.Values{
		"from": {span.From.String()}, "to": {span.To.String()}, "stream": {c.Stream},
		"trim": {c.Trim}, "gaps": {c.Gaps}, "audio": {c.Audio},
	}
	resp, err := conn.do(e.ctx, "GET", footagePath(c.Camera, "clip.mp4"), query, nil)
	if err != nil {
		return withNearest(err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if c.Out == "-" {
		_, err := io.Copy(e.out, resp.Body)
		return err
	}
	name := c.Out
	if name == "" {
		name = nameOf(resp, c.Camera)
		if err := c.free(name); err != nil {
			return err
		}
	}
	size, err := c.write(e, name, resp)
	if err != nil {
		return fmt.Errorf("clip %s: %w", name, err)
	}
	text := fmt.Sprintf("%s  %s  %s to %s\n", name, bytesText(size), localTime(span.From), localTime(span.To))
	if parts := resp.Header.Get("X-Clip-Parts"); parts != "" {
		text += fmt.Sprintf("The codec changes in this window: the file ends there. Its parts: %s\n", parts)
	}
	_, err = fmt.Fprint(e.out, text)
	return err
}

// free refuses a name that is taken.
func (c *clipCmd) free(name string) error {
	if c.Force || name == "" || name == "-" {
		return nil
	}
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s exists: choose another name with -o, or overwrite it with --force", name)
	}
	return nil
}

// nameOf is the file name that the server proposes, without any folders.
func nameOf(resp *http.Response, camera string) string {
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	if name := filepath.Base(params["filename"]); err == nil && name != "." && name != string(filepath.Separator) {
		return name
	}
	return filepath.Base(camera) + ".mp4"
}

// write copies the clip into a file of another name beside it, which gets its
// name when it is whole.
func (c *clipCmd) write(e *env, name string, resp *http.Response) (n int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".clip-*.part")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	p := &progress{show: newTicker(e.err), total: resp.ContentLength}
	n, err = io.Copy(io.MultiWriter(f, p), resp.Body)
	p.show.clear()
	if err == nil {
		err = f.Chmod(0o640)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		if e.ctx.Err() != nil {
			err = context.Cause(e.ctx)
		}
		return n, err
	}
	if err := c.free(name); err != nil { // taken meanwhile
		return n, err
	}
	return n, os.Rename(f.Name(), name)
}

// progress counts what passes and says so.
type progress struct {
	show  *ticker
	total int64 // -1: not known
	n     int64
}

// Write implements io.Writer.
func (p *progress) Write(b []byte) (int, error) {
	p.n += int64(len(b))
	if p.total > 0 {
		p.show.say("%s of %s (%d%%)", bytesText(p.n), bytesText(p.total), 100*p.n/p.total)
	} else {
		p.show.say("%s", bytesText(p.n))
	}
	return len(b), nil
}

// withNearest adds to an error what footage there is near the window.
func withNearest(err error) error {
	var p *problem
	if !errors.As(err, &p) || p.Before == nil && p.After == nil {
		return err
	}
	text := p.Detail
	if p.Before != nil {
		text += "\n  the footage before it:  " + localTime(p.Before.From) + " to " + localTime(p.Before.To)
	}
	if p.After != nil {
		text += "\n  the footage after it:   " + localTime(p.After.From) + " to " + localTime(p.After.To)
	}
	return errors.New(text + "\n  ask for one of these; qianshao timeline says why there is none between them")
}
