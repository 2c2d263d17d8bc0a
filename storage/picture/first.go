package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"time"
)

// maxStill bounds a JPEG of a whole frame.
const maxStill = 64 << 20

// First returns the first frame that a player would show of an MP4, in its own size,
// as a JPEG. Name names the frame for good; write gives the MP4, which comes from our
// own hands (its samples from a camera), and may be cut short once the frame is
// there. The bytes are shared.
func (m *Maker) First(ctx context.Context, name string, write func(context.Context, io.Writer) error) ([]byte, error) {
	if got := m.cache.get(name); got != nil {
		return got.JPEG, nil
	}
	var out []byte
	err := m.inSlot(ctx, func() (err error) {
		out, err = m.first(ctx, write)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.cache.put(name, &Sheet{JPEG: out, Columns: 1, Rows: 1})
	return out, nil
}

func (m *Maker) first(ctx context.Context, write func(context.Context, io.Writer) error) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.cfg.FFmpeg, "-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-threads", "1",
		"-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe", "pipe:1")
	cmd.WaitDelay = 2 * time.Second
	var msg tail
	out := &limited{left: maxStill}
	cmd.Stdout, cmd.Stderr = out, &msg
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
		}
		return nil, err
	}
	fed := write(ctx, in)
	_ = in.Close() // ffmpeg may have gone: it has what it wants
	_ = cmd.Wait() // what came out counts, not the exit code
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("decode frame: %w", context.Cause(ctx))
	case out.b.Len() == 0 && fed != nil:
		return nil, fmt.Errorf("decode frame: %w", fed)
	case !bytes.HasPrefix(out.b.Bytes(), []byte{0xff, 0xd8}):
		return nil, fmt.Errorf("%w: %s", ErrUndecodable, msg.line())
	}
	return out.b.Bytes(), nil
}
