package register

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// fileName names a file of a chain: {seq}-{at_us}.jsonl, of its first entry (at_us
// is a later time where an abandoned file of the same seq has one). Names sort in the order of the chain. Entries of a file whose seq is not below
// the next file's were left by a write that failed: nobody was promised them.
type fileName struct {
	seq uint64
	at  timeline.Micros
}

func (f fileName) String() string { return fmt.Sprintf("%016d-%016d.jsonl", f.seq, int64(f.at)) }

// parseFileName is the inverse of fileName.String and accepts nothing else.
func parseFileName(s string) (f fileName, ok bool) {
	seq, rest, _ := strings.Cut(s, "-")
	at, found := strings.CutSuffix(rest, ".jsonl")
	n, err1 := strconv.ParseUint(seq, 10, 53)
	us, err2 := strconv.ParseInt(at, 10, 64)
	f = fileName{n, timeline.Micros(us)}
	return f, found && err1 == nil && err2 == nil && f.String() == s
}

// chain is the folder of one chain.
type chain struct {
	fs  vfs.FS
	dir string
	id  string
}

// files lists a chain's files in order; none where there is no folder.
func (c chain) files() (names []fileName, err error) {
	entries, err := c.fs.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if n, ok := parseFileName(e.Name()); ok {
			names = append(names, n)
		}
	}
	return names, err
}

func (c chain) path(n fileName) string { return path.Join(c.dir, n.String()) }

// read returns the bytes of a file.
func (c chain) read(n fileName) ([]byte, error) { return vfs.ReadFile(c.fs, c.path(n)) }

// split cuts a file's bytes into lines without their newlines. tail is what
// follows the last newline.
func split(b []byte) (lines [][]byte, tail []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return lines, b
		}
		lines = append(lines, b[:i])
		b = b[i+1:]
	}
	return lines, nil
}

// last finds the last sound entry of a chain: what is written next goes on from
// there. found is false where there is none.
func (c chain) last() (e Entry, found bool, err error) {
	names, err := c.files()
	if err != nil {
		return e, false, err
	}
	for i := len(names) - 1; i >= 0; i-- {
		b, err := c.read(names[i])
		if err != nil {
			return e, false, err
		}
		lines, _ := split(b)
		for k := len(lines) - 1; k >= 0; k-- {
			if e, sound, err := parseLine(lines[k]); err == nil && sound && e.Chain == c.id {
				return e, true, nil
			}
		}
	}
	return e, false, nil
}
