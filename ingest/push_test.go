package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// addPush makes a camera that publishes, and returns its publish URL.
func (s *station) addPush(device string) (media.CameraID, string) {
	s.t.Helper()
	id := s.add(registry.Draft{DeviceID: device})
	address := s.newKey(id)
	s.until("the camera is waited for", func() bool { return s.reg.State(id.Stream(0)).Phase == registry.Awaiting })
	return id, address
}

// newKey issues a key, and returns the publish URL with it.
func (s *station) newKey(id media.CameraID) string {
	s.t.Helper()
	key, err := s.reg.IssuePushKey(s.t.Context(), id, false)
	s.check(err)
	return fmt.Sprintf("rtsp://%s:%s@%s/push/%s", id, key.Reveal(), s.pushing, id)
}

// publish runs a camera that publishes until the test ends.
func (s *station) publish(cam odd.Camera, to odd.Push) (*odd.Running, error) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := odd.Publish(ctx, cam, to)
	if r != nil {
		s.t.Cleanup(func() {
			cancel()
			r.Wait()
			if s.t.Failed() {
				s.t.Logf("dialogue:\n%s", strings.Join(r.Dialogue(), "\n"))
			}
		})
	} else {
		s.t.Cleanup(cancel)
	}
	return r, err
}

// filmed waits until a camera has sent so much.
func (s *station) filmed(cam *odd.Running, long time.Duration) {
	s.t.Helper()
	s.until("the film", func() bool {
		shots := cam.Shots()
		return len(shots) > 0 && time.Duration(shots[len(shots)-1].TimeUS-shots[0].TimeUS)*time.Microsecond >= long
	})
}

// explained waits until every gap of a stream has its cause, which is written
// down a moment after the gap begins.
func (s *station) explained(stream media.StreamID) (gaps []timeline.Gap) {
	s.t.Helper()
	s.until("causes of all gaps", func() bool {
		_, gaps = s.timeline(stream)
		return !slices.ContainsFunc(gaps, func(g timeline.Gap) bool { return g.Cause == timeline.Unknown })
	})
	return gaps
}

// pushCase is a way of publishing, and what comes of it: every frame is there.
type pushCase struct {
	oddCase
	to func(to *odd.Push)
}

