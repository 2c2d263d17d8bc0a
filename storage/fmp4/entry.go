package fmp4

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"qianshao/storage/media"
)

// Entry writes the sample entry of a track (ISO/IEC 14496-12 8.5.2), the child
// of stsd.
func (w *Builder) Entry(t *media.Track) error {
	switch t.Codec {
	case media.H264:
		if len(t.SPS) == 0 || len(t.SPS[0]) < 4 || len(t.PPS) == 0 {
			return fmt.Errorf("h264 track without parameter sets")
		}
		w.visual("avc1", t)
		w.avcC(t)
		w.Close()
	case media.H265:
		if len(t.VPS) == 0 || len(t.SPS) == 0 || len(t.PPS) == 0 {
			return fmt.Errorf("h265 track without parameter sets")
		}
		w.visual("hvc1", t)
		if err := w.hvcC(t); err != nil {
			return err
		}
		w.Close()
	case media.MJPEG:
		w.visual("jpeg", t)
		w.Close()
	case media.AAC:
		w.audio("mp4a", t.Channels, t.SampleRate)
		w.esds(t)
		w.Close()
	case media.PCMA, media.PCMU:
		kind := "alaw"
		if t.Codec == media.PCMU {
			kind = "ulaw"
		}
		w.audio(kind, t.Channels, t.SampleRate)
		w.Close()
	case media.Opus:
		w.audio("Opus", t.Channels, 48000)
		w.dOps(t)
		w.Close()
	default:
		return fmt.Errorf("no sample entry for %v", t.Codec)
	}
	return nil
}

// visual opens a VisualSampleEntry (ISO/IEC 14496-12 12.1.3).
func (w *Builder) visual(kind string, t *media.Track) {
	w.Open(kind)
	w.Zero(6)
	w.U16(1) // data_reference_index
	w.Zero(16)
	w.U16(uint16(t.Width))
	w.U16(uint16(t.Height))
	w.U32(0x00480000) // 72 dpi
	w.U32(0x00480000)
	w.U32(0)
	w.U16(1) // frame_count
	w.Zero(32)
	w.U16(0x0018)
	w.U16(0xffff)
}

// avcC is the AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1), with
// 4-byte NAL lengths.
func (w *Builder) avcC(t *media.Track) {
	w.Open("avcC")
	sps := t.SPS[0]
	w.Bytes([]byte{1, sps[1], sps[2], sps[3], 0xfc | 3, 0xe0 | byte(min(len(t.SPS), 31))})
	for _, s := range t.SPS[:min(len(t.SPS), 31)] {
		w.U16(uint16(len(s)))
		w.Bytes(s)
	}
	w.U8(byte(min(len(t.PPS), 255)))
	for _, s := range t.PPS[:min(len(t.PPS), 255)] {
		w.U16(uint16(len(s)))
		w.Bytes(s)
	}
	switch sps[1] {
	case 100, 110, 122, 144: // the record's high-profile tail: 4:2:0, 8 bit
		w.Bytes([]byte{0xfc | 1, 0xf8, 0xf8, 0})
	}
	w.Close()
}

// hvcC is the HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3.1).
func (w *Builder) hvcC(t *media.Track) error {
	var sps h265.SPS
	if err := sps.Unmarshal(t.SPS[0]); err != nil {
		return fmt.Errorf("h265 SPS: %w", err)
	}
	ptl := media.Unescape(t.SPS[0])
	if len(ptl) < 15 {
		return fmt.Errorf("h265 SPS of %d bytes", len(ptl))
	}
	w.Open("hvcC")
	w.U8(1)
	w.Bytes(ptl[3:15]) // general_profile_space … general_level_idc, as in the SPS
	w.U16(0xf000)      // min_spatial_segmentation_idc
	w.U8(0xfc)         // parallelismType
	w.U8(0xfc | byte(sps.ChromaFormatIdc))
	w.U8(0xf8 | byte(sps.BitDepthLumaMinus8))
	w.U8(0xf8 | byte(sps.BitDepthChromaMinus8))
	w.U16(0)                                                                        // avgFrameRate unknown
	w.U8((sps.MaxSubLayersMinus1+1)<<3 | boolBit(sps.TemporalIDNestingFlag)<<2 | 3) // 4-byte lengths
	w.U8(3)
	for _, a := range []struct {
		kind byte
		sets [][]byte
	}{{32, t.VPS}, {33, t.SPS}, {34, t.PPS}} {
		w.U8(a.kind) // array_completeness 0: sets also stand in band
		w.U16(uint16(len(a.sets)))
		for _, s := range a.sets {
			w.U16(uint16(len(s)))
			w.Bytes(s)
		}
	}
	w.Close()
	return nil
}

func boolBit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// audio opens an AudioSampleEntry (ISO/IEC 14496-12 12.2.3).
func (w *Builder) audio(kind string, channels, rate int) {
	w.Open(kind)
	w.Zero(6)
	w.U16(1)
	w.Zero(8)
	w.U16(uint16(max(channels, 1)))
	w.U16(16)
	w.U32(0)
	if rate > 0xffff {
		rate = 0 // does not fit 16.16; the decoder's own configuration says it
	}
	w.U32(uint32(rate) << 16)
}

// esds is the ES_Descriptor (ISO/IEC 14496-1 7.2.6.5) around an
// AudioSpecificConfig.
func (w *Builder) esds(t *media.Track) {
	w.Full("esds", 0, 0)
	n := len(t.Config)
	w.descriptor(3, 3+5+13+5+n+5+1)
	w.U16(uint16(t.ID))
	w.U8(0)
	w.descriptor(4, 13+5+n)
	w.U8(0x40) // MPEG-4 audio
	w.U8(0x15) // audio stream
	w.Zero(3 + 8)
	w.descriptor(5, n)
	w.Bytes(t.Config)
	w.descriptor(6, 1)
	w.U8(2)
	w.Close()
}

func (w *Builder) descriptor(tag byte, n int) {
	w.Bytes([]byte{tag, 0x80 | byte(n>>21), 0x80 | byte(n>>14), 0x80 | byte(n>>7), byte(n & 0x7f)})
}

// dOps is the OpusSpecificBox (Encapsulation of Opus in ISOBMFF 4.3.2).
func (w *Builder) dOps(t *media.Track) {
	w.Open("dOps")
	w.U8(0)
	w.U8(byte(max(t.Channels, 1)))
	w.U16(0) // PreSkip: a live stream has none
	w.U32(48000)
	w.U16(0)
	w.U8(0)
	w.Close()
}
