package ingest

import (
	"regexp"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/storage/timeline"
)

// edit replaces in the description; every pair's first must be there.
func edit(pairs ...string) func(string) string {
	return func(sdp string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(sdp, pairs[i]) {
				panic("the description lacks " + pairs[i])
			}
			sdp = strings.Replace(sdp, pairs[i], pairs[i+1], 1)
		}
		return sdp
	}
}

// swap replaces by a pattern.
func swap(pattern, with string) func(string) string {
	re := regexp.MustCompile(pattern)
	return func(sdp string) string {
		if !re.MatchString(sdp) {
			panic("the description lacks " + pattern)
		}
		return re.ReplaceAllString(sdp, with)
	}
}

// noSets leaves parameter sets out of the stream.
func noSets(p *odd.Play, f *odd.Frame) []odd.Packet {
	g := *f
	g.NALs = f.NALs[f.Sets:]
	return odd.Whole(p, &g)
}

// on bends the answer to a method.
func on(method string, bend func(r *odd.Reply)) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == method && r.Status == 200 {
			bend(r)
		}
	}
}

// header sets a header of the answer to a method; "" takes it out.
func header(method, name, value string) func(*odd.Reply) {
	return on(method, func(r *odd.Reply) { r.Set(name, value) })
}

// only takes a SETUP of this address alone: where the track is to be found.
func only(tail string) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == "SETUP" && !strings.HasSuffix(r.URI, tail) {
			r.Status, r.Reason = 404, "Not Found"
		}
	}
}

// both runs two hooks.
func both(a, b func(*odd.Reply)) func(*odd.Reply) {
	return func(r *odd.Reply) { a(r); b(r) }
}

const setsOf = `;?sprop-parameter-sets=[^;\r]*`

// setUp wants so many tracks to be asked for, and no others.
func setUp(n int) func(*testing.T, *oddOutcome) {
	return func(t *testing.T, o *oddOutcome) {
		t.Helper()
		if got := o.cam.Count("SETUP"); got != n {
			t.Errorf("%d tracks were set up, want %d", got, n)
		}
	}
}

