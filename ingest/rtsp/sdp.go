package rtsp

import (
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// offer is a track of the camera that we record.
type offer struct {
	media  *description.Media
	pt     uint8
	params depacket.Params
}

// choose picks the tracks to record: the first video that can be recorded, and
// all audio that can. Metadata, back channels and unknown codecs are left
// alone.
func choose(d *description.Session) ([]offer, error) {
	var video *offer
	var audio []offer
	for _, m := range d.Medias {
		if m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			p, ok := params(f)
			if !ok {
				continue
			}
			o := offer{media: m, pt: f.PayloadType(), params: p}
			if p.Codec.IsVideo() {
				if video == nil {
					video = &o
				}
			} else {
				audio = append(audio, o)
			}
			break
		}
	}
	if video == nil {
		return nil, ErrNoVideo
	}
	return append([]offer{*video}, audio...), nil
}

// params translates the library's format.
func params(f format.Format) (depacket.Params, bool) {
	switch f := f.(type) {
	case *format.H264:
		p := depacket.Params{Codec: media.H264, Rate: 90000}
		sps, pps := f.SafeParams()
		p.SPS, p.PPS = one(sps), one(pps)
		return p, true
	case *format.H265:
		p := depacket.Params{Codec: media.H265, Rate: 90000, MaxDONDiff: f.MaxDONDiff}
		vps, sps, pps := f.SafeParams()
		p.VPS, p.SPS, p.PPS = one(vps), one(sps), one(pps)
		return p, true
	case *format.MJPEG:
		return depacket.Params{Codec: media.MJPEG, Rate: 90000}, true
	case *format.MPEG4Audio:
		if f.Config == nil {
			return depacket.Params{}, false
		}
		config, err := f.Config.Marshal()
		if err != nil {
			return depacket.Params{}, false
		}
		return depacket.Params{
			Codec: media.AAC, Rate: uint32(f.ClockRate()), Config: config,
			SizeLength: f.SizeLength, IndexLength: f.IndexLength, IndexDeltaLength: f.IndexDeltaLength,
		}, true
	case *format.G711:
		codec := media.PCMA
		if f.MULaw {
			codec = media.PCMU
		}
		return depacket.Params{Codec: codec, Rate: uint32(f.SampleRate), Channels: f.ChannelCount}, true
	case *format.Opus:
		return depacket.Params{Codec: media.Opus, Rate: 48000, Channels: f.ChannelCount}, true
	}
	return depacket.Params{}, false
}

func one(set []byte) [][]byte {
	if len(set) == 0 {
		return nil
	}
	return [][]byte{set}
}
