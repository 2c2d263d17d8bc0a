package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a site brings along is found at once, and listed; a bad list changes nothing.
func TestPlacesCommands(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: the race detector makes half a minute of one command after the other")
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(want string, ok bool, args ...string) {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", data)...)
		if (code == exitOK) != ok || !strings.Contains(out+errs, want) {
			t.Errorf("%q: exit %d\n%s%s\nwant %q", args, code, out, errs, want)
		}
	}
	run("created", true, "camera", "add", "GATE", "rtsp://10.0.0.1/1", "--name", "三合村路口", "--lon", "104.8954673", "--lat", "25.09204", "--coord-system", "GCJ-02")
	run("no places", true, "places", "list")
	run("1 places of kind landmark", true, "places", "import", file("l.csv", "name,also,lon,lat\n桔山牛马市场,牛市,104.9,25.1\n"), "--kind", "landmark", "--coord-system", "BD09")
	run("1 places of kind group", true, "places", "import", file("g.csv", "name,divisions\n义龙新区,522328|522301003\n"), "--kind", "group")
	run("8 places of kind outline", true, "places", "import", file("o.json", countiesJSON), "--kind", "outline", "--coord-system", "WGS84")
	run("which coordinate system", false, "places", "import", file("o.json", countiesJSON), "--kind", "outline")
	run("row 2", false, "places", "import", file("bad.csv", "name,lon,lat\n甲,x,25\n"), "--kind", "landmark")
	run("no division", false, "places", "import", file("bad.csv", "name,divisions\n甲,999999\n"), "--kind", "group")
	run("桔山牛马市场  牛市", true, "places", "list")
	run("landmark", true, "places", "find", "niushi")
	run("group", true, "places", "find", "ylxq")
	run("1 places of kind group", true, "places", "import", filepath.Join("..", "..", "configs", "groups.csv"), "--kind", "group")
	run("yilong", true, "places", "find", "义龙")
	run("桔山街道", true, "places", "find", "兴义", "jushan")
	run("104.893014,25.095147", true, "places", "find", "sanhecun")
	run("nothing is called", false, "places", "find", "哪里都不是")
	run("places.import", true, "register", "--kind", "admin")
}
