// Package audit says which frames a media file holds and which it shows,
// asking only ffmpeg and ffprobe. It shares no code with the recorder, so that
// the recorder can be judged by it.
//
// Stored reads every packet; Presented only what a player shows, edit lists
// obeyed. Both know a frame by the stamp in its SEI message; Codes knows it by
// the code in its picture and works for any codec. A gap is where numbers jump.
package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"qianshao/ingest/rtsp/rtsptest/framecode"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// ErrNoVideo is returned for a file without a video track.
var ErrNoVideo = errors.New("no video track")

// ErrUnmatched is returned when a shown frame cannot be found among the packets.
var ErrUnmatched = errors.New("frame without a packet")

// Frame is one picture of a file.
type Frame struct {
	PTS     float64 // seconds on the file's own timeline, edit lists applied
	Ticks   int64   // the same in units of the track's time base
	Key     bool
	Stamped bool   // the picture has a stamp: Number and TimeUS are known
	Number  uint64 // of the frame, counted from the unix epoch
	TimeUS  int64  // nominal unix time, µs
	Slices  uint32 // Slices of its NAL units
	Code    int    // the code in the picture; -1 when it was not looked at
}

// quietly runs a program at a low priority: judging one recording must not hold
// up the cameras of others.
func quietly(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nice", append([]string{"-n", "10", name}, args...)...)
}

// run returns the stdout of a program that must say nothing on stderr.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := quietly(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// Decode decodes every track of the file and returns what ffmpeg complained
// about: nothing, for a sound file. The error is that of running it at all.
func Decode(ctx context.Context, path string) (complaints string, err error) {
	var errs bytes.Buffer
	cmd := quietly(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v?", "-map", "0:a?",
		"-vsync", "passthrough", "-enc_time_base", "-1", "-f", "null", "-")
	cmd.Stderr = &errs
	err = cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); exited {
		if errs.Len() == 0 {
			errs.WriteString(err.Error())
		}
		err = nil
	}
	return strings.TrimSpace(errs.String()), err
}

// packetInfo is ffprobe's word on one packet.
type packetInfo struct {
	PTS   *int64 `json:"pts"`
	Time  string `json:"pts_time"`
	Size  string `json:"size"`
	Pos   string `json:"pos"`
	Flags string `json:"flags"`
}

// frameInfo is ffprobe's word on one decoded picture.
type frameInfo struct {
	PTS  *int64 `json:"best_effort_timestamp"`
	Time string `json:"best_effort_timestamp_time"`
	Pos  string `json:"pkt_pos"`
	Key  int    `json:"key_frame"`
}

