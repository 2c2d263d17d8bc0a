package rtsptest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// The tracks a description may list, by their control number.
const (
	videoTrack = iota
	audioTrack
	metadataTrack
	backTrack
)

// payloadTypes of the tracks; static ones where RFC 3551 has them.
func videoPayload(c loop.Codec) byte {
	if c == loop.MJPEG {
		return 26
	}
	return 96
}

func audioPayload(c loop.Codec) byte {
	switch c {
	case loop.PCMU:
		return 0
	case loop.PCMA:
		return 8
	}
	return 97
}

// describe writes the session description (RFC 8866) of a stream.
func describe(name, host string, r *reel, s *soundtrack, cfg *Config) string {
	family := "IP4"
	if strings.Contains(host, ":") {
		family = "IP6"
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- 1 1 IN %s %s", family, host)
	line("s=%s", name)
	line("c=IN %s %s", family, map[string]string{"IP4": "0.0.0.0", "IP6": "::"}[family])
	line("t=0 0")
	line("a=control:*")

	pt := videoPayload(r.Codec)
	line("m=video 0 RTP/AVP %d", pt)
	line("a=rtpmap:%d %s/90000", pt, map[loop.Codec]string{loop.H264: "H264", loop.H265: "H265", loop.MJPEG: "JPEG"}[r.Codec])
	switch r.Codec {
	case loop.H264:
		format := "packetization-mode=1"
		if sps := r.SPS[0]; len(sps) >= 4 {
			format += ";profile-level-id=" + strings.ToUpper(hex.EncodeToString(sps[1:4]))
		}
		if r.sdp != SetsInBand {
			format += ";sprop-parameter-sets=" + sets(append(r.SPS[:len(r.SPS):len(r.SPS)], r.PPS...))
		}
		line("a=fmtp:%d %s", pt, format)
	case loop.H265:
		if r.sdp != SetsInBand {
			line("a=fmtp:%d sprop-vps=%s;sprop-sps=%s;sprop-pps=%s", pt, sets(r.VPS), sets(r.SPS), sets(r.PPS))
		}
	}
	line("a=framerate:%g", float64(r.FPSNum)/float64(r.FPSDen))
	line("a=x-dimensions:%d,%d", r.Width, r.Height)
	line("a=control:trackID=%d", videoTrack)

	if s != nil {
		pt := audioPayload(s.Codec)
		line("m=audio 0 RTP/AVP %d", pt)
		switch s.Codec {
		case loop.AAC:
			line("a=rtpmap:%d mpeg4-generic/%d/%d", pt, s.Rate, s.Channels)
			line("a=fmtp:%d streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=%X", pt, s.Config)
		case loop.Opus: // RFC 7587 7: always two channels here
			line("a=rtpmap:%d opus/48000/2", pt)
			line("a=fmtp:%d sprop-stereo=0", pt)
		case loop.PCMA:
			line("a=rtpmap:%d PCMA/8000", pt)
		case loop.PCMU:
			line("a=rtpmap:%d PCMU/8000", pt)
		}
		line("a=control:trackID=%d", audioTrack)
	}
	if cfg.MetadataTrack {
		line("m=application 0 RTP/AVP 107")
		line("a=rtpmap:107 vnd.onvif.metadata/90000")
		line("a=recvonly")
		line("a=control:trackID=%d", metadataTrack)
	}
	if cfg.BackChannel {
		line("m=audio 0 RTP/AVP 8")
		line("a=rtpmap:8 PCMA/8000")
		line("a=sendonly")
		line("a=control:trackID=%d", backTrack)
	}
	return b.String()
}

// sets joins parameter sets in base64, as sprop- attributes want them.
func sets(nals [][]byte) string {
	parts := make([]string, len(nals))
	for i, n := range nals {
		parts[i] = base64.StdEncoding.EncodeToString(n)
	}
	return strings.Join(parts, ",")
}
