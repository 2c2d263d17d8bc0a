package loop

import (
	"context"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// embedded holds the demo's loops under the same names as the cache folder.
//
//go:embed embedded
var embedded embed.FS

// ErrCorrupt is returned for a loop file that does not hold what it says.
var ErrCorrupt = errors.New("loop file is damaged")

const magic = "QSLOOP1\n"

// container is a loop file: magic, the length of the header (u32 big-endian),
// the header as JSON, then all pieces one behind the other.
type container struct {
	Video *Video `json:",omitempty"` // Units without NALs
	Audio *Audio `json:",omitempty"` // without Frames
	Sizes [][]int
}

func (c container) encode(pieces func(yield func([]byte))) ([]byte, error) {
	head, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(head)))
	out = append(out, head...)
	pieces(func(b []byte) { out = append(out, b...) })
	return out, nil
}

// decode reads a loop file and calls take for every piece: unit, bytes.
func decode(b []byte, take func(c *container, unit int, piece []byte)) (*container, error) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, ErrCorrupt
	}
	b = b[len(magic):]
	n := int64(binary.BigEndian.Uint32(b))
	b = b[4:]
	if n > int64(len(b)) {
		return nil, ErrCorrupt
	}
	c := &container{}
	if err := json.Unmarshal(b[:n], c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	b = b[n:]
	if c.Video != nil && len(c.Video.Units) != len(c.Sizes) || c.Video == nil && c.Audio == nil {
		return nil, ErrCorrupt
	}
	for unit, sizes := range c.Sizes {
		for _, size := range sizes {
			if size < 0 || size > len(b) {
				return nil, ErrCorrupt
			}
			take(c, unit, b[:size:size])
			b = b[size:]
		}
	}
	return c, nil
}

func encodeVideo(v *Video) ([]byte, error) {
	bare := *v
	bare.Units = make([]Unit, len(v.Units))
	c := container{Video: &bare}
	for i, u := range v.Units {
		bare.Units[i] = Unit{Key: u.Key, Display: u.Display}
		sizes := make([]int, len(u.NALs))
		for k, n := range u.NALs {
			sizes[k] = len(n)
		}
		c.Sizes = append(c.Sizes, sizes)
	}
	return c.encode(func(yield func([]byte)) {
		for _, u := range v.Units {
			for _, n := range u.NALs {
				yield(n)
			}
		}
	})
}

func decodeVideo(b []byte) (*Video, error) {
	c, err := decode(b, func(c *container, unit int, piece []byte) {
		if c.Video != nil {
			c.Video.Units[unit].NALs = append(c.Video.Units[unit].NALs, piece)
		}
	})
	if err != nil {
		return nil, err
	}
	v := c.Video
	if v == nil || len(v.Units) == 0 || v.FPSNum < 1 || v.FPSDen < 1 || !v.Units[0].Key {
		return nil, ErrCorrupt
	}
	return v, nil
}

func encodeAudio(a *Audio) ([]byte, error) {
	bare := *a
	bare.Frames = nil
	c := container{Audio: &bare}
	for _, f := range a.Frames {
		c.Sizes = append(c.Sizes, []int{len(f)})
	}
	return c.encode(func(yield func([]byte)) {
		for _, f := range a.Frames {
			yield(f)
		}
	})
}

func decodeAudio(b []byte) (*Audio, error) {
	c, err := decode(b, func(c *container, _ int, piece []byte) {
		if c.Audio != nil {
			c.Audio.Frames = append(c.Audio.Frames, piece)
		}
	})
	if err != nil {
		return nil, err
	}
	if c.Audio == nil || len(c.Audio.Frames) == 0 || c.Audio.Rate < 1 || c.Audio.FrameSamples < 1 {
		return nil, ErrCorrupt
	}
	return c.Audio, nil
}

// making lets only one goroutine of the process make loops at a time; encoders
// use all cores anyway.
var making sync.Mutex

// Load returns the loop: embedded, from the cache folder, or made now, which
// takes some seconds and needs ffmpeg.
func Load(ctx context.Context, p Params) (*Video, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	return cached(p.hash(), decodeVideo, encodeVideo, func() (*Video, error) { return generate(ctx, p) })
}

func cached[T any](name string, read func([]byte) (*T, error), write func(*T) ([]byte, error), produce func() (*T, error)) (*T, error) {
	name += ".loop"
	if b, err := embedded.ReadFile("embedded/" + name); err == nil {
		return read(b)
	}
	base, err := os.UserCacheDir()
	if err != nil { // no home folder: a service account
		base = os.TempDir()
	}
	dir := filepath.Join(base, "qianshao", "loops")
	making.Lock()
	defer making.Unlock()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err == nil {
		if v, err := read(b); err == nil {
			return v, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cached loop: %w", err)
	}
	v, err := produce()
	if err != nil {
		return nil, err
	}
	if b, err = write(v); err != nil {
		return nil, err
	}
	if err := publish(dir, name, b); err != nil {
		return nil, fmt.Errorf("cache loop: %w", err)
	}
	return v, nil
}

// publish writes a file under its final name in one step. It is not synced: a
// loop lost to a power cut is made again.
func publish(dir, name string, b []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
