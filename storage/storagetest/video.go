package storagetest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"qianshao/storage/media"
)

// VideoSpec says how a loop of pictures is encoded. The zero value of a field
// means the default named there.
type VideoSpec struct {
	Codec   media.Codec // H264
	Frames  int         // 100; at most MaxNumber+1
	FPS     int         // 25
	GOP     int         // 25: key frame distance; Frames is a multiple of it
	BFrames int         // 0
	OpenGOP bool        // H.264: recovery points with leading pictures; H.265: CRA
	Refresh bool        // H.264: intra refresh, recovery points without I pictures
	Look    int         // another background and other parameter sets
}

// Sample is one encoded picture or audio frame.
type Sample struct {
	Data   []byte
	Number int // place in presentation order, and the number in the picture
	Sync   media.Sync
}

// Video is an encoded loop.
type Video struct {
	Spec    VideoSpec
	Track   media.Track // ID 1
	Samples []Sample    // in decode order
	Hashes  []string    // MD5 of the decoded picture by Number, as ffmpeg's framemd5 prints it
	Pixels  [][]byte    // luma of the decoded picture by Number
}

// Step is the ticks between pictures.
func (v *Video) Step() int64 { return int64(v.Track.Timescale) / int64(v.Spec.FPS) }

func (s VideoSpec) withDefaults() VideoSpec {
	if s.Codec == 0 {
		s.Codec = media.H264
	}
	if s.FPS == 0 {
		s.FPS = 25
	}
	if s.GOP == 0 {
		s.GOP = 25
	}
	if s.Frames == 0 {
		s.Frames = 100
	}
	return s
}

type encoded[T any] struct {
	once sync.Once
	v    T
	err  error
}

var (
	mu     sync.Mutex
	videos = map[VideoSpec]*encoded[*Video]{}
	sounds = map[SoundSpec]*encoded[*Sound]{}
)

func shared[K comparable, T any](m map[K]*encoded[T], k K, build func() (T, error)) (T, error) {
	mu.Lock()
	e := m[k]
	if e == nil {
		e = &encoded[T]{}
		m[k] = e
	}
	mu.Unlock()
	e.once.Do(func() { e.v, e.err = build() })
	return e.v, e.err
}

// NewVideo encodes a loop with ffmpeg, once a process for each spec.
func NewVideo(t testing.TB, spec VideoSpec) *Video {
	t.Helper()
	spec = spec.withDefaults()
	v, err := shared(videos, spec, func() (*Video, error) { return encodeVideo(spec) })
	if err != nil {
		t.Fatalf("encode %+v: %v", spec, err)
	}
	return v
}

func encodeVideo(spec VideoSpec) (*Video, error) {
	dir, err := os.MkdirTemp("", "qianshao-video-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	out := filepath.Join(dir, "v.mp4")
	args := []string{
		"-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", Width, Height),
		"-r", fmt.Sprint(spec.FPS), "-i", "-", "-an",
	}
	gop := fmt.Sprintf("keyint=%d:min-keyint=%d:scenecut=0:bframes=%d", spec.GOP, spec.GOP, spec.BFrames)
	switch spec.Codec {
	case media.H264:
		open := "open-gop=0"
		if spec.OpenGOP {
			open = "open-gop=1"
		}
		if spec.Refresh {
			open += ":intra-refresh=1"
		}
		profile := "high"
		if spec.Look > 0 {
			profile = "main" // other parameter sets
		}
		args = append(args, "-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p", "-profile:v", profile,
			"-x264-params", gop+":b-adapt=0:"+open)
	case media.H265:
		open := "open-gop=0"
		if spec.OpenGOP {
			open = "open-gop=1"
		}
		args = append(args, "-c:v", "libx265", "-preset", "superfast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
			"-x265-params", gop+":b-adapt=0:log-level=error:pools=1:frame-threads=1:"+open)
	case media.MJPEG:
		args = append(args, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4", "-threads", "1")
	}
	args = append(args, "-video_track_timescale", "90000", "-y", out)
	raw := make([]byte, spec.Frames*PictureSize)
	for i := range spec.Frames {
		Paint(raw[i*PictureSize:(i+1)*PictureSize], i, spec.Look)
	}
	if err := run(raw, nil, args...); err != nil {
		return nil, err
	}
	v := &Video{Spec: spec}
	if err := v.read(out); err != nil {
		return nil, err
	}
	var pixels bytes.Buffer
	err = run(nil, &pixels, "-v", "error", "-i", out, "-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough", "-")
	if err != nil {
		return nil, err
	}
	for p := range slices.Chunk(pixels.Bytes(), Width*Height) {
		v.Pixels = append(v.Pixels, p)
		sum := md5.Sum(p)
		v.Hashes = append(v.Hashes, hex.EncodeToString(sum[:]))
	}
	if len(v.Hashes) != spec.Frames || len(v.Samples) != spec.Frames {
		return nil, fmt.Errorf("%d samples and %d pictures came of %d", len(v.Samples), len(v.Hashes), spec.Frames)
	}
	return v, nil
}

func run(in []byte, out *bytes.Buffer, args ...string) error {
	cmd := exec.Command("ffmpeg", args...)
	var msg bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &msg
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(msg.String()))
	}
	return nil
}

