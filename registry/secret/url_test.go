package secret

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestSplitURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, url, user, pass string }{
		{"rtsp://10.0.0.1/a", "rtsp://10.0.0.1/a", "", ""},
		{"RTSP://Cam.Example:0554/A?b=C", "rtsp://cam.example:554/A?b=C", "", ""},
		{"rtsps://admin:secret@10.0.0.1:322/Streaming/Channels/101", "rtsps://10.0.0.1:322/Streaming/Channels/101", "admin", "secret"},
		{"rtsp://admin@10.0.0.1", "rtsp://10.0.0.1", "admin", ""},
		{"rtsp://admin:p@ss:w@10.0.0.1/a", "rtsp://10.0.0.1/a", "admin", "p@ss:w"},
		{"rtsp://admin:p%40s%2Fs@10.0.0.1/a", "rtsp://10.0.0.1/a", "admin", "p@s/s"},
		{"rtsp://admin:100%@10.0.0.1/a", "rtsp://10.0.0.1/a", "admin", "100%"},
		{"rtsp://:x@[2001:DB8::1]:554/a", "rtsp://[2001:db8::1]:554/a", "", "x"},
		{"rtsp://u:密码@10.0.0.1/通道", "rtsp://10.0.0.1/通道", "u", "密码"},
		{"rtsp://10.0.0.1:554/user=admin&password=abc&channel=1&stream=0.sdp?", "rtsp://10.0.0.1:554/user=admin&password={password}&channel=1&stream=0.sdp?", "", "abc"},
		{"rtsp://10.0.0.1/user=admin_password=aB9_x_channel=1_stream=0.sdp", "rtsp://10.0.0.1/user=admin_password={password}_channel=1_stream=0.sdp", "", "aB9_x"},
		{"rtsp://10.0.0.1/live?user=a&pwd=x%2Fy", "rtsp://10.0.0.1/live?user=a&pwd={password}", "", "x/y"},
		{"rtsp://10.0.0.1/user=admin&password=&channel=1", "rtsp://10.0.0.1/user=admin&password=&channel=1", "", ""},
		{"rtsp://10.0.0.1/l?pwd={password}", "rtsp://10.0.0.1/l?pwd={password}", "", ""},
	} {
		got, err := SplitURL(c.raw)
		if err != nil || got.URL != c.url || got.Username != c.user || got.Password.Reveal() != c.pass {
			t.Errorf("%s: got %s %q %q, %v", c.raw, got.URL, got.Username, got.Password.Reveal(), err)
		}
	}
}

func TestSplitURLRefuses(t *testing.T) {
	t.Parallel()
	const canary = "kanari"
	for raw, want := range map[string]string{
		"":                                   "rtsp://",
		"http://u:kanari@10.0.0.1/":          "rtsp://",
		"10.0.0.1/kanari":                    "rtsp://",
		"rtsp://":                            "host",
		"rtsp:///a":                          "host",
		"rtsp://u:kanari@/a":                 "host",
		"rtsp://u:kanari@h:0/a":              "port",
		"rtsp://u:kanari@h:/a":               "port",
		"rtsp://u:kanari@h:65536/a":          "port",
		"rtsp://u:kan/kanari@10.0.0.1/a":     "column password",
		"rtsp://u:12/kanari@10.0.0.1/a":      "column password",
		"rtsp://u:kanari#x@10.0.0.1/a":       "column password",
		"rtsp://u:p@kan/kanari@10.0.0.1/a":   "column password",
		"rtsp://u:kanari@2001:db8::1/a":      "brackets",
		"rtsp://u:kanari@[::1/a":             "IPv6",
		"rtsp://u:kanari@h/a b":              "space",
		"rtsp://u:kanari@h/a\nb":             "control",
		"rtsp://u:kanari@h/a?password=other": "two passwords",
		"rtsp://h/a?password=kanari&pwd=b":   "two passwords",
	} {
		_, err := SplitURL(raw)
		if !errors.Is(err, ErrBadURL) {
			t.Errorf("%s: got %v", raw, err)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q does not say %q", raw, err, want)
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error shows the password: %v", raw, err)
		}
	}
}

func TestFillAndScrub(t *testing.T) {
	t.Parallel()
	got := Fill("rtsp://h/user=a&password={password}&c=1", New("x/&y"))
	if got.Reveal() != "rtsp://h/user=a&password=x%2F%26y&c=1" {
		t.Errorf("Fill: %s", got.Reveal())
	}
	for in, want := range map[string]string{
		"dial rtsp://u:p@ss@h/a: refused":    "dial rtsp://***@h/a: refused",
		"GET rtsp://h/user=a&password=b&c=1": "GET rtsp://h/user=a&password=***&c=1",
		"read tcp 10.0.0.1:554: reset":       "read tcp 10.0.0.1:554: reset",
	} {
		if got := Scrub(in); got != want {
			t.Errorf("Scrub(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSplitURL(f *testing.F) {
	for _, s := range []string{
		"rtsp://10.0.0.1/a", "rtsps://admin:p@ss@[::1]:322/x?y=z", "rtsp://u:12/p@h/a", "rtsp://h/password=a&pwd=b",
		"rtsp://10.0.0.1/user=admin_password=aB9_x_channel=1_stream=0.sdp", "rtsp://a%zz:%41@h", "rtsp://h/l?pwd={password}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := SplitURL(raw)
		if err != nil {
			if !errors.Is(err, ErrBadURL) {
				t.Fatalf("%v", err)
			}
			return
		}
		if strings.Contains(got.URL, "@") {
			t.Fatalf("userinfo left in %q", got.URL)
		}
		if u, err := url.Parse(strings.ReplaceAll(got.URL, "%", "%25")); err == nil && u.User != nil {
			t.Fatalf("net/url finds userinfo in %q", got.URL)
		}
		again, err := SplitURL(got.URL)
		if err != nil || again.URL != got.URL || again.Username != "" || !again.Password.IsZero() {
			t.Fatalf("%q again: %+v, %v", got.URL, again, err)
		}
	})
}
