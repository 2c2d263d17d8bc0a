package picture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"runtime"
	"strings"
	"time"

	"qianshao/storage/media"
)

// Config of a Maker. The zero value is usable.
type Config struct {
	FFmpeg      string        // program; default "ffmpeg", looked up in PATH
	Concurrency int           // ffmpeg processes at a time; default half the processors, at least 1
	Timeout     time.Duration // of one ffmpeg process; default 15 s
	Wait        time.Duration // for a free process before ErrBusy; default 10 s
	CacheBytes  int           // of pictures kept in memory; default 64 MiB
}

// Maker makes pictures. Its methods may be called by many goroutines.
type Maker struct {
	cfg   Config
	slots chan struct{}
	cache cache
}

// New prepares a Maker. It starts nothing and looks for nothing: a missing
// ffmpeg is ErrNoFFmpeg when it is needed.
func New(cfg Config) *Maker {
	if cfg.FFmpeg == "" {
		cfg.FFmpeg = "ffmpeg"
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = max(1, runtime.NumCPU()/2)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.Wait <= 0 {
		cfg.Wait = 10 * time.Second
	}
	if cfg.CacheBytes <= 0 {
		cfg.CacheBytes = 64 << 20
	}
	return &Maker{cfg: cfg, slots: make(chan struct{}, cfg.Concurrency), cache: cache{limit: cfg.CacheBytes}}
}

// Forget drops all pictures that are kept: one of them may show what nobody shall see
// any more.
func (m *Maker) Forget() { m.cache.forget() }

// Sheet is a JPEG of equal tiles, row by row.
type Sheet struct {
	JPEG          []byte // shared: not to be changed
	Columns, Rows int
	TileW, TileH  int // pixels
}

// quality of the JPEGs, 1–100.
const quality = 85

// sheetColumns is how many tiles stand in a row.
const sheetColumns = 10

// Snapshot returns the picture as a JPEG of the given width in pixels, or of
// its own size when width is 0 or larger than that. The bytes are shared.
func (m *Maker) Snapshot(ctx context.Context, s *Shot, width int) ([]byte, error) {
	name := fmt.Sprintf("%s@%d", s.Name(), width)
	if got := m.cache.get(name); got != nil {
		return got.JPEG, nil
	}
	c, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	if c.track.Codec == media.MJPEG && (width <= 0 || width >= c.track.Width) {
		return c.data, nil // as the camera made it
	}
	w, h := fit(c.track, width)
	var out *Sheet
	err = m.inSlot(ctx, func() error {
		if out = m.cache.get(name); out != nil {
			return nil // made by another request while this one waited
		}
		img, err := m.one(ctx, c, w, h)
		if err != nil {
			return err
		}
		out, err = encode(img)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.cache.put(name, out)
	return out.JPEG, nil
}

// Sheet returns the pictures side by side, each as wide as given. A nil Shot,
// or one that cannot be decoded, gives a hatched tile. All must not be nil.
func (m *Maker) Sheet(ctx context.Context, shots []*Shot, tileW int) (*Sheet, error) {
	name := sheetName(shots, tileW)
	if got := m.cache.get(name); got != nil {
		return got, nil
	}
	loaded := map[string]*coded{}
	var first *coded
	for _, s := range shots {
		if s == nil || loaded[s.Name()] != nil {
			continue
		}
		c, err := s.load(ctx)
		if err != nil {
			return nil, err
		}
		loaded[s.Name()] = c
		if first == nil {
			first = c
		}
	}
	if first == nil {
		return nil, ErrNone
	}
	w, h := fit(first.track, tileW)
	var sheet *Sheet
	err := m.inSlot(ctx, func() error {
		if sheet = m.cache.get(name); sheet != nil {
			return nil
		}
		images, err := m.all(ctx, loaded, w, h)
		if err != nil {
			return err
		}
		sheet, err = compose(shots, images, w, h)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.cache.put(name, sheet)
	return sheet, nil
}

func sheetName(shots []*Shot, tileW int) string {
	var b strings.Builder
	for _, s := range shots {
		if s != nil {
			b.WriteString(s.Name())
		}
		b.WriteByte('|')
	}
	sum := sha256.Sum256([]byte(b.String()))
	return fmt.Sprintf("%s@%d", hex.EncodeToString(sum[:16]), tileW)
}

// inSlot runs make when few enough others run.
func (m *Maker) inSlot(ctx context.Context, make func() error) error {
	wait := time.NewTimer(m.cfg.Wait)
	defer wait.Stop()
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return ErrBusy
	}
	defer func() { <-m.slots }()
	return make()
}

// one decodes one key frame.
func (m *Maker) one(ctx context.Context, c *coded, w, h int) (*image.YCbCr, error) {
	images, err := m.decode(ctx, c.track.Codec, [][]byte{c.data}, w, h)
	if err != nil {
		return nil, err
	}
	return images[len(images)-1], nil
}

// all decodes key frames, those of one codec in one process.
func (m *Maker) all(ctx context.Context, loaded map[string]*coded, w, h int) (map[string]*image.YCbCr, error) {
	images := map[string]*image.YCbCr{}
	names := map[media.Codec][]string{}
	var single []string
	for name, c := range loaded {
		if c.run {
			single = append(single, name)
		} else {
			names[c.track.Codec] = append(names[c.track.Codec], name)
		}
	}
	for codec, list := range names {
		parts := make([][]byte, len(list))
		for i, name := range list {
			parts[i] = loaded[name].data
		}
		got, err := m.decode(ctx, codec, parts, w, h)
		if err != nil && !errors.Is(err, ErrUndecodable) {
			return nil, err
		}
		if err != nil || len(got) != len(list) {
			single = append(single, list...) // one of them is odd: find out which
			continue
		}
		for i, name := range list {
			images[name] = got[i]
		}
	}
	for _, name := range single {
		img, err := m.one(ctx, loaded[name], w, h)
		switch {
		case errors.Is(err, ErrUndecodable):
		case err != nil:
			return nil, err
		default:
			images[name] = img
		}
	}
	return images, nil
}

// fit is the size of a picture scaled down to a width, both even.
func fit(t *media.Track, width int) (w, h int) {
	w, h = t.Width, t.Height
	if w <= 0 || h <= 0 {
		w, h = 640, 360
	}
	if width > 0 && width < w {
		w, h = width, (h*width+w/2)/w
	}
	return max(w&^1, 2), max(h&^1, 2)
}

func encode(img image.Image) (*Sheet, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	size := img.Bounds().Size()
	return &Sheet{JPEG: b.Bytes(), Columns: 1, Rows: 1, TileW: size.X, TileH: size.Y}, nil
}

// compose lays the tiles out.
func compose(shots []*Shot, images map[string]*image.YCbCr, w, h int) (*Sheet, error) {
	columns := min(len(shots), sheetColumns)
	rows := (len(shots) + columns - 1) / columns
	all := image.NewYCbCr(image.Rect(0, 0, columns*w, rows*h), image.YCbCrSubsampleRatio420)
	for i := range all.Cb {
		all.Cb[i], all.Cr[i] = 128, 128
	}
	for i := range columns * rows {
		x, y := i%columns*w, i/columns*h
		var tile *image.YCbCr
		if i < len(shots) && shots[i] != nil {
			tile = images[shots[i].Name()]
		}
		if tile == nil {
			hatch(all, x, y, w, h, i < len(shots))
			continue
		}
		for r := range h {
			copy(all.Y[(y+r)*all.YStride+x:][:w], tile.Y[r*tile.YStride:])
		}
		for r := range h / 2 {
			copy(all.Cb[(y/2+r)*all.CStride+x/2:][:w/2], tile.Cb[r*tile.CStride:])
			copy(all.Cr[(y/2+r)*all.CStride+x/2:][:w/2], tile.Cr[r*tile.CStride:])
		}
	}
	sheet, err := encode(all)
	if err != nil {
		return nil, err
	}
	sheet.Columns, sheet.Rows, sheet.TileW, sheet.TileH = columns, rows, w, h
	return sheet, nil
}

// hatch draws a tile without a picture: diagonal stripes, or plain where no
// tile was asked for.
func hatch(img *image.YCbCr, x, y, w, h int, stripes bool) {
	for r := range h {
		row := img.Y[(y+r)*img.YStride+x:][:w]
		for c := range row {
			row[c] = 238
			if stripes && (r+c)%16 < 5 {
				row[c] = 200
			}
		}
	}
}
