package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ffmpeg runs the program with nothing but errors on its stderr and returns
// its stdout.
func ffmpeg(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	return run(ctx, stdin, "ffmpeg", append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y"}, args...)...)
}

func run(ctx context.Context, stdin io.Reader, name string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%s is needed to make this loop (install the package ffmpeg): %w", name, err)
		}
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// generate paints and encodes a loop. p is complete.
func generate(ctx context.Context, p Params) (*Video, error) {
	dir, err := os.MkdirTemp("", "qianshao-loop-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a leftover temporary folder hurts nobody
	out := filepath.Join(dir, "loop.mp4")
	if p.Codec == MJPEG {
		out = filepath.Join(dir, "loop.mjpeg")
	}
	args := []string{
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", p.Width, p.Height),
		"-r", strconv.Itoa(p.FPS), "-i", "pipe:0", "-an", "-threads", "2",
	}
	args = append(args, encoder(p)...)
	reader, writer := io.Pipe()
	go func() {
		s := newScene(p)
		for i := range p.frames() {
			if _, err := writer.Write(s.paint(i)); err != nil {
				return // ffmpeg ended; its own error says why
			}
		}
		_ = writer.Close() // an io.Pipe's Close cannot fail
	}()
	_, err = ffmpeg(ctx, reader, append(args, out)...)
	_ = reader.Close() // releases the painter, cannot fail
	if err != nil {
		return nil, fmt.Errorf("encode %dx%d %s: %w", p.Width, p.Height, p.Codec, err)
	}
	if p.Codec == MJPEG {
		return readMJPEG(out, p)
	}
	v, err := FromFile(ctx, out)
	if err != nil {
		return nil, err
	}
	if len(v.Units) != p.frames() {
		return nil, fmt.Errorf("encoder made %d of %d pictures", len(v.Units), p.frames())
	}
	for i := range v.Units { // its own banner would stand in every lap
		v.Units[i].NALs = withoutSEI(v.Codec, v.Units[i].NALs)
	}
	v.FPSNum, v.FPSDen, v.Coded = p.FPS, 1, true
	return v, nil
}

// encoder returns the settings of the codec. The rate is an average over the
// loop; bounds on short stretches would leave a third of it unused here.
func encoder(p Params) []string {
	rate, gop, b := strconv.Itoa(p.Bitrate), strconv.Itoa(p.gopFrames()), strconv.Itoa(p.BFrames)
	tune := ""
	if p.Tune != "" {
		tune = ":" + p.Tune
	}
	kbit := strconv.Itoa(max(1, p.Bitrate/1000))
	switch p.Codec {
	case H264:
		return []string{
			"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p",
			"-b:v", rate, "-g", gop, "-bf", b,
			"-x264-params", "keyint=" + gop + ":min-keyint=" + gop + ":scenecut=0:open-gop=0:b-adapt=0:b-pyramid=none" + tune,
		}
	case H265:
		return []string{
			"-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params",
			"bitrate=" + kbit + ":keyint=" + gop + ":min-keyint=" + gop +
				":scenecut=0:open-gop=0:bframes=" + b + ":b-adapt=0:b-pyramid=0:info=0:log-level=none:pools=2" + tune,
		}
	default: // MJPEG; standard Huffman tables, as RFC 2435 4.1 takes for granted
		return []string{
			"-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-threads", "1",
			"-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-qmax", "31", "-f", "mjpeg",
		}
	}
}

func withoutSEI(codec Codec, nals [][]byte) [][]byte {
	out := nals[:0]
	for _, n := range nals {
		if kind := nalType(codec, n); (codec == H264 && kind == 6 && !recovery(n)) || (codec == H265 && (kind == 39 || kind == 40)) {
			continue
		}
		out = append(out, n)
	}
	return out
}
