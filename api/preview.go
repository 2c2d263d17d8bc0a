package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"qianshao/api/clip"
	"qianshao/storage/picture"
	"qianshao/storage/timeline"
)

// maxPreview is the longest window of one preview: a player asks for the next while
// one plays.
const maxPreview = timeline.Minute

// preview answers …/preview.mp4: a window, coded anew for browsers that do not play what
// the camera sends.
func (h *Handler) preview(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	if a.span.Len() > maxPreview {
		return badParam("to", r.URL.Query().Get("to"), fmt.Sprintf("at most %d s after from; ask for the next while one plays", maxPreview/timeline.Second))
	}
	width, err := number(r.URL.Query(), "width", 960, 32, 1920)
	if err != nil {
		return err
	}
	f, err := clip.Plan(r.Context(), h.cfg.Archive, a.stream, clip.Params{Span: a.span})
	if err != nil {
		return err
	}
	codecs := []string{picture.PreviewVideo}
	if f.Sound() {
		codecs = append(codecs, picture.PreviewSound)
	}
	out := &begun{w: w, header: func(to http.Header) {
		to.Set("Content-Type", mime.FormatMediaType("video/mp4", map[string]string{"codecs": strings.Join(codecs, ",")}))
		to.Set("X-Clip-From", f.Info.From.String())
		to.Set("X-Clip-To", f.Info.To.String())
		to.Set("Cache-Control", "no-store")
	}}
	if r.Method == http.MethodHead {
		out.header(w.Header())
		return nil
	}
	err = h.cfg.Pictures.Preview(r.Context(), out, picture.Preview{Width: width, Sound: f.Sound(), Write: func(ctx context.Context, to io.Writer) error {
		return f.WriteRange(ctx, to, 0, f.Size())
	}})
	if err != nil && out.some {
		if r.Context().Err() == nil { // else the player went elsewhere
			h.cfg.Log.Warn("a preview broke off", "camera", a.camera.ID, "err", err)
		}
		panic(http.ErrAbortHandler) // nobody takes a part for the whole
	}
	return err
}

// begun is an answer whose header goes out with its first bytes: until then it can
// become a problem.
type begun struct {
	w      http.ResponseWriter
	header func(http.Header)
	some   bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.some {
		b.some = true
		b.header(b.w.Header())
	}
	n, err := b.w.Write(p)
	if err == nil {
		err = http.NewResponseController(b.w).Flush()
	}
	return n, err
}
