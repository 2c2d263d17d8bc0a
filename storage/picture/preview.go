package picture

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Preview is what a preview is made of, and how.
type Preview struct {
	Width int  // pixels at most; smaller pictures keep their size
	Sound bool // there is a track of sound: it becomes FLAC, 16 kHz, one channel
	// Write gives the MP4, as for First.
	Write func(context.Context, io.Writer) error
}

// Codecs of a preview, as RFC 6381 writes them.
const (
	PreviewVideo = "avc1.4D4028"
	PreviewSound = "flac"
)

// previewTime bounds the making of one preview.
const previewTime = time.Minute

// Preview writes an MP4 for browsers that do not play what the camera sends: H.264 in
// fragments of half a second, which go out as they are made. Its first frame is that
// which a player would show first, at time 0, and the others keep their times.
//
// Errors: ErrBusy, ErrNoFFmpeg, ErrUndecodable, or what Write or out say; some of the
// MP4 may have been written by then.
func (m *Maker) Preview(ctx context.Context, out io.Writer, p Preview) error {
	return m.inSlot(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, previewTime)
		defer cancel()
		args := []string{
			"-map", "0:v:0", "-vf", fmt.Sprintf("scale=w='trunc(min(%d,iw)/2)*2':h=-2", p.Width), "-fps_mode", "passthrough", "-pix_fmt", "yuv420p",
			"-c:v", "libx264", "-profile:v", "main", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "27", "-g", "50", "-threads", "1",
		}
		if p.Sound {
			args = append(args, "-map", "0:a:0", "-c:a", "flac", "-ar", "16000", "-ac", "1", "-strict", "-2")
		}
		args = append(args, "-video_track_timescale", "90000", "-movflags", "empty_moov+default_base_moof+frag_keyframe+skip_trailer", "-frag_duration", "500000", "-f", "mp4")
		r, err := m.fed(ctx, out, p.Write, args...)
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("make preview: %w", context.Cause(ctx))
		case r.ended != nil && r.said != "":
			return fmt.Errorf("%w: %s", ErrUndecodable, r.said)
		case r.ended != nil:
			return fmt.Errorf("make preview: %w", r.ended)
		case r.wrote != nil:
			return fmt.Errorf("make preview: %w", r.wrote)
		}
		return nil
	})
}