func TestPush(t *testing.T) {
	t.Parallel()
	sdp := func(change ...string) func(string) string {
		return strings.NewReplacer(change...).Replace
	}
	path := func(name string) func(to *odd.Push) {
		return func(to *odd.Push) { to.URL = to.URL[:strings.LastIndex(to.URL, "/")+1] + name }
	}
	udp := func(to *odd.Push) { to.UDP = true }
	for _, c := range []pushCase{
		{oddCase: oddCase{name: "over TCP"}},
		{oddCase: oddCase{name: "Basic alone"}, to: func(to *odd.Push) { to.Basic = true }},
		{oddCase: oddCase{name: "by device id"}, to: path("GATE")},
		{oddCase: oddCase{name: "by carrier and device id, a slash behind it"}, to: path("local:GATE/")},
		{oddCase: oddCase{name: "H.265", cam: odd.Camera{Film: loop.Params{Codec: loop.H265}}}},
		{oddCase: oddCase{name: "with AAC", cam: odd.Camera{Audio: loop.AAC}, audio: "aac"}},
		{oddCase: oddCase{name: "with AAC over UDP", cam: odd.Camera{Audio: loop.AAC}, audio: "aac"}, to: udp},
		{oddCase: oddCase{name: "over UDP"}, to: udp},
		{oddCase: oddCase{name: "over UDP with loss, reorder and duplicates", cam: odd.Camera{Bend: unsteady}}, to: udp},
		{oddCase: oddCase{name: "over TLS"}, to: func(to *odd.Push) { to.TLS = &tls.Config{InsecureSkipVerify: true} }},
		{oddCase: oddCase{name: "a few bytes at a time", cam: odd.Camera{Film: loop.Params{Bitrate: 100_000}, Write: func(p *odd.Play, _ *odd.Frame, packets []odd.Packet) error {
			for i := range packets {
				for b := range slices.Chunk(packets[i].Interleaved(), 23) {
					if err := p.Conn.Write(b); err != nil {
						return err
					}
				}
			}
			return nil
		}}}},
		{oddCase: oddCase{name: "no control", cam: odd.Camera{SDP: sdp("a=control:trackID=0\r\n", "", "a=control:*\r\n", "")}}},
		{oddCase: oddCase{name: "a control of its own address", cam: odd.Camera{SDP: sdp("a=control:trackID=0", "a=control:rtsp://192.168.1.9/x/trackID=0")}}},
		{oddCase: oddCase{name: "no parameter sets", cam: odd.Camera{SDP: func(text string) string {
			before, after, _ := strings.Cut(text, "a=fmtp:")
			_, after, _ = strings.Cut(after, "\r\n")
			return before + after
		}}}},
		{oddCase: oddCase{name: "metadata as well", cam: odd.Camera{SDP: func(text string) string {
			return text + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=1\r\n"
		}}}},
		{oddCase: oddCase{name: "odd spacing and letters"}, to: func(to *odd.Push) {
			to.Ask = func(_, text string) string {
				return strings.NewReplacer("CSeq: ", "cseq :", "Transport: ", "transport:  ", "Authorization: ", "AUTHORIZATION:", "Content-Length: ", "content-length:").Replace(text)
			}
		}},
		{oddCase: oddCase{name: "media before RECORD"}, to: func(to *odd.Push) {
			to.Ask = func(method, text string) string {
				if method == "RECORD" {
					return string(odd.Interleave(0, make([]byte, 900))) + text
				}
				return text
			}
		}},
		{oddCase: oddCase{name: "keep-alives", cam: odd.Camera{Bend: func(p *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%10 == 5 {
				text := []string{"GET_PARAMETER", "OPTIONS", "SET_PARAMETER"}[f.I/10%3] + " rtsp://x/ RTSP/1.0\r\nCSeq: 77\r\n\r\n"
				if p.Conn.Write([]byte(text)) != nil {
					f.Maybe = true
				}
			}
			return packets
		}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, t.TempDir(), 1)
			id, address := s.addPush("GATE")
			to := odd.Push{URL: address}
			if c.to != nil {
				c.to(&to)
			}
			cam, err := s.publish(c.cam, to)
			if err != nil {
				t.Fatal(err)
			}
			s.filmed(cam, 2*time.Second)
			cam.Stop()
			stream := id.Stream(0)
			s.settle(cam, stream)
			o := &oddOutcome{cam: cam, state: s.reg.State(stream), repairs: s.slot(stream).mended()}
			o.gaps = s.explained(stream)
			s.stop()
			o.read(t, s, stream)
			c.judge(t, o)
		})
	}
}

// unsteady is a network that loses packets, changes their order and doubles them.
func unsteady(p *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
	n := len(packets)
	switch {
	case f.I%20 == 7:
		f.Lost = true
		return packets[:n-1]
	case f.I%20 == 11 && n > 1:
		packets[n-1], packets[n-2] = packets[n-2], packets[n-1]
	case f.I%20 == 15:
		return append(packets, packets[0])
	}
	return packets
}

// Before it publishes, a camera is waited for; that is no error.
func TestPushAwaited(t *testing.T) {
	t.Parallel()
	s := newStation(t, t.TempDir(), 1)
	id, _ := s.addPush("GATE")
	if st := s.reg.State(id.Stream(0)); st.LastError != "" {
		t.Errorf("%+v", st)
	}
	s.until("a reason for the gap", func() bool {
		_, gaps := s.timeline(id.Stream(0))
		return len(gaps) == 1 && gaps[0].Cause == timeline.CameraOffline
	})
}

