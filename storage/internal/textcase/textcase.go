// Package textcase runs tests that are written as text: blocks of a command
// with its input, a line "----", and the expected output up to a blank line.
//
//	# a comment, anywhere between blocks
//	gaps
//	enrolled 0-60
//	covered 10-20
//	----
//	0-10 unknown
//	20-60 unknown
//
// With the environment variable UPDATE=1 the outputs are written back, so that
// a reviewer reads the change of behaviour as a diff of the text file.
package textcase

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Case is one block.
type Case struct {
	Line  int      // of the command, from 1
	Cmd   string   // first word of the first line
	Args  []string // the other words of the first line
	Input []string // lines between the command and "----"
}

// Run runs every file that matches glob as a sub-test. fn answers a case with
// its output; the cases of one file are run in order with one fn made by
// start, so that a file can tell a story.
func Run(t *testing.T, glob string, start func(t *testing.T) func(t *testing.T, c Case) string) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no file matches %s", glob)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			t.Parallel()
			runFile(t, file, start(t))
		})
	}
}

func runFile(t *testing.T, file string, fn func(t *testing.T, c Case) string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	var rewritten []string
	for i := 0; i < len(lines); {
		if lines[i] == "" || strings.HasPrefix(lines[i], "#") {
			rewritten = append(rewritten, lines[i])
			i++
			continue
		}
		words := strings.Fields(lines[i])
		c := Case{Line: i + 1, Cmd: words[0], Args: words[1:]}
		begin := i
		for i++; i < len(lines) && lines[i] != "----"; i++ {
			c.Input = append(c.Input, lines[i])
		}
		if i == len(lines) {
			t.Fatalf("%s:%d: block without ----", file, c.Line)
		}
		i++
		rewritten = append(rewritten, lines[begin:i]...)
		var want []string
		for ; i < len(lines) && lines[i] != ""; i++ {
			want = append(want, lines[i])
		}
		got := strings.TrimRight(fn(t, c), "\n")
		if got != "" {
			rewritten = append(rewritten, strings.Split(got, "\n")...)
		}
		if diff := cmp.Diff(strings.Join(want, "\n"), got); diff != "" && os.Getenv("UPDATE") == "" {
			t.Errorf("%s:%d: %s (-want +got)\n%s", file, c.Line, c.Cmd, diff)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(strings.Join(rewritten, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
