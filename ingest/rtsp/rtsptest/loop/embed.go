package loop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// SubStream returns the parameters of the small second stream that goes with p.
func SubStream(p Params) Params {
	return Params{Width: 320, Height: 180, FPS: p.FPS, GOP: p.GOP, Seconds: p.Seconds, Bitrate: 150_000}
}

// WriteEmbedded makes the loops that are built into the binary (the default
// Params, their sub-stream, AAC and Opus) and writes them into dir. Loops of
// the same name that are embedded already are not looked at.
func WriteEmbedded(ctx context.Context, dir string) error {
	files := map[string][]byte{}
	for _, p := range []Params{{}, SubStream(Params{})} {
		p, err := p.withDefaults()
		if err != nil {
			return err
		}
		v, err := generate(ctx, p)
		if err != nil {
			return err
		}
		if files[p.hash()], err = encodeVideo(v); err != nil {
			return err
		}
	}
	for _, codec := range []Codec{AAC, Opus} {
		a, err := generateAudio(ctx, codec)
		if err != nil {
			return err
		}
		if files[audioName(codec)], err = encodeAudio(a); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.loop"))
	if err != nil {
		return err
	}
	for _, name := range old {
		err = errors.Join(err, os.Remove(name))
	}
	for name, b := range files {
		err = errors.Join(err, publish(dir, name+".loop", b))
	}
	return err
}
