package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"qianshao/api/clip"
	"qianshao/storage/picture"
	"qianshao/storage/timeline"
)

// snapshot answers …/snapshot.jpg: the last key frame at a moment, or of all.
func (h *Handler) snapshot(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	width, err := number(r.URL.Query(), "width", 0, 32, 7680)
	if err != nil {
		return err
	}
	var shot *picture.Shot
	if a.at == 0 {
		shot, err = picture.Newest(r.Context(), h.cfg.Archive, a.stream, a.now)
	} else {
		shot, err = picture.Find(r.Context(), h.cfg.Archive, a.stream, a.at)
	}
	if errors.Is(err, picture.ErrNone) {
		return h.nothingAt(r, a)
	}
	if err != nil {
		return err
	}
	w.Header().Set("X-Picture-Time", shot.At.String())
	if tagged(w, r, fmt.Sprintf(`"p1-%s-%d"`, shot.Name(), width)) {
		return nil
	}
	b, err := h.cfg.Pictures.Snapshot(r.Context(), shot, width)
	if err != nil {
		return err
	}
	return h.jpeg(w, r, b)
}

// maxStill is the longest window that a still is looked for in.
const maxStill = 10 * timeline.Second

// still answers …/still.jpg: the first frame of the clip of a window, in its own size,
// with its time and the hash of what is sent.
func (h *Handler) still(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	if a.span.Len() > maxStill {
		return badParam("to", r.URL.Query().Get("to"), fmt.Sprintf("at most %d s after from: the first frame in between is shown", maxStill/timeline.Second))
	}
	f, err := clip.Plan(r.Context(), h.cfg.Archive, a.stream, clip.Params{Span: a.span, Gaps: clip.Join, Audio: clip.NoAudio})
	if err != nil {
		return err
	}
	w.Header().Set("X-Picture-Time", f.Info.From.String())
	if tagged(w, r, `"t1-`+shortHash(f.ETag())+`"`) {
		return nil
	}
	b, err := h.cfg.Pictures.First(r.Context(), "still "+f.ETag(), func(ctx context.Context, to io.Writer) error {
		return f.WriteRange(ctx, to, 0, f.Size())
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	w.Header().Set("X-Picture-SHA256", hex.EncodeToString(sum[:]))
	name := fmt.Sprintf("%s_%s.jpg", a.camera.DeviceID, f.Info.From.Time().Format("20060102T150405.000Z"))
	w.Header().Set("Content-Disposition", "inline; filename="+strconv.Quote(name))
	return h.jpeg(w, r, b)
}

// sprite answers …/sprite.jpg: key frames spread evenly over a window.
func (h *Handler) sprite(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	n, err := number(r.URL.Query(), "n", 60, 1, 200)
	if err != nil {
		return err
	}
	width, err := number(r.URL.Query(), "width", 160, 32, 480)
	if err != nil {
		return err
	}
	if a.span.Len() > 31*timeline.Day {
		return badParam("to", r.URL.Query().Get("to"), "a window of at most 31 days")
	}
	at := make([]timeline.Micros, n)
	for i := range at { // the middle of each part
		at[i] = a.span.From + a.span.Len()/timeline.Micros(n)*timeline.Micros(i) + a.span.Len()/timeline.Micros(2*n)
	}
	shots, err := picture.FindAll(r.Context(), h.cfg.Archive, a.stream, at)
	if err != nil {
		return err
	}
	times, name, some := make([]string, n), make([]string, n), false
	for i, s := range shots {
		if s != nil {
			times[i], name[i], some = s.At.String(), s.Name(), true
		}
	}
	if !some {
		return h.nothingAt(r, a)
	}
	header := w.Header()
	header.Set("X-Sprite-Times", strings.Join(times, ","))
	sheet, err := h.cfg.Pictures.Sheet(r.Context(), shots, width)
	if err != nil {
		return err
	}
	header.Set("X-Sprite-Columns", strconv.Itoa(sheet.Columns))
	header.Set("X-Sprite-Tile", fmt.Sprintf("%dx%d", sheet.TileW, sheet.TileH))
	if tagged(w, r, `"s1-`+shortHash(strings.Join(name, "|"), strconv.Itoa(width))+`"`) {
		return nil
	}
	return h.jpeg(w, r, sheet.JPEG)
}

// tagged sets the ETag of a picture and answers 304 if the client has it. The
// client asks every time: whether it may see the picture is asked every time.
func tagged(w http.ResponseWriter, r *http.Request, tag string) bool {
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", privately)
	if !holds(r.Header.Get("If-None-Match"), tag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// privately is the caching of what depends on who asks: kept, but asked for every time.
const privately = "private, no-cache"

// holds reports whether a client has what a tag stands for (RFC 9110 §13.1.2).
func holds(ifNoneMatch, tag string) bool {
	for have := range strings.SplitSeq(ifNoneMatch, ",") {
		if have = strings.TrimSpace(have); have == tag || have == "W/"+tag || have == "*" {
			return true
		}
	}
	return false
}

func (h *Handler) jpeg(w http.ResponseWriter, r *http.Request, b []byte) error {
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(b); err != nil {
		h.cfg.Log.Debug("picture not delivered", "path", r.URL.Path, "err", err)
	}
	return nil
}

// nothingAt is the answer where there is no footage, with the nearest.
func (h *Handler) nothingAt(r *http.Request, a *asked) error {
	before, after, err := h.cfg.Archive.Index.Nearest(r.Context(), a.stream, a.span)
	if err != nil {
		return err
	}
	for _, f := range h.cfg.Archive.Spool.OpenFiles(a.stream) {
		foot := f.Snapshot()
		if foot == nil {
			continue
		}
		s := foot.Span()
		if s.To <= a.span.From && (before == nil || s.To > before.To) {
			before = &s
		}
		if s.From >= a.span.To && (after == nil || s.From < after.From) {
			after = &s
		}
	}
	if a.at == 0 && a.span.Len() == 1 {
		return noFootage("the camera has no footage yet", before, after)
	}
	return noFootage(fmt.Sprintf("no footage from %s to %s", a.span.From, a.span.To), before, after)
}