// Who may not publish is told so.
func TestPushRefused(t *testing.T) {
	t.Parallel()
	s := newStation(t, t.TempDir(), 1)
	id, address := s.addPush("GATE")
	change := func(fn func(u *url.URL)) string {
		u, err := url.Parse(address)
		s.check(err)
		fn(u)
		return u.String()
	}
	for _, c := range []struct {
		name, url string
		cam       odd.Camera
		basic     bool
		method    string
		status    int
	}{
		{name: "no key", url: change(func(u *url.URL) { u.User = nil }), method: "ANNOUNCE", status: 401},
		{name: "wrong key", url: change(func(u *url.URL) { u.User = url.UserPassword(string(id), "x") }), method: "ANNOUNCE", status: 401},
		{name: "wrong key, Basic", url: change(func(u *url.URL) { u.User = url.UserPassword(string(id), "x") }), basic: true, method: "ANNOUNCE", status: 401},
		{name: "unknown camera", url: change(func(u *url.URL) { u.User = url.UserPassword("c_aaaaaaaaaaaaaaaa", "x") }), method: "ANNOUNCE", status: 401},
		{name: "the path of another", url: change(func(u *url.URL) { u.Path = "/push/c_aaaaaaaaaaaaaaaa" }), method: "ANNOUNCE", status: 404},
		{name: "no such path", url: change(func(u *url.URL) { u.Path = "/" }), method: "ANNOUNCE", status: 404},
		{name: "audio alone", url: address, method: "ANNOUNCE", status: 415, cam: odd.Camera{SDP: func(string) string {
			return "v=0\r\nm=audio 0 RTP/AVP 8\r\na=control:trackID=0\r\n"
		}}},
		{name: "unknown video alone", url: address, method: "ANNOUNCE", status: 415, cam: odd.Camera{SDP: func(text string) string {
			return strings.ReplaceAll(text, "H264", "VP8")
		}}},
		{name: "no description at all", url: address, method: "ANNOUNCE", status: 415, cam: odd.Camera{SDP: func(string) string { return "?" }}},
	} {
		_, err := s.publish(c.cam, odd.Push{URL: c.url, Basic: c.basic})
		no, ok := errors.AsType[*odd.Refused](err)
		if !ok || no.Method != c.method || no.Status != c.status {
			t.Errorf("%s: %v, want %s to be answered %d", c.name, err, c.method, c.status)
		}
	}
	s.until("the operator to be told", func() bool {
		return strings.Contains(s.reg.State(id.Stream(0)).LastError, "no video that can be recorded")
	})
	cam, err := s.publish(odd.Camera{}, odd.Push{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	s.filmed(cam, time.Second)
	s.until("footage", func() bool { return s.reg.State(id.Stream(0)).Phase == registry.Streaming })
}

// A second publisher is refused while the first delivers pictures, and takes
// over when the first has stalled: a router that was switched off leaves a
// connection that nobody closes.
func TestPushTakeover(t *testing.T) {
	t.Parallel()
	over := map[bool]string{false: "TCP", true: "UDP"}
	for _, udp := range [][2]bool{{false, false}, {true, true}, {false, true}, {true, false}} {
		t.Run(over[udp[0]]+" by "+over[udp[1]], func(t *testing.T) {
			t.Parallel()
			testTakeover(t, udp[0], udp[1])
		})
	}
}

// testTakeover says which of the two publishers sends over UDP.
func testTakeover(t *testing.T, firstUDP, secondUDP bool) {
	t.Helper()
	s := newStation(t, t.TempDir(), 1)
	id, address := s.addPush("GATE")
	stream := id.Stream(0)
	first, err := s.publish(odd.Camera{}, odd.Push{URL: address, UDP: firstUDP})
	if err != nil {
		t.Fatal(err)
	}
	s.filmed(first, time.Second)
	_, err = s.publish(odd.Camera{}, odd.Push{URL: address, UDP: secondUDP})
	if no, ok := errors.AsType[*odd.Refused](err); !ok || no.Status != 453 {
		t.Errorf("a second publisher: %v", err)
	}
	first.Stop() // the connection stays open
	var second *odd.Running
	s.until("the takeover", func() bool {
		second, err = s.publish(odd.Camera{NextKey: true}, odd.Push{URL: address, UDP: secondUDP})
		return err == nil
	})
	s.filmed(second, 2*time.Second)
	second.Stop()
	s.settle(second, stream)
	gaps := s.explained(stream)
	s.stop()
	o := &oddOutcome{}
	o.read(t, s, stream)
	wantShots(t, o, first, second)
	stalled := false
	for _, g := range gaps {
		stalled = stalled || g.Cause == timeline.Stalled
	}
	if !stalled {
		t.Errorf("gaps %+v", gaps)
	}
}

// wantShots wants what cameras sent, and nothing else.
func wantShots(t *testing.T, o *oddOutcome, cams ...*odd.Running) {
	t.Helper()
	have := map[int64]uint32{}
	for _, f := range o.frames {
		have[f.TimeUS] = f.Slices
	}
	if len(have) != len(o.frames) {
		t.Errorf("%d frames, %d different ones", len(o.frames), len(have))
	}
	sent := 0
	for _, cam := range cams {
		for _, shot := range cam.Shots() {
			bytes, ok := have[shot.TimeUS]
			delete(have, shot.TimeUS)
			if !shot.Maybe && (!ok || bytes != shot.Slices) {
				t.Errorf("missing or wrong: %+v", shot)
			}
			sent++
		}
	}
	if len(have) > 0 || o.partial > 0 || sent < 20 {
		t.Errorf("%d of %d frames nobody sent, %d partial", len(have), sent, o.partial)
	}
}

// A publisher that is killed comes back at once, and its connection's end is
// explained.
func TestPushReset(t *testing.T) {
	t.Parallel()
	s := newStation(t, t.TempDir(), 1)
	id, address := s.addPush("GATE")
	stream := id.Stream(0)
	var cams []*odd.Running
	for range 3 {
		cam, err := s.publish(odd.Camera{NextKey: true}, odd.Push{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		s.filmed(cam, time.Second)
		cam.Stop()
		s.settle(cam, stream)
		cam.Cut()
		cams = append(cams, cam)
		s.until("the end is noticed", func() bool { return s.reg.State(stream).Phase == registry.Awaiting })
	}
	if st := s.reg.State(stream); st.Cause != timeline.CameraOffline || st.LastError == "" {
		t.Errorf("%+v", st)
	}
	gaps := s.explained(stream)
	s.stop()
	o := &oddOutcome{}
	o.read(t, s, stream)
	wantShots(t, o, cams...)
	for _, g := range gaps {
		if g.Cause != timeline.CameraOffline {
			t.Errorf("gaps %+v", gaps)
		}
	}
}

// A new key ends the session of the old one, which is void; so does the
// camera's removal. TEARDOWN ends a session in good order.
func TestPushEdits(t *testing.T) {
	t.Parallel()
	s := newStation(t, t.TempDir(), 1)
	id, old := s.addPush("GATE")
	publish := func(address string) *odd.Running {
		t.Helper()
		var cam *odd.Running
		s.until("a publisher", func() (ok bool) {
			var err error
			cam, err = s.publish(odd.Camera{NextKey: true}, odd.Push{URL: address})
			return err == nil
		})
		s.until("footage", func() bool { return s.reg.State(id.Stream(0)).Phase == registry.Streaming })
		return cam
	}
	publish(old)
	fresh := s.newKey(id)
	s.until("the end of the session", func() bool { return s.reg.State(id.Stream(0)).Phase != registry.Streaming })
	refused := func(address string) {
		t.Helper()
		s.until("its refusal", func() bool { // nobody records it a moment before its door is closed
			_, err := s.publish(odd.Camera{}, odd.Push{URL: address})
			no, ok := errors.AsType[*odd.Refused](err)
			if !ok || no.Status != 401 && no.Status != 503 {
				t.Fatalf("a void key: %v", err)
			}
			return no.Status == 401
		})
	}
	refused(old)
	cam := publish(fresh)
	s.check(cam.Ask("TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 99\r\n\r\n"))
	s.until("the end of the session", func() bool {
		st := s.reg.State(id.Stream(0))
		return st.Phase == registry.Awaiting && strings.Contains(st.LastError, "ended its session")
	})
	publish(fresh)
	s.check(s.reg.Remove(t.Context(), id, ""))
	s.until("its end", func() bool { return s.reg.State(id.Stream(0)).Phase == registry.Unassigned })
	refused(fresh)
}
