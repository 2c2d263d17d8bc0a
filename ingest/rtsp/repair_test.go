package rtsp

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"

	"qianshao/storage/media"
)

// offers says what would be recorded of a description.
func offers(t *testing.T, text string) (codecs []media.Codec, controls []string, err error) {
	t.Helper()
	var s sdp.SessionDescription
	if err := s.Unmarshal([]byte(text)); err != nil {
		return nil, nil, err
	}
	var d description.Session
	if err := d.Unmarshal(&s); err != nil {
		return nil, nil, err
	}
	list, err := choose(&d)
	for _, o := range list {
		codecs = append(codecs, o.params.Codec)
		controls = append(controls, o.media.Control)
	}
	return codecs, controls, err
}

const video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n"

// Descriptions that cameras give, and what is recorded of them.
func TestRepairSDP(t *testing.T) {
	t.Parallel()
	const head = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=Media\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	for _, c := range []struct {
		name, text, want, control string
	}{
		{"plain", head + video, "h264", "trackID=0"},
		{"line feeds alone", strings.ReplaceAll(head+video, "\r\n", "\n"), "h264", "trackID=0"},
		{"carriage returns alone", strings.ReplaceAll(head+video, "\r\n", "\r"), "h264", "trackID=0"},
		{"no session lines", video, "h264", "trackID=0"},
		{"malformed session lines", "v=0\r\no=rubbish\r\nb=nothing\r\nt=soon\r\nc=IN\r\n" + video, "h264", "trackID=0"},
		{"padding", head + strings.ReplaceAll(video, "\r\n", "  \x00\r\n"), "h264", "trackID=0"},
		{"port out of range", head + strings.Replace(video, "video 0", "video 99999", 1), "h264", "trackID=0"},
		{"metadata", head + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n" + video, "h264", "trackID=0"},
		{"metadata without a clock", head + video + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata\r\n", "h264", "trackID=0"},
		{"unknown audio without a clock", head + video + "m=audio 0 RTP/AVP 99\r\na=rtpmap:99 NOISE\r\na=control:t1\r\n", "h264", "trackID=0"},
		{"media line cut short", head + video + "m=audio\r\n", "h264", "trackID=0"},
		{"no payload type", head + video + "m=audio 0 RTP/AVP\r\na=control:t1\r\n", "h264", "trackID=0"},
		{"static audio", head + video + "m=audio 0 RTP/AVP 8\r\na=control:t1\r\n", "h264 pcma", "trackID=0"},
		{"telephone events beside audio", head + video + "m=audio 0 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=control:t1\r\n", "h264 pcmu", "trackID=0"},
		{"spaces before values", head + strings.NewReplacer("rtpmap:", "rtpmap: ", "fmtp:", "fmtp:  ", "control:", "control: ").Replace(video), "h264", "trackID=0"},
		{"jpeg", head + "m=video 0 RTP/AVP 26\r\na=control:t0\r\n", "mjpeg", "t0"},
		{"lower case", head + strings.Replace(video, "H264", "h264", 1), "h264", "trackID=0"},
		{"control repeats the path", head + strings.Replace(video, ":trackID=0", ":/live/ch1/trackID=0", 1), "h264", "rtsp://10.0.0.1:554/live/ch1/trackID=0"},
		{"control begins with a slash", head + strings.Replace(video, ":trackID=0", ":/trackID=0", 1), "h264", "/trackID=0"},
		{"back channel", head + video + "m=audio 0 RTP/AVP 0\r\na=control:t2\r\na=sendonly\r\n", "h264", "trackID=0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fixed := repairSDP(c.text, "rtsp://10.0.0.1:554/live/ch1")
			codecs, controls, err := offers(t, fixed)
			if err != nil {
				t.Fatalf("%v in\n%s", err, fixed)
			}
			var names []string
			for _, k := range codecs {
				names = append(names, k.String())
			}
			if got := strings.Join(names, " "); got != c.want || controls[0] != c.control {
				t.Errorf("%q at %q, want %q at %q", got, controls[0], c.want, c.control)
			}
			if again := repairSDP(fixed, "rtsp://10.0.0.1:554/live/ch1"); again != fixed {
				t.Errorf("repaired again it is\n%s", again)
			}
		})
	}
	// Nothing to record: the camera's own words reach the library, which says so.
	if got := repairSDP(head+"m=application 0 RTP/AVP 107\r\n", "rtsp://h/"); got != "" {
		t.Errorf("%q", got)
	}
}

func FuzzRepairSDP(f *testing.F) {
	f.Add("v=0\r\n"+video, "rtsp://h/live")
	f.Add("m=audio 0 RTP/AVP 8 96\na=rtpmap:96 OPUS/48000/2\na=control:/live/1", "rtsp://h/live/")
	f.Fuzz(func(t *testing.T, text, base string) {
		fixed := repairSDP(text, base)
		if fixed == "" {
			return
		}
		if again := repairSDP(fixed, base); again != fixed {
			t.Errorf("%q\nrepaired again it is\n%q", fixed, again)
		}
		if _, _, err := offers(t, fixed); err == nil && !strings.Contains(fixed, "m=video") {
			t.Errorf("video out of %q", fixed)
		}
	})
}

func TestRepairAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"RTSP/1.0 200", "RTSP/1.0 200 OK"},
		{"RTSP/1.0 454 Session Not Found", "RTSP/1.0 454 Session Not Found"},
		{"RTSP/1.0 461", "RTSP/1.0 461 Status"},
	} {
		m := &message{start: c.in}
		if repairStatus(m); m.start != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, m.start, c.want)
		}
	}
	m := &message{start: "RTSP/1.0 200 OK", header: []field{{"Content-Base", "/live/"}, {"Content-Location", "rtsp://h/live/"}}, body: []byte(video)}
	repairDescription(m, "rtsp://10.0.0.9/live")
	if m.get("Content-Base") != "" || m.get("Content-Location") == "" {
		t.Errorf("%v", m.header)
	}
}

// Media may come from where the camera says only if that is allowed.
func TestAllowedSource(t *testing.T) {
	t.Parallel()
	h := newHooks("", "", false, func(ip net.IP) error {
		if ip.IsLinkLocalUnicast() {
			return errors.New("denied")
		}
		return nil
	})
	for in, want := range map[string]string{
		"RTP/AVP;unicast;source=10.0.0.7;server_port=5000-5001":       "RTP/AVP;unicast;source=10.0.0.7;server_port=5000-5001",
		"RTP/AVP;unicast;source=169.254.169.254;server_port=80-81":    "RTP/AVP;unicast;server_port=80-81",
		"RTP/AVP;unicast; Source = 169.254.1.1 ;server_port=80-81":    "RTP/AVP;unicast;server_port=80-81",
		"RTP/AVP;unicast;source=metadata.internal;server_port=80-81":  "RTP/AVP;unicast;server_port=80-81",
		"RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=12345678;mode=play": "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=12345678;mode=play",
		"": "",
	} {
		if got := h.allowedSource(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestInterleavings(t *testing.T) {
	t.Parallel()
	got := interleavings([]byte("a=fmtp:96 packetization-mode=2;sprop-interleaving-depth=4; sprop-max-don-diff=12\r\na=fmtp:97 packetization-mode=1\r\na=fmtp:300 sprop-interleaving-depth=4\na=fmtp:98 sprop-interleaving-depth=99999999\n"))
	if len(got) != 1 || got[96] != (interleaving{4, 12}) {
		t.Errorf("%v", got)
	}
}
