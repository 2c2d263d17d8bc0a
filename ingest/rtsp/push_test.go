package rtsp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	gdesc "github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/storage/media"
)

const (
	pushUser = "c_abcdefgh234567ab"
	pushKey  = "kvzt4ni5qxgkp3yvpl3n6udn6qnvsdxu"
)

// pushTo runs a server with an inlet, and returns the inlet and its publish URL.
func pushTo(t *testing.T, cfg PushConfig) (*Inlet, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := NewPushServer(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx, l) }()
	in, err := srv.Open(InletConfig{User: pushUser, HA1: ha1Of(pushUser, "qianshao", pushKey), Paths: []string{pushUser}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		in.Close()
	})
	scheme := "rtsp"
	if cfg.TLS != nil {
		scheme = "rtsps"
	}
	return in, fmt.Sprintf("%s://%s:%s@%s/push/%s", scheme, pushUser, pushKey, l.Addr(), pushUser)
}

// receiveSome records what a publisher sends until so many pictures are there.
func receiveSome(t *testing.T, in *Inlet, pictures int, publish func()) (*seen, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := &seen{stop: cancel, enough: pictures}
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		done <- in.Receive(ctx, ReceiveConfig{Clock: func() time.Duration { return time.Since(began) }, Wait: time.Minute}, s)
	}()
	publish()
	err := <-done
	if s.overlap {
		t.Error("the handler was called twice at once")
	}
	return s, err
}

// program runs a publisher until the test ends.
func program(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip("needs " + name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s says:\n%s", name, out.String())
		}
	})
}

// publisherCase is a publisher in the field, and the camera behind it.
type publisherCase struct {
	name   string
	camera func(*rtsptest.Config)
	args   []string
	tracks string
	tls    bool
}

func (c *publisherCase) run(t *testing.T, publish func(t *testing.T, camera, to string)) {
	t.Helper()
	cfg := small()
	if c.camera != nil {
		c.camera(&cfg)
	}
	var push PushConfig
	if c.tls {
		var err error
		if push.TLS, _, err = rtsptest.SelfSigned(); err != nil {
			t.Fatal(err)
		}
	}
	srv := start(t, cfg)
	in, address := pushTo(t, push)
	s, err := receiveSome(t, in, 60, func() { publish(t, srv.URL(1), address) })
	wantFrames(t, s, err, 60)
	var got []string
	for i, track := range s.tracks {
		got = append(got, track.Codec.String())
		if s.units[i] < 20 {
			t.Errorf("%d units of %s", s.units[i], track.Codec)
		}
	}
	if strings.Join(got, " ") != c.tracks {
		t.Errorf("tracks %v, want %s", got, c.tracks)
	}
}

func h265(c *rtsptest.Config) { c.Codec = loop.H265 }
func aac(c *rtsptest.Config)  { c.Audio = loop.AAC }
func pcma(c *rtsptest.Config) { c.Audio = loop.PCMA }

// FFmpeg publishes what a camera sends, sample by sample.
func TestPushFFmpeg(t *testing.T) {
	t.Parallel()
	for _, c := range []publisherCase{
		{name: "H.264 over TCP", args: []string{"-rtsp_transport", "tcp"}, tracks: "h264"},
		{name: "H.264 over UDP", args: []string{"-rtsp_transport", "udp"}, tracks: "h264"},
		{name: "H.265 over TCP", camera: h265, args: []string{"-rtsp_transport", "tcp"}, tracks: "h265"},
		{name: "H.265 over UDP", camera: h265, args: []string{"-rtsp_transport", "udp"}, tracks: "h265"},
		{name: "H.264 and AAC over TCP", camera: aac, args: []string{"-rtsp_transport", "tcp"}, tracks: "h264 aac"},
		{name: "H.264 and AAC over UDP", camera: aac, args: []string{"-rtsp_transport", "udp"}, tracks: "h264 aac"},
		{name: "H.264 and G.711 over TCP", camera: pcma, args: []string{"-rtsp_transport", "tcp"}, tracks: "h264 pcma"},
		{name: "H.264 over TLS", args: []string{"-rtsp_transport", "tcp", "-tls_verify", "0"}, tracks: "h264", tls: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, func(t *testing.T, camera, to string) {
				t.Helper()
				args := append([]string{"-nostdin", "-v", "warning", "-rtsp_transport", "tcp", "-i", camera, "-c", "copy", "-f", "rtsp"}, c.args...)
				program(t, "ffmpeg", append(args, to)...)
			})
		})
	}
}

