package api

import (
	"errors"
	"net/http"

	"qianshao/api/clip"
)

// clip answers …/clip.mp4.
func (h *Handler) clip(w http.ResponseWriter, r *http.Request) error { return h.file(w, r, clip.Clip) }

// play answers …/play.mp4.
func (h *Handler) play(w http.ResponseWriter, r *http.Request) error { return h.file(w, r, clip.Play) }

// playlist answers …/playlist.m3u8.
func (h *Handler) playlist(w http.ResponseWriter, r *http.Request) error {
	return h.file(w, r, clip.Playlist)
}

// file answers a virtual file of package clip.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, kind clip.Kind) error {
	a := askedOf(r.Context())
	p, err := clip.ParseParams(kind, r.URL.Query())
	if err != nil {
		return err
	}
	p.Name = a.camera.DeviceID
	f, err := clip.Plan(r.Context(), h.cfg.Archive, a.stream, p)
	if err != nil {
		return err
	}
	return f.Serve(w, r)
}

// clipProblem is the answer for an error of package clip, nil for others.
func (h *Handler) clipProblem(err error) *Problem {
	var none *clip.NoFootageError
	var gap *clip.GapError
	switch {
	case errors.As(err, &none):
		return noFootage(err.Error(), none.Before, none.After)
	case errors.As(err, &gap):
		return &Problem{
			Status: http.StatusUnprocessableEntity, Code: "gap_too_long", Detail: err.Error(), Gap: &gap.Gap,
			Next: "ask with gaps=join, or for the windows before and after the gap",
		}
	case errors.Is(err, clip.ErrNoKeyFrame):
		return &Problem{
			Status: http.StatusUnprocessableEntity, Code: "no_key_frame", Detail: err.Error(),
			Next: "ask for a longer window",
		}
	case errors.Is(err, clip.ErrTooLong):
		return &Problem{
			Status: http.StatusUnprocessableEntity, Code: "window_too_long", Detail: err.Error(),
			Next: "ask for several shorter windows",
		}
	case errors.Is(err, clip.ErrGone):
		return &Problem{
			Status: http.StatusGone, Code: "gone", Detail: err.Error(), Next: "ask again without as_of",
		}
	case errors.Is(err, clip.ErrBadParam):
		return &Problem{
			Status: http.StatusBadRequest, Code: "bad_parameter", Detail: err.Error(),
			Next: "correct the parameter; /openapi.json lists them all",
		}
	case errors.Is(err, clip.ErrPrecondition):
		return &Problem{
			Status: http.StatusPreconditionFailed, Code: "changed", Detail: err.Error(), Next: "ask again without If-Match",
		}
	case errors.Is(err, clip.ErrBadRange):
		return &Problem{
			Status: http.StatusRequestedRangeNotSatisfiable, Code: "bad_range", Detail: err.Error(),
			Next: "ask for one range inside the file",
		}
	}
	return nil
}
