package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qianshao/storage/media"
)

// actEntry is what a test reads of an entry.
type actEntry struct {
	Seq, Of                uint64
	Act, Who, Result, Note string
	Case                   string
	Cameras                []media.CameraID
	Unit, Address          string
}

// What an operator changes stands in the register: who and what in so many words,
// each account of a list for itself, what failed as failed, and no secret.
func TestWhatAnOperatorChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	command := func(want int, args ...string) string {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", dir)...)
		if code != want {
			t.Fatalf("%q: exit %d\n%s%s", args, code, out, errs)
		}
		return out + errs
	}
	var said strings.Builder // what is told once, to whom it is for
	command(exitOK, "account", "unit", "QXN", "--name", "黔西南州公安局", "--kind", "bureau")
	command(exitOK, "account", "unit", "XY", "--name", "兴义市公安局", "--kind", "county", "--parent", "QXN", "--area", "522301,522328", "--polygon", "104.85,25.05 104.95,25.05 104.9,25.12")
	command(exitFailed, "account", "unit", "AL", "--name", "安龙县公安局", "--kind", "county", "--parent", "NOWHERE")
	said.WriteString(command(exitOK, "account", "add", "wang", "--name", "王", "--role", "auditor", "--unit", "XY"))
	command(exitFailed, "account", "add", "wang", "--name", "王", "--role", "admin")
	people := file("people.csv", "login,name,roles,unit,carrier\nli.na,李娜,investigator,XY,\nsun,孙,carrier,,unicom\nwang,王,admin,,\n")
	said.WriteString(command(exitFailed, "account", "import", people))
	issued := command(exitOK, "token", "issue", "--name", "onboarding", "--role", "carrier", "--carrier", "unicom")
	said.WriteString(issued)
	token := regexp.MustCompile(`t_[a-z2-7]{16}`).FindString(issued)
	command(exitFailed, "token", "revoke", "t_aaaaaaaaaaaaaaaa")
	cameras := file("cameras.csv", "carrier,carrier_device_id,rtsp_url,village_code,lon,lat,consent_id,consent_version,consent_signed_at\n"+
		"unicom,GATE,rtsp://user:kanarienvogel@192.0.2.1/a,522301001001,104.9,25.1,TY-1,1,2026-01-01\nunicom,YARD,rtsp://192.0.2.2/a,522301001001,104.91,25.1,TY-2,1,2026-01-01\nunicom,B/AD,rtsp://192.0.2.2/a,,,,,,\n")
	command(exitFailed, "import", cameras)
	cameras = file("cameras.csv", "carrier,carrier_device_id,name\nunicom,GATE,村口\n")
	command(exitOK, "import", cameras)

	var page struct{ Items []actEntry }
	out := command(exitOK, "register", "list", "--json", "--limit", "1000")
	if err := json.Unmarshal([]byte(out), &page); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	slices.Reverse(page.Items)
	bySeq := map[uint64]actEntry{}
	type told struct{ act, result, note string } // note: how it begins
	var got []actEntry
	for _, e := range page.Items {
		bySeq[e.Seq] = e
		if e.Act != "" {
			got = append(got, e)
		}
	}
	want := []told{
		{"unit.put", "", "QXN 黔西南州公安局, bureau: 0 divisions, 0 polygons"},
		{"unit.put", "", "XY 兴义市公安局, county of QXN: 2 divisions (522301 522328), 1 polygon"},
		{"unit.put", "", "AL 安龙县公安局, county of NOWHERE: 0 divisions, 0 polygons"},
		{"unit.put", "failed", `unit "AL": parent "NOWHERE"`},
		{"account.add", "", "wang (auditor), unit XY"},
		{"account.add", "", "wang (admin)"},
		{"account.add", "failed", `add account "wang": the login is taken`},
		{"account.import", "", "1 of 3: li.na (investigator), unit XY"},
		{"account.import", "", "2 of 3: sun (carrier), carrier unicom"},
		{"account.import", "", "3 of 3: wang (admin)"},
		{"account.import", "failed", `add account "wang": the login is taken`},
		{"token.issue", "", token + " onboarding (carrier), carrier unicom, until 20"},
		{"token.revoke", "", "t_aaaaaaaaaaaaaaaa"},
		{"token.revoke", "failed", `token "t_aaaaaaaaaaaaaaaa": unknown`},
		{"camera.import", "", "3 rows: unicom:GATE unicom:YARD"},
		{"camera.import", "done", "2 created, 0 updated, 0 unchanged, 1 failed"},
		{"camera.import", "", "1 row: unicom:GATE"},
		{"camera.import", "done", "0 created, 1 updated, 0 unchanged, 0 failed"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		e := got[i]
		if e.Act != w.act || e.Result != w.result || !strings.HasPrefix(e.Note, w.note) || e.Who != operator {
			t.Errorf("entry %d: %+v, want %+v", e.Seq, e, w)
		}
		if (e.Of != 0) != (w.result != "") || e.Of != 0 && bySeq[e.Of].Act != e.Act {
			t.Errorf("entry %d is the outcome of %d", e.Seq, e.Of)
		}
	}
	if made, changed, before := got[15].Cameras, got[17].Cameras, got[16].Cameras; len(got[14].Cameras) != 0 || len(made) != 2 || len(changed) != 1 ||
		len(before) != 1 || changed[0] != made[0] || before[0] != made[0] {
		t.Errorf("cameras of the imports: %v, %v; %v, %v", got[14].Cameras, made, before, changed)
	}
	if got[10].Of != got[9].Seq {
		t.Errorf("what failed is the outcome of entry %d, want %d", got[10].Of, got[9].Seq)
	}
	for _, secret := range append(regexp.MustCompile(`[lq]_[a-z2-7]{20,}`).FindAllString(said.String(), -1), "kanarienvogel") {
		if strings.Contains(out, secret) {
			t.Errorf("the register has the secret %s", secret)
		}
	}
	if n := len(regexp.MustCompile(`[lq]_[a-z2-7]{20,}`).FindAllString(said.String(), -1)); n < 4 {
		t.Errorf("only %d secrets were looked for in\n%s", n, said.String())
	}
	command(exitOK, "register", "verify")
}
