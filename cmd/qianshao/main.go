// Command qianshao records household cameras, indexes the footage and gives
// back exact clips. All roles and all commands are in this one binary; its
// files are named after the commands.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"qianshao/ingest"
)

// version is set by the build: -ldflags "-X main.version=…".
var version string

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed, or found what it was looking for: a bad row, an inconsistency
	exitUsage  = 2 // it was called wrongly
)

const about = `Records household cameras, indexes the footage and gives back exact clips.

Try it, with simulated cameras and nothing else:
  qianshao demo

Your first camera:
  qianshao serve --data /srv/qianshao
  qianshao camera add GATE rtsp://user:password@192.168.1.64/stream1 --data /srv/qianshao
  qianshao timeline GATE --from "2026-11-23 09:00" --to "2026-11-23 10:00" --data /srv/qianshao
  qianshao clip GATE --from "2026-11-23 09:15" --to "2026-11-23 09:16" -o gate.mp4 --data /srv/qianshao

Commands given while the server runs reach it through DATA/control.sock. A CAMERA is our id (c_…), CARRIER:DEVICE, or a device id that one carrier alone uses. Times are RFC 3339, or "2026-11-23 09:00[:ss]", which is Beijing time (+08:00).

Exit codes: 0 done, 1 failed or something was found, 2 wrong usage.`

type commands struct {
	Demo      demoCmd      `cmd:"" help:"Simulated cameras and the server, ready in seconds."`
	Serve     serveCmd     `cmd:"" help:"Record and answer, until told to stop."`
	Import    importCmd    `cmd:"" help:"Add and change cameras from a list, CSV or XLSX."`
	Camera    cameraCmd    `cmd:"" help:"List, add and remove cameras."`
	Places    placesCmd    `cmd:"" help:"Find places, and bring along the site's own."`
	Timeline  timelineCmd  `cmd:"" help:"What was recorded, and why the rest was not."`
	Clip      clipCmd      `cmd:"" help:"Save footage as one file, exact to the frame."`
	Account   accountCmd   `cmd:"" help:"Who may sign in: accounts and units."`
	Case      caseCmd      `cmd:"" help:"Cases, for which footage may be seen."`
	Token     tokenCmd     `cmd:"" help:"What programs sign in with."`
	Register  registerCmd  `cmd:"" help:"Who saw which footage; whether the access register is as it was written."`
	Check     checkCmd     `cmd:"" help:"Name every inconsistency of the archive."`
	Reindex   reindexCmd   `cmd:"" help:"Rebuild the databases from the store alone."`
	Receipt   receiptCmd   `cmd:"" help:"Proof of what was deleted for a household."`
	Retention retentionCmd `cmd:"" help:"What may expire, and what waits for your word."`
	Secret    secretCmd    `cmd:"" help:"The key that seals passwords."`
	SafeMode  safeModeCmd  `cmd:"" help:"Allow deletes again after the database was lost."`
	Doctor    doctorCmd    `cmd:"" help:"Look for what is wrong with this machine, and say the fix."`

	Version kong.VersionFlag `help:"Print the version."`
}

// env is what a command gets from the process.
type env struct {
	ctx     context.Context // ends when the process is asked to stop
	hard    context.Context // ends when it is asked again
	in      io.Reader
	out     io.Writer // answers
	err     io.Writer // the log, progress and warnings
	environ []string
}

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "serve" || os.Args[1] == "demo") {
		ingest.SetTimerSlack() // begins the program anew
	}
	noCore()
	os.Exit(run())
}

func run() int {
	ctx, hard, stop := untilTold()
	defer stop()
	return call(&env{ctx: ctx, hard: hard, in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}, os.Args[1:])
}

// call parses the arguments and runs the command they name.
func call(e *env, args []string) int {
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("qianshao"), kong.Description(about), kong.Writers(e.out, e.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": "qianshao " + buildVersion()},
		// Help and version print, and end the parsing this way.
		kong.Exit(func(int) { code = exitOK; panic(errParsed) }))
	if err != nil {
		return say(e, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parse(parser, args)
	switch {
	case code >= 0:
		return code
	case err != nil:
		hint := "qianshao --help"
		var wrong *kong.ParseError
		if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Selected() != nil {
			hint = "qianshao " + wrong.Context.Selected().Path() + " --help"
		}
		_, _ = fmt.Fprintf(e.err, "qianshao: %v; see %s\n", err, hint) // nowhere left to report to
		return exitUsage
	}
	if err := parsed.Run(e); err != nil {
		return say(e, err)
	}
	return exitOK
}

// errParsed ends the parsing early.
var errParsed = errors.New("answered while parsing")

func parse(parser *kong.Kong, args []string) (ctx *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil && r != any(errParsed) {
			panic(r)
		}
	}()
	return parser.Parse(args)
}

// errFound is the error of a command that has said already what it found.
var errFound = errors.New("found")

func say(e *env, err error) int {
	switch {
	case errors.Is(err, errFound):
	case e.ctx.Err() != nil && errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(e.err, "qianshao: stopped") // nowhere left to report to
	default:
		_, _ = fmt.Fprintf(e.err, "qianshao: %v\n", err)
	}
	return exitFailed
}

// sameRequest is how long after the first signal another one is still the same
// request to stop: timeout(1) and some shells send it twice.
const sameRequest = 500 * time.Millisecond

// untilTold returns a context that ends with the first SIGTERM or SIGINT, and
// one that ends with the second. The third ends the process as it always would.
func untilTold() (ctx, hard context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		var first time.Time
		for first.IsZero() || hard.Err() == nil {
			select {
			case <-signals:
			case <-done:
				return
			}
			switch {
			case first.IsZero():
				first = time.Now()
				cancel()
			case time.Since(first) > sameRequest:
				cancelHard()
			}
		}
		signal.Stop(signals)
	}()
	return ctx, hard, func() {
		signal.Stop(signals)
		close(done)
		cancel()
		cancelHard()
	}
}

// buildVersion is the version given by the build, else what Go noted.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if version != "" || !ok {
		return cmp.Or(version, "unknown")
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	return cmp.Or(rev+dirty, strings.Trim(info.Main.Version, "()"))
}
