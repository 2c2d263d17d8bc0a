package rtsptest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// TestOtherClient pulls with a client library that is neither ours nor ffmpeg:
// over TLS, with SHA-256 passwords, and over UDP.
func TestOtherClient(t *testing.T) {
	t.Parallel()
	certificate, pin, err := SelfSigned()
	if err != nil || len(pin) != 64 {
		t.Fatalf("pin %q, %v", pin, err)
	}
	tcp, udp := gortsplib.TransportTCP, gortsplib.TransportUDP
	for name, tc := range map[string]struct {
		cfg       Config
		transport gortsplib.Transport
	}{
		"tls":       {Config{TLS: certificate}, tcp},
		"sha256":    {Config{Username: "admin", Password: "secret", SHA256: true, NoQOP: true}, tcp},
		"basic tls": {Config{Username: "admin", Password: "secret", Auth: Basic, TLS: certificate}, tcp},
		"udp":       {Config{}, udp},
		"h265":      {Config{Codec: loop.H265, Audio: loop.AAC, MetadataTrack: true, BackChannel: true}, tcp},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := small(tc.cfg.Codec)
			codec := tc.cfg
			codec.Codec, codec.Width, codec.Height, codec.FPS, codec.GOP, codec.LoopSeconds, codec.Bitrate =
				cfg.Codec, cfg.Width, cfg.Height, cfg.FPS, cfg.GOP, cfg.LoopSeconds, cfg.Bitrate
			s := start(t, codec)
			numbers := pull(t, s, codec, tc.transport)
			for i, n := range numbers {
				if n != numbers[0]+uint64(i) {
					t.Fatalf("frames %v", numbers)
				}
			}
			if numbers[0]%uint64(cfg.FPS) != 0 {
				t.Errorf("opens with frame %d, no key frame", numbers[0])
			}
		})
	}
}

// pull plays until 15 frames have come and returns their numbers.
func pull(t *testing.T, s *Server, cfg Config, transport gortsplib.Transport) []uint64 {
	t.Helper()
	address := s.URL(1)
	if cfg.Username != "" {
		address = strings.Replace(address, "://", fmt.Sprintf("://%s:%s@", cfg.Username, cfg.Password), 1)
	}
	u, err := base.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Transport: &transport}
	if cfg.TLS != nil {
		roots := x509.NewCertPool()
		leaf, err := x509.ParseCertificate(cfg.TLS.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		roots.AddCert(leaf)
		c.TLSConfig = &tls.Config{RootCAs: roots}
	}
	if err := c.Start2(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	desc, _, err := c.Describe(u)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range desc.Medias {
		if m.IsBackChannel {
			continue
		}
		if _, err := c.Setup(desc.BaseURL, m, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var numbers []uint64
	done := make(chan struct{})
	note := func(nals [][]byte) {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range nals {
			if st, ok := stamp.FromNAL(n, cfg.Codec == loop.H265); ok {
				if numbers = append(numbers, st.Number); len(numbers) == 15 {
					close(done)
				}
			}
		}
	}
	handle(t, c, desc, note)
	if _, err := c.Play(nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("no frames")
	}
	mu.Lock()
	defer mu.Unlock()
	return append([]uint64(nil), numbers...)
}

// handle decodes the video with the library's own depacketizers.
func handle(t *testing.T, c *gortsplib.Client, desc *description.Session, note func([][]byte)) {
	t.Helper()
	var h264 *format.H264
	var h265 *format.H265
	if m := desc.FindFormat(&h264); m != nil {
		dec, err := h264.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		c.OnPacketRTP(m, h264, func(p *rtp.Packet) {
			if au, err := dec.Decode(p); err == nil {
				note(au)
			}
		})
	}
	if m := desc.FindFormat(&h265); m != nil {
		dec, err := h265.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		c.OnPacketRTP(m, h265, func(p *rtp.Packet) {
			if au, err := dec.Decode(p); err == nil {
				note(au)
			}
		})
	}
}