// read takes the samples out of the encoder's file.
func (v *Video) read(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		return err
	}
	trak := f.Moov.Trak
	stbl := trak.Mdia.Minf.Stbl
	v.Track = media.Track{ID: 1, Codec: v.Spec.Codec, Timescale: 90000, Width: Width, Height: Height}
	switch v.Spec.Codec {
	case media.H264:
		c := stbl.Stsd.AvcX.AvcC
		v.Track.SPS, v.Track.PPS = c.SPSnalus, c.PPSnalus
	case media.H265:
		for _, a := range stbl.Stsd.HvcX.HvcC.NaluArrays {
			switch a.NaluType() {
			case 32:
				v.Track.VPS = a.Nalus
			case 33:
				v.Track.SPS = a.Nalus
			case 34:
				v.Track.PPS = a.Nalus
			}
		}
	}
	n := trak.GetNrSamples()
	pts := make([]int64, n)
	first := int64(1 << 62)
	for i := range n {
		dts, _ := stbl.Stts.GetDecodeTime(i + 1)
		pts[i] = int64(dts)
		if stbl.Ctts != nil {
			pts[i] += int64(stbl.Ctts.GetCompositionTimeOffset(i + 1))
		}
		first = min(first, pts[i])
	}
	step := v.Step()
	for i := range n {
		r, err := trak.GetRangesForSampleInterval(i+1, i+1)
		if err != nil {
			return err
		}
		data := b[r[0].Offset : r[0].Offset+r[0].Size]
		s := Sample{Number: int((pts[i] - first + step/2) / step), Sync: syncOf(v.Spec.Codec, data)}
		if s.Sync != media.NoSync && v.Spec.Codec != media.MJPEG {
			for _, sets := range [][][]byte{v.Track.VPS, v.Track.SPS, v.Track.PPS} {
				for _, nal := range sets {
					s.Data = append(s.Data, byte(len(nal)>>24), byte(len(nal)>>16), byte(len(nal)>>8), byte(len(nal)))
					s.Data = append(s.Data, nal...)
				}
			}
		}
		s.Data = append(s.Data, data...)
		v.Samples = append(v.Samples, s)
	}
	// The reorder delay: how far decode order runs ahead of presentation.
	for i, s := range v.Samples {
		v.Track.ReorderDelay = max(v.Track.ReorderDelay, uint32(int64(max(i-s.Number, 0))*step))
	}
	return nil
}

// syncOf tells the kind of a picture by its NAL units, with 4-byte lengths.
func syncOf(c media.Codec, data []byte) media.Sync {
	if c == media.MJPEG {
		return media.KeyFrame
	}
	kind := media.NoSync
	for len(data) > 4 {
		n := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
		nal := data[4 : 4+n]
		data = data[4+n:]
		if c == media.H264 {
			switch nal[0] & 0x1f {
			case 5:
				return media.KeyFrame
			case 6:
				if nal[1] == 6 {
					kind = media.RecoveryPoint
				}
			}
			continue
		}
		switch t := nal[0] >> 1 & 0x3f; {
		case t == 19 || t == 20:
			return media.KeyFrame
		case t >= 16 && t <= 21:
			return media.OpenKeyFrame
		}
	}
	return kind
}