// GStreamer does, too.
func TestPushGStreamer(t *testing.T) {
	t.Parallel()
	for _, c := range []publisherCase{
		{name: "H.264 over TCP", args: []string{"h264", "tcp"}, tracks: "h264"},
		{name: "H.264 over UDP", args: []string{"h264", "udp"}, tracks: "h264"},
		{name: "H.265 over TCP", camera: h265, args: []string{"h265", "tcp"}, tracks: "h265"},
		{name: "H.264 over TLS", args: []string{"h264", "tcp"}, tracks: "h264", tls: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, func(t *testing.T, camera, to string) {
				t.Helper()
				program(t, "gst-launch-1.0", "-q", "rtspsrc", "location="+camera, "protocols=tcp", "latency=100", "!", "rtp"+c.args[0]+"depay", "!",
					"rtspclientsink", "latency=0", "protocols="+c.args[1], "tls-validation-flags=0", "location="+to)
			})
		})
	}
}

// gortsplib, which others' cameras are built on, does, too.
func TestPushGortsplib(t *testing.T) {
	t.Parallel()
	for _, c := range []publisherCase{
		{name: "H.264 over TCP", tracks: "h264"},
		{name: "H.265 over UDP", camera: h265, args: []string{"udp"}, tracks: "h265"},
		{name: "H.264 and AAC over TCP", camera: aac, tracks: "h264 aac"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, func(t *testing.T, camera, to string) {
				t.Helper()
				transport := gortsplib.TransportTCP
				if len(c.args) > 0 {
					transport = gortsplib.TransportUDP
				}
				relay(t, camera, to, transport)
			})
		})
	}
}

// relay publishes what it pulls, packet by packet, until the test ends.
func relay(t *testing.T, camera, to string, transport gortsplib.Transport) {
	t.Helper()
	from, err := base.ParseURL(camera)
	if err != nil {
		t.Fatal(err)
	}
	over := gortsplib.TransportTCP
	pull := &gortsplib.Client{Scheme: from.Scheme, Host: from.Host, Transport: &over}
	if err := pull.Start2(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pull.Close)
	desc, _, err := pull.Describe(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := pull.SetupAll(desc.BaseURL, desc.Medias); err != nil {
		t.Fatal(err)
	}
	push := &gortsplib.Client{Transport: &transport, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	if err := push.StartRecording(to, desc); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		push.Close()
		push = nil
	})
	pull.OnPacketRTPAny(func(m *gdesc.Media, _ format.Format, pkt *rtp.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if push != nil {
			_ = push.WritePacketRTP(m, pkt) // what is missing is seen
		}
	})
	if _, err := pull.Play(nil); err != nil {
		t.Fatal(err)
	}
}

// A camera that encodes by itself, as MJPEG.
func TestPushMJPEG(t *testing.T) {
	t.Parallel()
	in, address := pushTo(t, PushConfig{})
	s, err := receiveSome(t, in, 30, func() {
		program(t, "gst-launch-1.0", "videotestsrc", "is-live=true", "!", "video/x-raw,format=I420,width=320,height=240,framerate=25/1", "!",
			"jpegenc", "!", "rtspclientsink", "protocols=tcp", "location="+address)
	})
	wantFrames(t, s, err, 30)
	if s.tracks[0].Codec != media.MJPEG {
		t.Errorf("%v", s.tracks)
	}
}