func TestOddDescriptions(t *testing.T) {
	testOdd(t, []oddCase{
		{name: "nothing odd"},
		{name: "H.265, B-frames and AAC", cam: odd.Camera{Film: loop.Params{Codec: loop.H265, BFrames: 2}, Audio: loop.AAC}, audio: "aac"},
		{name: "no parameter sets", cam: odd.Camera{SDP: swap(setsOf, "")}},
		{name: "no fmtp", cam: odd.Camera{SDP: swap(`a=fmtp:96[^\r]*\r\n`, "")}},
		{name: "H.265 without parameter sets", cam: odd.Camera{Film: loop.Params{Codec: loop.H265}, SDP: swap(`a=fmtp:96[^\r]*\r\n`, "")}},
		{name: "parameter sets of another camera", cam: odd.Camera{SDP: swap(`sprop-parameter-sets=[^;\r]*`, "sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==")}},
		{name: "SPS only", cam: odd.Camera{SDP: swap(`(sprop-parameter-sets=[^,]*),[^;\r]*`, "$1")}},
		{name: "SPS and nothing behind the comma", cam: odd.Camera{SDP: swap(`(sprop-parameter-sets=[^,]*),[^;\r]*`, "$1,")}},
		{name: "parameter sets that are no base64", cam: odd.Camera{SDP: swap(`sprop-parameter-sets=[^;\r]*`, "sprop-parameter-sets=%%%,!!")}},
		{name: "parameter sets with start codes", cam: odd.Camera{SDP: swap(`sprop-parameter-sets=[^;\r]*`, "sprop-parameter-sets=AAAAAWdCwB7ZA8VoQAAAAwBAAAAMA8WLkg==,AAAAAWjLjLI=")}},
		{name: "parameter sets in the description only", cam: odd.Camera{Pack: noSets}},
		{name: "H.265 parameter sets in the description only", cam: odd.Camera{Film: loop.Params{Codec: loop.H265}, Pack: noSets}},
		{name: "profile-level-id that is no number", cam: odd.Camera{SDP: swap(`profile-level-id=[0-9A-F]+`, "profile-level-id=xyz")}},

		{name: "Content-Base missing", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Base", "")}},
		{name: "Content-Base twice", cam: odd.Camera{Reply: on("DESCRIBE", func(r *odd.Reply) {
			r.Header = append(r.Header, "Content-Base: "+r.Get("Content-Base"))
		})}},
		{name: "Content-Base written twice in one", cam: odd.Camera{Reply: on("DESCRIBE", func(r *odd.Reply) {
			r.Set("Content-Base", r.Get("Content-Base")+r.Get("Content-Base"))
		})}},
		{name: "Content-Base without scheme", cam: odd.Camera{Reply: on("DESCRIBE", func(r *odd.Reply) {
			r.Set("Content-Base", strings.TrimPrefix(r.Get("Content-Base"), "rtsp://"))
		})}},
		{name: "Content-Base is a path", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Base", "/live/")}},
		{name: "Content-Base is garbage", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Base", "%zz:// \x01")}},
		{name: "Content-Base with the camera's private address", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Base", "rtsp://192.168.1.108:554/live/")}},
		{name: "Content-Base with an address that is never dialled", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Base", "rtsp://169.254.169.254/live/")}},
		{name: "Content-Base without a slash at its end", cam: odd.Camera{Reply: both(only("/live/trackID=0"), on("DESCRIBE", func(r *odd.Reply) {
			r.Set("Content-Base", strings.TrimSuffix(r.Get("Content-Base"), "/"))
		}))}},

		{name: "no control", cam: odd.Camera{SDP: edit("a=control:trackID=0\r\n", "")}},
		{name: "control is *", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:*")}},
		{name: "control is an absolute path", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:/live/trackID=0"), Reply: only("/live/trackID=0")}},
		{name: "control is a path from the base", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:/trackID=0"), Reply: only("/live/trackID=0")}},
		{name: "control is a URL", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:rtsp://127.0.0.1/live/trackID=0"), Reply: only("/live/trackID=0")}},
		{name: "control has a query", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:trackID=0?transportmode=unicast&profile=1"), Reply: only("/live/trackID=0?transportmode=unicast&profile=1")}},
		{name: "control is a URL with the camera's private address", cam: odd.Camera{SDP: edit("a=control:trackID=0", "a=control:rtsp://192.168.1.108:554/live/trackID=0"), Reply: only("/live/trackID=0")}},
		{name: "session control is a private address", cam: odd.Camera{SDP: edit("a=control:*", "a=control:rtsp://10.1.2.3/live/"), Reply: only("/live/trackID=0")}},
		{name: "session control is relative", cam: odd.Camera{SDP: edit("a=control:*", "a=control:live")}},
		{name: "session control is garbage", cam: odd.Camera{SDP: edit("a=control:*", "a=control:rtsp://%%%")}},
		{name: "URL has a query", cam: odd.Camera{Path: "/cam/realmonitor?channel=1&subtype=0", Reply: only("/cam/realmonitor?channel=1&subtype=0/trackID=0")}},
		{name: "URL has a query, control is a URL", cam: odd.Camera{Path: "/live?profile=1", SDP: edit("a=control:trackID=0", "a=control:rtsp://10.0.0.9/live/trackID=0?profile=1"), Reply: only("/live/trackID=0?profile=1")}},

		{name: "metadata track", cam: odd.Camera{SDP: func(s string) string {
			return s + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=7\r\n"
		}}, check: setUp(1)},
		{name: "metadata track before the video", cam: odd.Camera{SDP: edit("m=video", "m=application 0 RTP/AVP 107\r\na=control:trackID=7\r\na=rtpmap:107 vnd.onvif.metadata.gzip/90000\r\nm=video")}, check: setUp(1)},
		{name: "back channel", cam: odd.Camera{Audio: loop.PCMA, SDP: func(s string) string {
			return s + "m=audio 0 RTP/AVP 0\r\na=control:trackID=9\r\na=sendonly\r\n"
		}}, audio: "pcma", check: setUp(2)},
		{name: "unknown media types", cam: odd.Camera{SDP: func(s string) string {
			return s + "m=whiteboard 0 RTP/AVP 99\r\na=control:trackID=5\r\nm=text 0 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\nm=\r\nm=video\r\n"
		}}},
		{name: "a video nobody records before the one", cam: odd.Camera{SDP: edit("m=video 0", "m=video 0 RTP/AVP 98\r\na=rtpmap:98 MP4V-ES/90000\r\na=control:trackID=8\r\nm=video 0")}},
		{name: "empty and malformed lines", cam: odd.Camera{SDP: edit("s=live\r\n", "s=\r\n\r\nx\r\ni\r\n=\r\nb=AS:\r\na=\r\na\r\nt=now\r\nz=what\r\nk=\r\nr=7d\r\n", "o=- 1 1 IN IP4 127.0.0.1", "o=broken")}},
		{name: "only line feeds, no version, zeros at the end", cam: odd.Camera{SDP: func(s string) string {
			return strings.TrimPrefix(strings.ReplaceAll(s, "\r\n", "\n"), "v=0\n") + "\x00\x00"
		}}},
		{name: "only carriage returns", cam: odd.Camera{SDP: func(s string) string { return strings.ReplaceAll(s, "\r\n", "\r") }}},
		{name: "garbage bytes", cam: odd.Camera{SDP: edit("s=live", "s=\xff\xfe\x00\xc3\x28 \xb9\xb7\xb6\xfb")}},
		{name: "port beyond all ports", cam: odd.Camera{SDP: edit("m=video 0", "m=video 99999999")}},
		{name: "negative port", cam: odd.Camera{SDP: edit("m=video 0", "m=video -1")}},
		{name: "port with a count", cam: odd.Camera{SDP: edit("m=video 0", "m=video 0/2")}},
		{name: "port is no number", cam: odd.Camera{SDP: edit("m=video 0", "m=video any")}},
		{name: "spaces in m= and rtpmap", cam: odd.Camera{SDP: edit("m=video 0 RTP/AVP 96", "m=video  0  RTP/AVP  96 ", "a=rtpmap:96 H264/90000", "a=rtpmap: 96  H264/90000 ")}},
		{name: "lower-case coding", cam: odd.Camera{SDP: edit("H264/90000", "h264/90000")}},
		{name: "rtpmap without a clock rate", cam: odd.Camera{SDP: edit("H264/90000", "H264")}},
		{name: "rtpmap with a wrong clock rate", cam: odd.Camera{SDP: edit("H264/90000", "H264/25")}},
		{name: "no rtpmap", cam: odd.Camera{SDP: edit("a=rtpmap:96 H264/90000\r\n", "")}, mends: "coding"},
		{name: "rtpmap of another payload type", cam: odd.Camera{SDP: edit("a=rtpmap:96 ", "a=rtpmap:97 ")}, mends: "coding"},
		{name: "payload type 35", cam: odd.Camera{SDP: types("35"), Bend: typed(35)}},
		{name: "payload type 77", cam: odd.Camera{SDP: types("77"), Bend: typed(77)}},
		{name: "payload type 127", cam: odd.Camera{SDP: types("127"), Bend: typed(127)}},
		{name: "payload type 0 is video", cam: odd.Camera{SDP: types("0"), Bend: typed(0)}},
		{name: "payload type other than announced", cam: odd.Camera{Bend: typed(101)}, mends: "payload_type"},
		{name: "packetization-mode=0, fragments come", cam: odd.Camera{SDP: edit("packetization-mode=1", "packetization-mode=0"), Pack: small}},
		{name: "packetization-mode=2, nothing is interleaved", cam: odd.Camera{SDP: edit("packetization-mode=1", "packetization-mode=2"), Pack: small}},
		{name: "packetization-mode=7", cam: odd.Camera{SDP: edit("packetization-mode=1", "packetization-mode=7")}},
		{name: "a live stream that claims an end", cam: odd.Camera{
			SDP:   edit("t=0 0\r\n", "t=0 0\r\na=range:npt=0-1.5\r\n"),
			Reply: header("PLAY", "Range", "npt=0.000-1.500"),
		}},
		{name: "Content-Type missing", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Type", "")}},
		{name: "Content-Type of something else", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Type", "text/plain; charset=utf-8")}},
		{name: "no video", cam: odd.Camera{Audio: loop.PCMA, SDP: swap(`m=video[^\x00]*m=audio`, "m=audio")}, cause: timeline.BadStream, says: "no video"},
		{name: "an empty description", cam: odd.Camera{SDP: func(string) string { return "" }}, cause: timeline.BadStream, says: "no video"},
		{name: "a description that is a web page", cam: odd.Camera{SDP: func(string) string { return "<html><body>login</body></html>" }}, cause: timeline.BadStream, says: "no video"},
		{name: "a coding nobody records", cam: odd.Camera{SDP: edit("H264/90000", "MP4V-ES/90000")}, cause: timeline.BadStream, says: "no video"},
	})
}

// types gives the video another payload type in the description.
func types(pt string) func(string) string {
	return edit("RTP/AVP 96", "RTP/AVP "+pt, "rtpmap:96", "rtpmap:"+pt, "fmtp:96", "fmtp:"+pt)
}

// typed gives the video's packets another payload type.
func typed(pt byte) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
		for i := range packets {
			packets[i].PT = pt
		}
		return packets
	}
}

// small cuts frames into packets of 300 bytes.
func small(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Cut(p, f, 300) }