type probe struct {
	Streams []struct {
		Codec  string `json:"codec_name"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	} `json:"streams"`
	Packets []packetInfo `json:"packets"`
	Frames  []frameInfo  `json:"frames"`
}

func ask(ctx context.Context, path string, what ...string) (*probe, error) {
	args := append([]string{"-v", "error", "-of", "json", "-select_streams", "v:0"}, what...)
	out, err := run(ctx, "ffprobe", append(args, path)...)
	if err != nil {
		return nil, err
	}
	p := &probe{}
	if err := json.Unmarshal(out, p); err != nil {
		return nil, fmt.Errorf("ffprobe of %s: %w", path, err)
	}
	if len(p.Streams) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrNoVideo)
	}
	return p, nil
}

const streamEntries = "stream=codec_name,width,height"

// Stored returns a frame for every packet of the first video track, in the
// order they are stored: decode order. Frames that an edit list hides are
// among them.
func Stored(ctx context.Context, path string) ([]Frame, error) {
	_, frames, err := stored(ctx, path)
	return frames, err
}

func stored(ctx context.Context, path string) ([]packetInfo, []Frame, error) {
	p, err := ask(ctx, path, "-show_entries", streamEntries+":packet=pts,pts_time,size,pos,flags")
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	frames, err := readStamps(f, p)
	return p.Packets, frames, errors.Join(err, f.Close())
}

// readStamps reads the packets' bytes where ffprobe found them.
func readStamps(f io.ReaderAt, p *probe) ([]Frame, error) {
	hevc := p.Streams[0].Codec == "hevc"
	coded := hevc || p.Streams[0].Codec == "h264"
	frames := make([]Frame, len(p.Packets))
	for i, pkt := range p.Packets {
		frames[i] = Frame{Key: strings.HasPrefix(pkt.Flags, "K"), Code: -1}
		if pkt.PTS == nil {
			return nil, fmt.Errorf("packet %d has no presentation time", i)
		}
		frames[i].Ticks = *pkt.PTS
		var err error
		if frames[i].PTS, err = strconv.ParseFloat(pkt.Time, 64); err != nil {
			return nil, fmt.Errorf("packet %d: %w", i, err)
		}
		if !coded {
			continue
		}
		size, err1 := strconv.ParseInt(pkt.Size, 10, 64)
		pos, err2 := strconv.ParseInt(pkt.Pos, 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("place of packet %d: %w", i, err)
		}
		b := make([]byte, size)
		if _, err := f.ReadAt(b, pos); err != nil {
			return nil, fmt.Errorf("read packet %d: %w", i, err)
		}
		frames[i].Slices = Slices(Split(b), hevc)
		if s, ok := stamp.ScanSample(b, hevc); ok {
			frames[i].Stamped, frames[i].Number, frames[i].TimeUS = true, s.Number, s.TimeUS
		}
	}
	return frames, nil
}

// Split cuts an MP4 sample into its NAL units (ISO/IEC 14496-15 5.2.3).
func Split(b []byte) (nals [][]byte) {
	for len(b) > 4 {
		n := int64(binary.BigEndian.Uint32(b))
		if n > int64(len(b)-4) {
			return nals
		}
		nals = append(nals, b[4:4+n])
		b = b[4+n:]
	}
	return nals
}

// Slices is a checksum of the coded slices among NAL units: what a picture is
// made of, whatever was put before or between them.
func Slices(nals [][]byte, hevc bool) uint32 {
	sum := uint32(0)
	for _, n := range nals {
		slice := len(n) > 0 && n[0]&0x1f >= 1 && n[0]&0x1f <= 5
		if hevc {
			slice = len(n) > 0 && n[0]>>1&0x3f < 32
		}
		if slice {
			sum = crc32.Update(sum, crc32.IEEETable, n)
		}
	}
	return sum
}

// Presented returns the frames that ffmpeg decodes and puts out, in that order:
// what a viewer sees. Frames hidden by an edit list are not among them.
func Presented(ctx context.Context, path string) ([]Frame, error) {
	packets, all, err := stored(ctx, path)
	if err != nil {
		return nil, err
	}
	p, err := ask(ctx, path, "-show_entries",
		streamEntries+":frame=best_effort_timestamp,best_effort_timestamp_time,pkt_pos,key_frame")
	if err != nil {
		return nil, err
	}
	byPos := map[string]int{}
	for i, pkt := range packets {
		byPos[pkt.Pos] = i
	}
	frames := make([]Frame, len(p.Frames))
	for i, info := range p.Frames {
		k, ok := byPos[info.Pos]
		if !ok || info.PTS == nil {
			return nil, fmt.Errorf("%s: shown frame %d at byte %s: %w", path, i, info.Pos, ErrUnmatched)
		}
		frames[i] = all[k]
		frames[i].Ticks, frames[i].Key = *info.PTS, info.Key == 1
		if frames[i].PTS, err = strconv.ParseFloat(info.Time, 64); err != nil {
			return nil, fmt.Errorf("shown frame %d: %w", i, err)
		}
	}
	return frames, nil
}

// Codes is Presented with the code read from every picture. An unreadable code
// is an error.
func Codes(ctx context.Context, path string) ([]Frame, error) {
	frames, err := Presented(ctx, path)
	if err != nil {
		return nil, err
	}
	// The code's strip alone, halved until it is small: 160 to 319 wide.
	p, err := ask(ctx, path, "-show_entries", streamEntries)
	if err != nil {
		return nil, err
	}
	width := p.Streams[0].Width
	for width >= 320 {
		width /= 2
	}
	height := framecode.Height(width)
	gray, err := run(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-vsync", "passthrough",
		"-vf", fmt.Sprintf("crop=iw:%d:0:0,scale=%d:%d:flags=area,format=gray", framecode.Height(p.Streams[0].Width), width, height),
		"-f", "rawvideo", "pipe:1")
	if err != nil {
		return nil, err
	}
	if len(gray) != len(frames)*width*height {
		return nil, fmt.Errorf("%s: %d pictures decoded, %d probed: %w", path, len(gray)/(width*height), len(frames), ErrUnmatched)
	}
	for i := range frames {
		n, err := framecode.Read(gray[i*width*height:(i+1)*width*height], width, width)
		if err != nil {
			return nil, fmt.Errorf("%s: shown frame %d at %.3f s: %w", path, i, frames[i].PTS, err)
		}
		frames[i].Code = int(n)
	}
	return frames, nil
}

// Unwrap returns the number of the frame nearest to the number near whose code
// in a loop of that many frames is code.
func Unwrap(code, loop int, near uint64) uint64 {
	n := uint64(loop)
	lap := near / n * n
	best := lap + uint64(code)
	dist := func(a uint64) uint64 { return max(a, near) - min(a, near) }
	for _, other := range []uint64{best - n, best + n} {
		if dist(other) < dist(best) {
			best = other
		}
	}
	return best
}

// Run is a stretch of frame numbers without a gap, both ends included.
type Run struct{ First, Last uint64 }

// Runs returns the numbers of the stamped frames as sorted stretches, and the
// numbers that stood there more than once.
func Runs(frames []Frame) (runs []Run, twice []uint64) {
	var numbers []uint64
	for _, f := range frames {
		if f.Stamped {
			numbers = append(numbers, f.Number)
		}
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		switch k := len(runs) - 1; {
		case i > 0 && n == numbers[i-1]:
			twice = append(twice, n)
		case k >= 0 && n == runs[k].Last+1:
			runs[k].Last = n
		default:
			runs = append(runs, Run{n, n})
		}
	}
	return runs, twice
}

// Missing returns the numbers of want that are not in have.
func Missing(have, want []Run) []uint64 {
	var out []uint64
	for _, w := range want {
		for n := w.First; ; n++ {
			if !slices.ContainsFunc(have, func(h Run) bool { return h.First <= n && n <= h.Last }) {
				out = append(out, n)
			}
			if n == w.Last {
				break
			}
		}
	}
	return out
}
