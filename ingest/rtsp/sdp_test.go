package rtsp

import (
	"slices"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

const video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n"

// Descriptions that cameras give, and what is recorded of them.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	const head = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=Media\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	for _, c := range []struct{ name, text, want string }{
		{"plain", head + video, "h264@96 trackID=0"},
		{"line feeds alone", strings.ReplaceAll(head+video, "\r\n", "\n"), "h264@96 trackID=0"},
		{"carriage returns alone", strings.ReplaceAll(head+video, "\r\n", "\r"), "h264@96 trackID=0"},
		{"no session lines", video, "h264@96 trackID=0"},
		{"padding", head + strings.ReplaceAll(video, "\r\n", "  \x00\r\n"), "h264@96 trackID=0"},
		{"metadata", head + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:m\r\n" + video, "h264@96 trackID=0"},
		{"unknown audio without a clock", head + video + "m=audio 0 RTP/AVP 99\r\na=rtpmap:99 NOISE\r\na=control:t1\r\n", "h264@96 trackID=0"},
		{"media line cut short", head + video + "m=audio\r\n", "h264@96 trackID=0"},
		{"no payload type", head + video + "m=audio 0 RTP/AVP\r\na=control:t1\r\n", "h264@96 trackID=0"},
		{"static audio", head + video + "m=audio 0 RTP/AVP 8\r\na=control:t1\r\n", "h264@96 trackID=0, pcma@8 t1"},
		{"telephone events beside audio", head + video + "m=audio 0 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=control:t1\r\n", "h264@96 trackID=0, pcmu@0 t1"},
		{"jpeg", head + "m=video 0 RTP/AVP 26\r\na=control:t0\r\n", "mjpeg@26 t0"},
		{"back channel", head + video + "m=audio 0 RTP/AVP 0\r\na=control:t2\r\na=sendonly\r\n", "h264@96 trackID=0"},
		{"video that is sendonly", head + video + "a=sendonly\r\n", "h264@96 trackID=0"},
		{"encrypted", head + strings.Replace(video, "RTP/AVP", "RTP/SAVP", 1), ""},
		{"a map twice", head + video + "a=rtpmap:96 JPEG/90000\r\n", "h264@96 trackID=0"},
		{"video coding in an audio section", head + video + strings.NewReplacer("m=video", "m=audio", "trackID=0", "t1").Replace(video), "h264@96 trackID=0"},
		{"two videos", head + video + strings.Replace(video, "trackID=0", "t1", 1), "h264@96 trackID=0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, err := parseSDP([]byte(c.text)).choose(func(Repair) {})
			var got []string
			for _, o := range list {
				got = append(got, o.params.Codec.String()+"@"+map[uint8]string{0: "0", 8: "8", 26: "26", 96: "96"}[o.pt]+" "+o.controls[0])
			}
			if strings.Join(got, ", ") != c.want || (err == nil) == (c.want == "") {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestFormatParameters(t *testing.T) {
	t.Parallel()
	d := parseSDP([]byte("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=2;sprop-interleaving-depth=4; SPROP-MAX-DON-DIFF=12 ;" +
		"sprop-parameter-sets=AAAAAWdCwB7Z,aMuMsg==,!!\nm=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000/2\na=fmtp:97 config=1408;sizelength=13;indexlength=3;indexdeltalength=99999\n"))
	list, err := d.choose(func(Repair) {})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	v, a := list[0].params, list[1].params
	if v.InterleavingDepth != 4 || v.MaxDONDiff != 12 || len(v.SPS) != 1 || v.SPS[0][0] != 0x67 || len(v.PPS) != 1 {
		t.Errorf("%+v", v)
	}
	if a.Codec != media.AAC || a.Rate != 16000 || a.Channels != 2 || a.SizeLength != 13 || a.IndexDeltaLength != 0 || len(a.Config) != 2 {
		t.Errorf("%+v", a)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	at := place{scheme: "rtsp", host: "h:554"}
	for _, c := range []struct {
		asked, base, session, track string
		want                        []string // of the track
		aggregate                   string
	}{
		{"rtsp://h:554/live", "", "", "t0", []string{"rtsp://h:554/live/t0", "rtsp://h:554/live"}, "rtsp://h:554/live"},
		{"rtsp://h:554/live", "rtsp://10.0.0.1/live/", "*", "t0", []string{"rtsp://h:554/live/t0", "rtsp://h:554/live/"}, "rtsp://h:554/live/"},
		{"rtsp://h:554/live", "rtsp://a/x/rtsp://a/y/", "*", "t0", []string{"rtsp://h:554/y/t0", "rtsp://h:554/y/"}, "rtsp://h:554/y/"},
		{"rtsp://h:554/live", "10.0.0.1:554/live/", "*", "t0", []string{"rtsp://h:554/live/t0", "rtsp://h:554/live/"}, "rtsp://h:554/live/"},
		{"rtsp://h:554/live", "/other/", "*", "/t0", []string{"rtsp://h:554/other/t0", "rtsp://h:554/t0", "rtsp://h:554/other/"}, "rtsp://h:554/other/"},
		{"rtsp://h:554/live/ch1", "", "*", "/live/ch1/t0", []string{"rtsp://h:554/live/ch1/t0", "rtsp://h:554/live/ch1/live/ch1/t0", "rtsp://h:554/live/ch1"}, "rtsp://h:554/live/ch1"},
		{"rtsp://h:554/live", "", "rtsp://192.168.0.2/s/", "rtsp://192.168.0.2:554/s/t0?a=b", []string{"rtsp://h:554/s/t0?a=b", "rtsp://h:554/s/"}, "rtsp://h:554/s/"},
		{"rtsp://h:554/r?c=1&s=0", "", "*", "t0", []string{"rtsp://h:554/r?c=1&s=0/t0", "rtsp://h:554/r/t0?c=1&s=0", "rtsp://h:554/r?c=1&s=0"}, "rtsp://h:554/r?c=1&s=0"},
		{"rtsp://h:554/live", "nonsense", "", "", []string{"rtsp://h:554/live"}, "rtsp://h:554/live"},
	} {
		var bases []string
		if c.base != "" {
			bases = []string{c.base}
		}
		aggregate, _ := at.aggregate(c.asked, bases, c.session)
		if aggregate != c.aggregate {
			t.Errorf("%+v: aggregate %q", c, aggregate)
		}
		if got := at.track(aggregate, c.track); !slices.Equal(got, c.want) {
			t.Errorf("%+v:\n%q", c, got)
		}
	}
}

// Whatever a camera describes, tracks are within bounds, and every address is
// that of the camera that was dialled.
func FuzzDescription(f *testing.F) {
	f.Add("v=0\r\n"+video, "rtsp://h/live")
	f.Add("m=audio 0 RTP/AVP 8 96\na=rtpmap:96 OPUS/48000/2\na=control:/live/1", "rtsp://h/live/")
	f.Add("a=control:rtsp://%%\nm=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==\na=control:rtsp://10.0.0.1/a/b?c", "h/live")
	f.Add("m=video 9 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-vps=QAEM;sprop-sps=QgEB;sprop-pps=RAHA", "rtsp://a/rtsp://a/")
	f.Fuzz(func(t *testing.T, text, base string) {
		d := parseSDP([]byte(text))
		list, err := d.choose(func(Repair) {})
		if (err == nil) != (len(list) > 0) || len(list) > 1+limit.Audio {
			t.Fatalf("%d tracks, %v", len(list), err)
		}
		at := place{scheme: "rtsp", host: "camera:554"}
		aggregate, _ := at.aggregate("rtsp://camera:554/live", []string{base}, d.control)
		for i, o := range list {
			if o.params.Codec.IsVideo() != (i == 0) {
				t.Errorf("track %d is %s", i, o.params.Codec)
			}
			for _, uri := range at.track(aggregate, o.controls[0]) {
				if !strings.HasPrefix(uri, "rtsp://camera:554/") || strings.ContainsAny(uri, "\r\n") {
					t.Errorf("address %q", uri)
				}
			}
		}
	})
}

func TestSource(t *testing.T) {
	t.Parallel()
	if got := serverPorts("RTP/AVP;unicast; server_port=5000-5001"); got != [2]int{5000, 5001} {
		t.Error(got)
	}
	if got := serverPorts("RTP/AVP;server_port=5000"); got != [2]int{5000, 5001} {
		t.Error(got)
	}
	if got := serverPorts("RTP/AVP;server_port=x-99999999;client_port=1-2"); got != [2]int{} {
		t.Error(got)
	}
	for in, want := range map[string]struct {
		id      string
		timeout int
	}{"a1;timeout=30": {"a1", 30}, "a1 ; Timeout = 0": {"a1", 2}, "a1": {"a1", 0}, "": {"", 0}, "a;timeout=9999": {"a", 60}} {
		if id, timeout := sessionOf(in); id != want.id || timeout != want.timeout {
			t.Errorf("%q: %q, %d", in, id, timeout)
		}
	}
}
