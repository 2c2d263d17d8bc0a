package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// ErrNoVideo is returned for a file without an H.264 or H.265 track that
// begins with a key frame.
var ErrNoVideo = errors.New("no H.264 or H.265 video that begins with a key frame")

// FromFile reads the first video track of any file ffmpeg can read, without
// coding it anew. Pictures keep their order; their spacing becomes even, at
// the track's average rate.
func FromFile(ctx context.Context, path string) (*Video, error) {
	info, err := run(ctx, nil, "ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "default=nw=1",
		"-show_entries", "stream=codec_name,width,height,avg_frame_rate", path)
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", path, err)
	}
	v := &Video{}
	filters := ""
	for line := range strings.Lines(string(info)) {
		key, val, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "codec_name":
			switch val {
			case "h264":
				v.Codec, filters = H264, "h264_mp4toannexb,h264_metadata=aud=insert"
			case "hevc":
				v.Codec, filters = H265, "hevc_mp4toannexb,hevc_metadata=aud=insert"
			}
		case "width":
			v.Width, err = strconv.Atoi(val)
		case "height":
			v.Height, err = strconv.Atoi(val)
		case "avg_frame_rate":
			_, err = fmt.Sscanf(val, "%d/%d", &v.FPSNum, &v.FPSDen)
		}
		if err != nil {
			return nil, fmt.Errorf("probe %s: %q: %w", path, line, err)
		}
	}
	if v.Codec == "" {
		return nil, fmt.Errorf("%s: %w", path, ErrNoVideo)
	}
	if v.FPSNum < 1 || v.FPSDen < 1 || v.FPSNum > 120*v.FPSDen {
		return nil, fmt.Errorf("%s: %d/%d pictures a second: %w", path, v.FPSNum, v.FPSDen, ErrBadParams)
	}
	times, err := run(ctx, nil, "ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "csv=p=0",
		"-show_entries", "packet=pts", path)
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", path, err)
	}
	format := "h264"
	if v.Codec == H265 {
		format = "hevc"
	}
	raw, err := ffmpeg(ctx, nil, "-i", path, "-map", "0:v:0", "-c", "copy", "-bsf:v", filters, "-f", format, "pipe:1")
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	v.split(raw)
	if err := v.order(string(times)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// split cuts a byte stream into units at its access unit delimiters.
func (v *Video) split(raw []byte) {
	stamp.AnnexB(raw, func(nal []byte) bool {
		kind := nalType(v.Codec, nal)
		delimiter, vps, sps, pps := 9, -1, 7, 8
		if v.Codec == H265 {
			delimiter, vps, sps, pps = 35, 32, 33, 34
		}
		if kind == delimiter {
			v.Units = append(v.Units, Unit{})
			return true
		}
		if len(v.Units) == 0 {
			return true
		}
		u := &v.Units[len(v.Units)-1]
		switch kind {
		case vps:
			v.VPS = addSet(v.VPS, nal)
		case sps:
			v.SPS = addSet(v.SPS, nal)
		case pps:
			v.PPS = addSet(v.PPS, nal)
		default:
			u.NALs = append(u.NALs, nal)
			u.Key = u.Key || (v.Codec == H264 && (kind == 5 || recovery(nal))) || (v.Codec == H265 && kind >= 16 && kind <= 21)
		}
		return true
	})
}

// recovery reports whether an H.264 NAL unit is a recovery point message: with
// intra refresh decoding can begin there.
func recovery(nal []byte) bool { return len(nal) > 1 && nal[0]&0x1f == 6 && nal[1] == 6 }

func addSet(sets [][]byte, nal []byte) [][]byte {
	for _, s := range sets {
		if bytes.Equal(s, nal) {
			return sets
		}
	}
	return append(sets, nal)
}

// order ranks the units by their presentation times, a line each.
func (v *Video) order(times string) error {
	lines := strings.Fields(times)
	if len(v.Units) == 0 || !v.Units[0].Key || len(v.SPS) == 0 || len(v.PPS) == 0 {
		return ErrNoVideo
	}
	if len(lines) != len(v.Units) {
		return fmt.Errorf("%d packets but %d pictures: %w", len(lines), len(v.Units), ErrNoVideo)
	}
	pts := make([]int64, len(lines))
	byTime := make([]int, len(lines))
	for i, l := range lines {
		n, err := strconv.ParseInt(strings.TrimSuffix(l, ","), 10, 64)
		if err != nil {
			return fmt.Errorf("presentation time of packet %d: %w", i, err)
		}
		pts[i], byTime[i] = n, i
	}
	slices.SortStableFunc(byTime, func(a, b int) int {
		switch {
		case pts[a] < pts[b]:
			return -1
		case pts[a] > pts[b]:
			return 1
		}
		return 0
	})
	for rank, i := range byTime {
		v.Units[i].Display = rank
		v.Delay = max(v.Delay, rank-i)
	}
	return nil
}

func nalType(codec Codec, nal []byte) int {
	if codec == H265 {
		return int(nal[0] >> 1 & 0x3f)
	}
	return int(nal[0] & 0x1f)
}

// readMJPEG cuts a file of JPEGs at their ends. Inside the coded data an 0xff
// is never followed by the end marker (ITU-T T.81 B.1.1.5), and the headers
// ffmpeg writes hold none.
func readMJPEG(path string, p Params) (*Video, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v := &Video{Codec: MJPEG, Width: p.Width, Height: p.Height, FPSNum: p.FPS, FPSDen: 1, Coded: true}
	for i := 0; len(raw) > 0; i++ {
		end := bytes.Index(raw, []byte{0xff, 0xd9})
		if end < 0 {
			return nil, fmt.Errorf("picture %d has no end", i)
		}
		v.Units = append(v.Units, Unit{Key: true, Display: i, NALs: [][]byte{raw[:end+2]}})
		raw = raw[end+2:]
	}
	if len(v.Units) != p.frames() {
		return nil, fmt.Errorf("encoder made %d of %d pictures", len(v.Units), p.frames())
	}
	return v, nil
}
