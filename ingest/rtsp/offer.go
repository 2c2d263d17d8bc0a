package rtsp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

// offer is a track of the camera that we record.
type offer struct {
	pt     uint8
	others []uint8 // payload types of the same section that are not recorded
	params depacket.Params
	// controls are the URLs at which the track may be set up, best first.
	controls []string
	section  int // of the description
}

// choose picks the tracks to record: the first video that can be recorded, and
// the first audio tracks that can. Metadata, back channels and unknown codings are left
// alone.
func (d *description) choose(mend func(Repair)) ([]offer, error) {
	var video *offer
	var audio []offer
	for i := range d.sections {
		s := &d.sections[i]
		o, ok := s.offer(mend)
		if !ok {
			continue
		}
		o.controls, o.section = []string{s.control}, i
		switch {
		case !o.params.Codec.IsVideo():
			if len(audio) < limit.Audio {
				audio = append(audio, o)
			}
		case video == nil:
			video = &o
		}
	}
	if video == nil {
		return nil, ErrNoVideo
	}
	return append([]offer{*video}, audio...), nil
}

// offer is the first payload type of a section that we record.
func (s *section) offer(mend func(Repair)) (o offer, ok bool) {
	if s.kind != "video" && s.kind != "audio" || s.profile != "RTP/AVP" && s.profile != "RTP/AVPF" && s.profile != "RTP/AVP/TCP" && s.profile != "RTP/AVP/UDP" ||
		s.kind == "audio" && s.sendonly {
		return o, false
	}
	for _, text := range s.types {
		pt, err := strconv.ParseUint(text, 10, 7)
		if err != nil {
			continue
		}
		p, guessed, known := s.track(text)
		if !known || ok || p.Codec.IsVideo() != (s.kind == "video") {
			o.others = append(o.others, uint8(pt))
			continue
		}
		if guessed {
			mend(RepairCoding)
		}
		o.pt, o.params, ok = uint8(pt), p, true
	}
	return o, ok
}

// track translates a payload type of a section; known is false for what we do
// not record.
func (s *section) track(pt string) (p depacket.Params, guessed, known bool) {
	name, rate, channels, guessed := s.coding(pt)
	f := s.params(pt)
	switch name {
	case "H264":
		p = depacket.Params{
			Codec: media.H264, Rate: 90000,
			InterleavingDepth: small15(f["sprop-interleaving-depth"]), MaxDONDiff: small15(f["sprop-max-don-diff"]),
		}
		for _, nal := range decodeSets(f["sprop-parameter-sets"]) {
			switch nal[0] & 0x1f {
			case 7:
				p.SPS = append(p.SPS, nal)
			case 8:
				p.PPS = append(p.PPS, nal)
			}
		}
	case "H265", "HEVC":
		p = depacket.Params{
			Codec: media.H265, Rate: 90000, MaxDONDiff: small15(f["sprop-max-don-diff"]), DepackUnits: small15(f["sprop-depack-buf-nalus"]),
			VPS: decodeSets(f["sprop-vps"]), SPS: decodeSets(f["sprop-sps"]), PPS: decodeSets(f["sprop-pps"]),
		}
	case "JPEG":
		p = depacket.Params{Codec: media.MJPEG, Rate: 90000}
	case "PCMA", "PCMU":
		p = depacket.Params{Codec: media.PCMA, Rate: orElse(rate, 8000), Channels: max(channels, 1)}
		if name == "PCMU" {
			p.Codec = media.PCMU
		}
	case "OPUS":
		p = depacket.Params{Codec: media.Opus, Rate: 48000, Channels: max(channels, 1)}
		if f["sprop-stereo"] == "1" {
			p.Channels = 2
		} else if f["sprop-stereo"] == "0" || f["stereo"] == "0" {
			p.Channels = 1
		}
	case "MPEG4-GENERIC":
		config, err := hex.DecodeString(f["config"])
		if err != nil || len(config) > 64 {
			config = nil
		}
		p = depacket.Params{
			Codec: media.AAC, Rate: orElse(rate, sampleRate(config)), Channels: channels, Config: config,
			SizeLength: small15(f["sizelength"]), IndexLength: small15(f["indexlength"]), IndexDeltaLength: small15(f["indexdeltalength"]),
		}
	case "MP4A-LATM":
		p = depacket.Params{Codec: media.AAC, Channels: channels, LATM: true}
		raw, err := hex.DecodeString(f["config"])
		var mux mpeg4audio.StreamMuxConfig
		if err == nil && f["cpresent"] == "0" && mux.Unmarshal(raw) == nil && len(mux.Programs) == 1 && len(mux.Programs[0].Layers) == 1 {
			if config, err := mux.Programs[0].Layers[0].AudioSpecificConfig.Marshal(); err == nil {
				p.Config = config
			}
		}
		p.Rate = orElse(rate, sampleRate(p.Config))
	default:
		return p, guessed, false
	}
	return p, guessed, true
}

// sampleRate is the clock of AAC whose description names none.
func sampleRate(config []byte) int {
	var c mpeg4audio.AudioSpecificConfig
	if c.Unmarshal(config) != nil || c.SampleRate <= 0 {
		return 16000 // what cameras have
	}
	return c.SampleRate
}

// orElse is the clock that a description names, or the usual one where it names
// none that can be.
func orElse(rate, usual int) uint32 {
	if rate <= 0 || rate > 768_000 {
		return uint32(usual)
	}
	return uint32(rate)
}

// small15 reads a number below 2¹⁵; 0 when it is none.
func small15(s string) int {
	n, err := strconv.ParseUint(s, 10, 15)
	if err != nil {
		return 0
	}
	return int(n)
}

// decodeSets reads parameter sets in base64 behind one another, with or without
// padding, with or without start codes. What is none is left out.
func decodeSets(text string) (out [][]byte) {
	for part := range strings.SplitSeq(text, ",") {
		nal, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(part), "="))
		if err != nil {
			continue
		}
		nal = bytes.TrimPrefix(nal, []byte{0, 0, 0, 1})
		nal = bytes.TrimPrefix(nal, []byte{0, 0, 1})
		if len(nal) > 2 && len(nal) <= limit.Set && len(out) < limit.Types {
			out = append(out, nal)
		}
	}
	return out
}
