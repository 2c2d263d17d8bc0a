package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"time"

	"qianshao/storage/media"
)

// demuxers name the raw formats as ffmpeg does.
var demuxers = map[media.Codec]string{media.H264: "h264", media.H265: "hevc", media.MJPEG: "mjpeg"}

// maxPixels bounds what one process may give: a sheet of a hundred small tiles,
// or one picture of 16K.
const maxPixels = 160 << 20

// decode runs ffmpeg over parts in a row and returns its pictures, scaled to
// w × h (with bars where the shape differs), at least one. ErrUndecodable if
// there is none.
//
// The input comes from a camera, which nobody trusts: it is given as a pipe in
// a fixed raw format, so that no playlist or address in it is ever followed.
func (m *Maker) decode(ctx context.Context, codec media.Codec, parts [][]byte, w, h int) ([]*image.YCbCr, error) {
	format, ok := demuxers[codec]
	if !ok {
		return nil, fmt.Errorf("codec %s: %w", codec, ErrUndecodable)
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	scale := fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=full:out_color_matrix=bt601,"+
		"pad=%d:%d:-1:-1", w, h, w, h)
	cmd := exec.CommandContext(ctx, m.cfg.FFmpeg, "-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-threads", "1",
		"-f", format, "-i", "pipe:0", "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", scale,
		"-pix_fmt", "yuvj420p", "-f", "rawvideo", "-threads", "1", "pipe:1")
	cmd.WaitDelay = 2 * time.Second
	var msg tail
	out := &limited{left: maxPixels * 3 / 2}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(bytes.Join(parts, nil)), out, &msg
	err := cmd.Run()
	size := w * h * 3 / 2
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("decode key frame: %w", context.Cause(ctx))
	case out.b.Len() < size:
		return nil, fmt.Errorf("%w: %s", ErrUndecodable, msg.line())
	}
	// A damaged picture is still worth seeing: what came out counts, not the
	// exit code.
	var images []*image.YCbCr
	for raw := out.b.Bytes(); len(raw) >= size; raw = raw[size:] {
		y, c := w*h, w*h/4
		images = append(images, &image.YCbCr{
			Y: raw[:y:y], Cb: raw[y : y+c : y+c], Cr: raw[y+c : size : size],
			YStride: w, CStride: w / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
		})
	}
	return images, nil
}

// result is how an ffmpeg process went that was given an MP4.
type result struct {
	wrote error  // of who gave the MP4: also when ffmpeg had gone because it had all it wanted
	ended error  // of the process
	said  string // what it complained about
}

// fed runs ffmpeg over the MP4 that write gives; what comes out goes to out. The
// error says that it could not be started. Like decode it never follows an address.
func (m *Maker) fed(ctx context.Context, out io.Writer, write func(context.Context, io.Writer) error, args ...string) (result, error) {
	all := append([]string{"-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-threads", "1", "-f", "mp4", "-i", "pipe:0"}, args...)
	cmd := exec.CommandContext(ctx, m.cfg.FFmpeg, append(all, "pipe:1")...)
	cmd.WaitDelay = 2 * time.Second
	var msg tail
	cmd.Stdout, cmd.Stderr = out, &msg
	in, err := cmd.StdinPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
		}
		return result{}, err
	}
	var r result
	r.wrote = write(ctx, in)
	_ = in.Close() // ffmpeg may have gone
	r.ended = cmd.Wait()
	r.said = msg.line()
	return r, nil
}

// limited is a buffer that refuses more than it has room for.
type limited struct {
	b    bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, errors.New("too many pictures")
	}
	l.left -= len(p)
	return l.b.Write(p)
}

// tail keeps the first part of what a program complains about.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), 512-len(t.b))]...)
	return len(p), nil
}

func (t *tail) line() string {
	s, _, _ := strings.Cut(strings.TrimSpace(string(t.b)), "\n")
	return s
}
