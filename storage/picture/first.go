package picture

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
	out := &limited{left: maxStill}
	r, err := m.fed(ctx, out, write, "-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe")
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, fmt.Errorf("decode frame: %w", context.Cause(ctx))
	case out.b.Len() == 0 && r.wrote != nil:
		return nil, fmt.Errorf("decode frame: %w", r.wrote)
	case !bytes.HasPrefix(out.b.Bytes(), []byte{0xff, 0xd8}):
		return nil, fmt.Errorf("%w: %s", ErrUndecodable, r.said)
	}
	return out.b.Bytes(), nil // what came out counts, not the exit code
}
