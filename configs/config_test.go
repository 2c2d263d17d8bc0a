package configs

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/knadh/koanf/parsers/yaml"
)

const example = "qianshao.yaml"

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	c, warnings, err := Load(Source{})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if d := cmp.Diff(Default(), c); d != "" {
		t.Error(d)
	}
}

func TestTheExampleHoldsEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	c, _, err := Load(Source{File: example})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Default(), c); d != "" {
		t.Error(d)
	}
	raw, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := yaml.Parser().Unmarshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	flat := map[string]any{}
	flatten("", tree, flat, func(key string) { t.Errorf("%s is not known", key) }, Keys())
	for _, key := range Keys() {
		if _, ok := flat[key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSourcesInOrder(t *testing.T) {
	t.Parallel()
	c, warnings, err := Load(Source{
		File: write(t, `
listen: 127.0.0.1:1
data: /a
roles: [api]
retention: {days: 7, max_bytes: 10GB, min_free: 0}
segment:
  length: 30s
storage:
  s3: {path_style: false}
spool:
`),
		Env: []string{
			"QIANSHAO_DATA=/b", "QIANSHAO_RETENTION_MAX_BYTES=20GiB", "QIANSHAO_ROLES=ingest, upkeep", "QIANSHAO_LISTEN=",
			"QIANSHAO_RETENTION_DAY=1", "HOME=/root", "QIANSHAO_LOG_LEVEL=debug",
		},
		Flags: map[string]string{"data": "/c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen, want.Data, want.Roles = "127.0.0.1:1", "/c", []string{"ingest", "upkeep"}
	want.Retention = Retention{Days: 7, MaxBytes: 20 << 30}
	want.Segment.Length = 30 * time.Second
	want.Storage.S3.PathStyle = false
	want.Log.Level = "debug"
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "QIANSHAO_RETENTION_DAYS") {
		t.Errorf("%q", warnings)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for text, wants := range map[string][]string{
		"listen: 0.0.0.0:8080": {"listen", "0.0.0.0:8080", "loopback"},
		"listen: \":8080\"":    {"listen", "loopback"},
		"tls: {cert: a.pem}":   {"tls.cert", "tls.key"},
		"{listen: \"evil.example:1\", tls: {cert: a, key: b}}": {"listen", "evil.example"},
		"listen: 8080":                                      {"listen", `"8080"`, "127.0.0.1:8080"},
		"listen: 127.0.0.1:http":                            {"listen"},
		"retention: {day: 3}":                               {`"retention.day"`, "retention.days"},
		"days: 3":                                           {`"days"`, "retention.days"},
		"retention.days: 3":                                 {"retention.days"},
		"retention: 30":                                     {"retention", "group", "retention.days"},
		"retention: {days: {x: 1}}":                         {"retention.days", "one value"},
		"retention: {days: 0}":                              {"retention.days", `"0"`, "1 to 3650"},
		"retention: {days: many}":                           {"retention.days", `"many"`, "whole number"},
		"retention: {days: [1, 2]}":                         {"retention.days", "list"},
		"retention: {max_bytes: lots}":                      {"retention.max_bytes", `"lots"`, "10GB"},
		"retention: {max_bytes: -1}":                        {"retention.max_bytes", `"-1"`},
		"segment: {length: 5s}":                             {"segment.length", `"5s"`, "10s to 5m0s"},
		"segment: {length: 60}":                             {"segment.length", `"60"`, "10s"},
		"ingest: {stall: -1s}":                              {"ingest.stall", "10s"},
		"storage: {kind: s4}":                               {"storage.kind", `"s4"`, "file, s3"},
		"storage: {kind: s3}":                               {"storage.s3.endpoint", "storage.s3.bucket", "storage.s3.access_key", "storage.s3.secret_key", "QIANSHAO_STORAGE_S3_SECRET_KEY"},
		"storage: {kind: s3, s3: {endpoint: ftp://x}}":      {"storage.s3.endpoint", "ftp://x", "https://"},
		"storage: {kind: s3, s3: {prefix: /a/}}":            {"storage.s3.prefix", "/a/"},
		"storage: {kind: s3, s3: {secret_key_file: /nope}}": {"storage.s3.secret_key_file", "/nope"},
		"storage: {s3: {path_style: maybe}}":                {"storage.s3.path_style", "maybe", "true or false"},
		"spool: {sync: never}":                              {"spool.sync", "never", "fragment, group, off"},
		"spool: {stop_free: 3GB}":                           {"spool", "stop_free 3GB"},
		"roles: [ingest, cook]":                             {"roles", "cook", "ingest, api, upkeep"},
		"roles: []":                                         {"roles"},
		"push: {listen: example.org}":                       {"push.listen", "example.org", ":8554"},
		"push: {listen: \":99999\"}":                        {"push.listen", ":99999"},
		"push: {address: \"rtsp://example.org\"}":           {"push.address", "example.org", "host:port"},
		"push: {tls_cert: a.pem}":                           {"push.tls_cert", "push.tls_key"},
		"ingest: {networks: [10.8.0.0/16]}":                 {"ingest.networks", "10.8.0.0/16", "unicom 10.8.0.0/16"},
		"ingest: {networks: [unicom 10.8.0.1/16]}":          {"ingest.networks", "the network is 10.8.0.0/16"},
		"ingest: {networks: [unicom ten]}":                  {"ingest.networks", "unicom ten"},
		"register: {days: 20}":                              {"register.days", "30 to"},
		"{register: {days: 40}, retention: {days: 50}}":     {"register.days", "50 to"},
		"log: {level: loud, format: xml}":                   {"log.level", "loud", "log.format", "xml"},
		"pictures: {parallel: 0, ffmpeg: \"\"}":             {"pictures.parallel", "pictures.ffmpeg"},
		"a: [":                                              {"not YAML"},
		"1: {2: 3}":                                         {`"1"`},
		"recordings: {1: 3}":                                {`"recordings"`},
		"data: \"\"":                                        {"data", "folder"},
	} {
		_, _, err := Load(Source{File: write(t, text)})
		if err == nil {
			t.Errorf("%s: passed", text)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", text, err, want)
			}
		}
	}
	if _, _, err := Load(Source{File: "/nope.yaml"}); err == nil || !strings.Contains(err.Error(), "/nope.yaml") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Load(Source{Flags: map[string]string{"dta": "x"}}); err == nil || !strings.Contains(err.Error(), "data") {
		t.Errorf("got %v", err)
	}
}

func TestCarrierNetworks(t *testing.T) {
	t.Parallel()
	cfg, _, err := Load(Source{File: write(t, "ingest: {networks: [unicom 10.8.0.0/16, telecom fd12:3456::/32, unicom 10.9.0.0/16]}")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Ingest.CarrierNetworks()
	want := map[string][]netip.Prefix{
		"unicom":  {netip.MustParsePrefix("10.8.0.0/16"), netip.MustParsePrefix("10.9.0.0/16")},
		"telecom": {netip.MustParsePrefix("fd12:3456::/32")},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSecretsComeFromFilesAndDoNotPrint(t *testing.T) {
	t.Parallel()
	const canary = "kanarienvogel-7Qx"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s3 := "storage: {kind: s3, s3: {endpoint: 'https://s3.example:9000', bucket: footage, access_key: a, secret_key_file: " + file + "}}"
	c, _, err := Load(Source{File: write(t, s3)})
	if err != nil || c.Storage.S3.SecretKey.Reveal() != canary {
		t.Fatal(err)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(j), fmt.Sprintf("%v %+v %#v", c, c, c) + fmt.Sprintf("%s %q %x %d", c.Storage.S3.SecretKey, c.Storage.S3.SecretKey, c.Storage.S3.SecretKey, c.Storage.S3.SecretKey)} {
		if strings.Contains(out, canary) || strings.Contains(out, fmt.Sprintf("%x", canary)) {
			t.Error("the secret is shown: ", out)
		}
	}
	for _, env := range [][]string{
		{"QIANSHAO_STORAGE_S3_SECRET_KEY=" + canary}, // both
		{"QIANSHAO_STORAGE_S3_SECRET_KEY_FILE=" + write(t, " \n")},
		{"QIANSHAO_STORAGE_S3_ENDPOINT=https://a:" + canary + "@h"},
	} {
		_, _, err := Load(Source{File: write(t, s3), Env: env})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", env[0][:30], err)
		}
	}
}

// A secret that everybody may read is none: of each of the three files.
func TestSecretFilesAreNotForEverybody(t *testing.T) {
	t.Parallel()
	file := write(t, "kanarienvogel-7Qx")
	for key, text := range map[string]string{
		"storage.s3.secret_key_file": "storage: {kind: s3, s3: {endpoint: 'https://s3.example:9000', bucket: footage, access_key: a, secret_key_file: " + file + "}}",
		"oidc.client_secret_file":    "oidc: {issuer: 'https://sso.example', base_url: 'https://q.example', groups: [it admin], client_secret_file: " + file + "}",
		"maps.token_file":            "maps: {token_file: " + file + "}",
	} {
		for mode, open := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o602: true} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			_, _, err := Load(Source{File: write(t, text)})
			if (err != nil) != open {
				t.Errorf("%s of mode %o: %v", key, mode, err)
			}
			if open && err != nil && (!strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "chmod 600 "+file)) {
				t.Errorf("%s of mode %o: what to do is not told: %v", key, mode, err)
			}
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{
		"0": 0, "4096": 4096, "10GB": 10 * GB, "10 gb": 10 * GB, "1.5GiB": 3 << 29, "2TB": 2 * TB, "7B": 7, "1KiB": 1024, " 3mb ": 3 * MB,
	} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
		if again, err := ParseSize(got.String()); err != nil || again != got {
			t.Errorf("%v: %d, %v", got, again, err)
		}
	}
	for _, text := range []string{"", "GB", "-1", "1XB", "1e3", "NaN", "99999999TB", "9999999999999999999", "1.2.3", "0x10"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"listn": "listen", "storage.s3.buckt": "storage.s3.bucket", "s3.bucket": "storage.s3.bucket", "Retention.Days": "retention.days",
		"ffmpeg": "pictures.ffmpeg", "log_level": "log.level",
	} {
		if got := nearest(key, Keys()); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	if !slices.IsSorted([]int{edits("", "abc") - 3, edits("abc", "") - 3, edits("kitten", "sitting") - 3, edits("a", "a")}) {
		t.Error("edits")
	}
}

func FuzzParseYAML(f *testing.F) {
	for _, s := range []string{"listen: x", "retention: {days: 3}", "a: [", "1: {2: 3}", "storage:\n  s3:\n", "? [a]\n: b", "retention.days: 3"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree, err := parseYAML(raw, Keys())
		if err != nil {
			return
		}
		flat := map[string]any{}
		flatten("", tree, flat, func(key string) { t.Fatalf("%q was let in", key) }, Keys())
		c := Default()
		for _, fd := range fields(&c) {
			if v, ok := flat[fd.key]; ok && fd.set(v) != nil {
				return
			}
		}
		_ = c.Validate() // must not panic
	})
}
