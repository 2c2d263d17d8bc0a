package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows is the whole import policy between our folders: the folder on the left
// may import those on the right, and what lies below itself. The longest folder
// that a file lies in counts. To change it is to change the design: do it on
// purpose, and say why in DECISIONS.md.
const arrows = `
	cmd               -> api ingest registry storage configs
	api               -> registry storage
	ingest            -> registry storage
	registry          -> storage
	storage           ->
	configs           ->

	storage/media     -> storage/timeline
	storage/timeline  -> storage/media
	storage/vfs       ->
	storage/blob      -> storage/vfs
`

// helpers exist for tests, as does every folder whose name ends with "test":
// only tests, and other helpers, may import them.
var helpers = []string{
	"storage/blob/memblob",
	"storage/internal/textcase",
	"storage/vfs/crashfs", "storage/vfs/errfs",
}

func isHelper(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		if strings.HasSuffix(part, "test") {
			return true
		}
	}
	return slices.ContainsFunc(helpers, func(h string) bool { return inside(dir, h) })
}

// cameras are simulated by camsim and the demo with what tests use.
const cameras = "ingest/rtsp/rtsptest"

// benchRows fills large indexes for benchmarks, qsbench's among them, and benchLists
// writes long lists of cameras.
const (
	benchRows  = "storage/index/indextest"
	benchLists = "registry/onboard/onboardtest"
)

const module = "qianshao"

// source is one Go file of ours.
type source struct {
	name    string // from the module's root, with slashes
	test    bool
	imports []string // ours without the module's name, others whole
	doc     bool     // has a package comment
}

func (s source) dir() string { return path.Dir(s.name) }

// sources reads the tree. Reading it here, and not through go list, makes the
// test cache notice every change.
func sources(t *testing.T) []source {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	var all []source
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if base := e.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin" || base == "data") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		s, err := parse(name, text)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d files found", len(all))
	}
	return all
}

func parse(name string, text []byte) (source, error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	s := source{name: name, test: strings.HasSuffix(name, "_test.go"), doc: documented(f)}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, p)
	}
	return s, nil
}

func documented(f *ast.File) bool {
	return f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != ""
}

// policy maps a folder to those it may import.
func policy(t *testing.T) map[string][]string {
	t.Helper()
	p := map[string][]string{}
	for line := range strings.Lines(arrows) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		from, to, ok := strings.Cut(line, "->")
		if !ok {
			t.Fatalf("no arrow in %q", line)
		}
		p[strings.TrimSpace(from)] = strings.Fields(to)
	}
	return p
}

func inside(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

// violation says what is wrong with one import of a file, or nothing.
func violation(p map[string][]string, s source, imported string) string {
	target, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		if imported == "testing" && !s.test && !isHelper(s.dir()) {
			return "only tests and their helpers import testing"
		}
		return ""
	}
	from := ""
	for folder := range p {
		if inside(s.dir(), folder) && len(folder) > len(from) {
			from = folder
		}
	}
	switch {
	case from == "":
		return "the folder is not in the table of arrows"
	case inside(target, cameras):
		if inside(s.dir(), "cmd") || inside(s.dir(), cameras) || s.test && inside(s.dir(), "ingest") {
			return ""
		}
		return "simulated cameras are for cmd and for the tests of ingest"
	case (target == benchRows || target == benchLists) && s.dir() == "cmd/qsbench":
		return ""
	case isHelper(target) && !s.test && !isHelper(s.dir()):
		return "that package is for tests"
	case isHelper(target) && s.test, isHelper(s.dir()) && inside(s.dir(), strings.Split(target, "/")[0]):
		from = strings.Split(from, "/")[0] // a folder's tests reach what its root may
	}
	for _, to := range append([]string{from}, p[from]...) {
		if inside(target, to) {
			return ""
		}
	}
	return from + " may import only itself and: " + strings.Join(p[from], ", ")
}

func TestArrows(t *testing.T) {
	t.Parallel()
	p := policy(t)
	for _, s := range sources(t) {
		for _, i := range s.imports {
			if v := violation(p, s, i); v != "" {
				t.Errorf("%s imports %s: %s", s.name, i, v)
			}
		}
	}
}

// The policy refuses what it should, so that an empty table is noticed.
func TestArrowsRefuse(t *testing.T) {
	t.Parallel()
	p := policy(t)
	for _, c := range []struct {
		file, imports string
		ok            bool
	}{
		{"api/clip/a.go", "qianshao/storage/segment", true},
		{"api/clip/a.go", "qianshao/api", true},
		{"api/a.go", "qianshao/ingest", false},
		{"api/a.go", "qianshao/ingest/rtsp", false},
		{"api/a_test.go", "qianshao/ingest/rtsp/rtsptest", false},
		{"api/a.go", "qianshao/configs", false},
		{"ingest/a.go", "qianshao/api", false},
		{"ingest/a_test.go", "qianshao/ingest/rtsp/rtsptest", true},
		{"ingest/a.go", "qianshao/ingest/rtsp/rtsptest", false},
		{"registry/a.go", "qianshao/ingest", false},
		{"storage/index/a.go", "qianshao/registry", false},
		{"storage/media/a.go", "qianshao/storage/timeline", true},
		{"storage/media/a.go", "qianshao/storage/segment", false},
		{"storage/timeline/a_test.go", "qianshao/storage/index", false},
		{"storage/a.go", "qianshao/storage/blob/memblob", false},
		{"storage/a_test.go", "qianshao/storage/blob/memblob", true},
		{"storage/a.go", "testing", false},
		{"cmd/qianshao/a.go", "qianshao/configs", true},
		{"cmd/camsim/a.go", "qianshao/ingest/rtsp/rtsptest", true},
		{"util/a.go", "qianshao/storage", false},
		{"api/a.go", "net/http", true},
	} {
		s, err := parse(c.file, []byte("package x\nimport "+strconv.Quote(c.imports)))
		if err != nil {
			t.Fatal(err)
		}
		if v := violation(p, s, s.imports[0]); (v == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.file, c.imports, v)
		}
	}
}

// Every package says what it is.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			has[s.dir()] = has[s.dir()] || s.doc
		}
	}
	for dir, ok := range has {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}
