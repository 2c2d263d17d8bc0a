package rtsptest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// ErrConfig is returned by New for a Config that contradicts itself.
var ErrConfig = errors.New("camera simulator configuration")

// WriteMode says how a session hands media to TCP.
type WriteMode int

// A frame, a packet or a single byte a write. UDP always sends packets.
const (
	WriteFrames WriteMode = iota
	WritePackets
	WriteBytes
)

// ParamSets says where parameter sets of H.264 and H.265 stand.
type ParamSets int

// In the SDP and before every key frame, or in one place only.
const (
	SetsBoth ParamSets = iota
	SetsSDP
	SetsInBand
)

// Config describes the cameras. The zero value is one camera on a free port of
// 127.0.0.1 that sends the embedded loop: H.264, 640x360, 25 pictures a second,
// GOP 2 s, no audio.
type Config struct {
	Log *slog.Logger // sessions and faults; nil: silent

	Listen  string // host:port; without a host 127.0.0.1; default port: a free one
	Cameras int    // default 1

	Codec         loop.Codec // h264 (default), h265, mjpeg
	Width, Height int        // pixels, default 640x360
	FPS           int        // pictures a second, default 25
	GOP           float64    // seconds between key frames, default 2
	BFrames       int        // consecutive B-frames, default 0
	Bitrate       int        // bits a second, default 600000
	LoopSeconds   int        // default 10
	Media         string     // a file to send instead; Codec to LoopSeconds are not used
	Audio         loop.Codec // none (default), aac, pcma, pcmu, opus
	NoSub         bool       // no sub-stream: /camNNNN/sub is 404
	ParamSets     ParamSets

	Seed           uint64 // of packet loss, identifiers and timestamps; 0: random
	Spread         bool   // cameras take turns within a frame interval
	SpreadGOP      bool   // cameras take turns within a GOP: key frames do not fall together
	StartAtNextKey bool   // a session opens at the next key frame, not the last
	MaxPayload     int    // bytes of RTP payload, default 1400
	Write          WriteMode
	ReportEvery    time.Duration // sender reports, default 5 s; negative: none
	ClockOffset    time.Duration // of the NTP times in sender reports
	MetadataTrack  bool          // an ONVIF metadata track, which never sends
	BackChannel    bool          // an ONVIF audio back channel (a=sendonly)
	RefuseTCP      bool          // 461 to interleaved transport
	RefuseUDP      bool          // 461 to UDP

	Username, Password string
	Auth               AuthScheme // used when Username is set; default Digest
	SHA256             bool       // Digest with SHA-256 in place of MD5
	NoQOP              bool       // Digest without qop (RFC 2069)

	TLS *tls.Config // RTSPS; see SelfSigned

	Faults   []Fault
	FaultLog io.Writer // JSON lines, one when a fault ends; nil: none
}

// withDefaults fills what was left out and checks the rest.
func (c Config) withDefaults() (Config, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Listen == "" {
		c.Listen = ":0"
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return c, fmt.Errorf("%w: listen address: %w", ErrConfig, err)
	}
	if host == "" {
		c.Listen = net.JoinHostPort("127.0.0.1", port)
	}
	if c.Cameras == 0 {
		c.Cameras = 1
	}
	if c.Cameras < 0 || c.Cameras > 100_000 {
		return c, fmt.Errorf("%w: %d cameras (1 to 100000)", ErrConfig, c.Cameras)
	}
	if c.MaxPayload == 0 {
		c.MaxPayload = 1400
	}
	if c.MaxPayload < 200 || c.MaxPayload > 60_000 {
		return c, fmt.Errorf("%w: payload of %d bytes (200 to 60000)", ErrConfig, c.MaxPayload)
	}
	if c.ReportEvery == 0 {
		c.ReportEvery = 5 * time.Second
	}
	if c.Auth == "" {
		c.Auth = Digest
	}
	if c.Auth != Digest && c.Auth != Basic && c.Auth != BasicAndDigest {
		return c, fmt.Errorf("%w: auth %q (basic, digest, both)", ErrConfig, c.Auth)
	}
	if c.RefuseTCP && c.RefuseUDP {
		return c, fmt.Errorf("%w: both transports refused", ErrConfig)
	}
	for _, f := range c.Faults {
		if err := f.check(c.Cameras); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c Config) params() loop.Params {
	return loop.Params{
		Codec: c.Codec, Width: c.Width, Height: c.Height, FPS: c.FPS, GOP: c.GOP,
		BFrames: c.BFrames, Bitrate: c.Bitrate, Seconds: c.LoopSeconds,
	}
}

// Prepare makes the loops that New(cfg) and its sub-streams will need, so that
// neither New nor a client waits for an encoder, which takes some seconds.
func Prepare(ctx context.Context, cfg Config) error {
	_, _, err := load(ctx, cfg)
	if err == nil && !cfg.NoSub {
		_, err = loop.Load(ctx, loop.SubStream(cfg.params()))
	}
	return err
}

func load(ctx context.Context, cfg Config) (v *loop.Video, a *loop.Audio, err error) {
	if cfg.Media != "" {
		v, err = loop.FromFile(ctx, cfg.Media)
	} else {
		v, err = loop.Load(ctx, cfg.params())
	}
	if err == nil {
		a, err = loop.LoadAudio(ctx, cfg.Audio)
	}
	return v, a, err
}
