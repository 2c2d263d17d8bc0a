package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/loop"
)

// options are camsim's flags.
type options struct {
	Cameras int    `default:"1" help:"How many cameras."`
	Listen  string `default:":8654" help:"Address. Without a host 127.0.0.1 only; 0.0.0.0:8654 opens all interfaces."`

	Codec   string  `default:"h264" enum:"h264,h265,mjpeg" help:"Video codec: ${enum}."`
	Size    string  `default:"640x360" help:"Picture size."`
	FPS     int     `name:"fps" default:"25" help:"Pictures a second."`
	GOP     float64 `name:"gop" default:"2" help:"Seconds between key frames."`
	BFrames bool    `name:"bframes" help:"Two B-frames between reference frames."`
	Bitrate string  `default:"600k" help:"Bits a second; k and M are understood."`
	Loop    int     `default:"10" help:"Seconds of the loop."`
	Media   string  `placeholder:"FILE" type:"existingfile" help:"Loop the H.264 or H.265 of this file instead (no counter in the picture)."`
	Audio   string  `default:"none" enum:"none,aac,pcma,pcmu,opus" help:"Audio codec: ${enum}."`
	NoSub   bool    `help:"No sub-streams."`
	Sets    string  `name:"parameter-sets" default:"both" enum:"both,sdp,inband" help:"Where parameter sets stand: ${enum}."`

	Seed            uint64 `help:"Seed of packet loss, identifiers and timestamps; 0 is random."`
	Spread          bool   `help:"Cameras take turns within a frame interval instead of all sending at once."`
	NextKey         bool   `help:"Sessions open at the next key frame, not the last."`
	Write           string `default:"frame" enum:"frame,packet,byte" help:"What one TCP write holds: ${enum}."`
	TransportRefuse string `default:"none" enum:"none,udp,tcp" help:"Answer 461 to this transport: ${enum}."`
	ClockOffset     string `default:"0s" help:"By how much the clock in sender reports is off, such as -90s."`
	Metadata        bool   `help:"Offer an ONVIF metadata track, which never sends."`
	BackChannel     bool   `help:"Offer an ONVIF audio back channel."`

	Username string `help:"Ask for this user name."`
	Password string `help:"And this password."`
	Auth     string `default:"digest" enum:"digest,basic,both" help:"How: ${enum}."`
	SHA256   bool   `name:"sha256" help:"Digest with SHA-256 in place of MD5."`
	TLS      bool   `name:"tls" help:"RTSPS with a certificate of its own, whose SHA-256 is printed."`

	Fault        []string `placeholder:"KIND@T" help:"stall|cut|loss|reboot|clock|silent@T[+D],…"`
	FaultSession bool     `help:"T counts from the PLAY of each session."`
	FaultLog     string   `placeholder:"FILE" help:"Append a JSON line for every fault that is over."`
	CSV          string   `name:"csv" placeholder:"FILE" help:"Write a list of the cameras for qianshao import."`
	Verbose      bool     `short:"v" help:"Log every session."`
}

// config turns the flags into a Config; pin is the hash of a certificate made.
func (o *options) config() (cfg rtsptest.Config, pin string, err error) {
	cfg = rtsptest.Config{
		Listen: o.Listen, Cameras: o.Cameras,
		Codec: loop.Codec(o.Codec), FPS: o.FPS, GOP: o.GOP, LoopSeconds: o.Loop, Media: o.Media,
		Audio: loop.Codec(o.Audio), NoSub: o.NoSub,
		ParamSets: map[string]rtsptest.ParamSets{"sdp": rtsptest.SetsSDP, "inband": rtsptest.SetsInBand}[o.Sets],
		Seed:      o.Seed, Spread: o.Spread, StartAtNextKey: o.NextKey,
		Write:         map[string]rtsptest.WriteMode{"packet": rtsptest.WritePackets, "byte": rtsptest.WriteBytes}[o.Write],
		MetadataTrack: o.Metadata, BackChannel: o.BackChannel,
		RefuseTCP: o.TransportRefuse == "tcp", RefuseUDP: o.TransportRefuse == "udp",
		Username: o.Username, Password: o.Password, Auth: rtsptest.AuthScheme(o.Auth), SHA256: o.SHA256,
	}
	if cfg.ClockOffset, err = time.ParseDuration(o.ClockOffset); err != nil {
		return cfg, "", fmt.Errorf("--clock-offset: %w", err)
	}
	if o.BFrames {
		cfg.BFrames = 2
	}
	if cfg.Width, cfg.Height, err = parseSize(o.Size); err != nil {
		return cfg, "", err
	}
	if cfg.Bitrate, err = parseBitrate(o.Bitrate); err != nil {
		return cfg, "", err
	}
	for _, text := range o.Fault {
		f, err := rtsptest.ParseFault(text)
		if err != nil {
			return cfg, "", err
		}
		f.FromPlay = o.FaultSession
		cfg.Faults = append(cfg.Faults, f)
	}
	if o.TLS {
		cfg.TLS, pin, err = rtsptest.SelfSigned()
	}
	return cfg, pin, err
}

func parseSize(s string) (w, h int, err error) {
	a, b, _ := strings.Cut(s, "x")
	w, err = strconv.Atoi(a)
	if err == nil {
		h, err = strconv.Atoi(b)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("--size %q: write 1920x1080", s)
	}
	return w, h, nil
}

func parseBitrate(s string) (int, error) {
	unit := 1.0
	digits := s
	if n := len(s); n > 0 {
		switch s[n-1] {
		case 'k', 'K':
			unit, digits = 1e3, s[:n-1]
		case 'm', 'M':
			unit, digits = 1e6, s[:n-1]
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(v > 0 && v*unit < 1e9) {
		return 0, fmt.Errorf("--bitrate %q: write 2000k or 2M", s)
	}
	return int(v * unit), nil
}
