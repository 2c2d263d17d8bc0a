package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"qianshao/storage/fmp4"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	// liveBuffer is how many samples a viewer may lag behind before it is cut
	// off: some seconds of video with sound.
	liveBuffer = 400
	// liveFirst is how long a viewer waits for a key frame, liveSilence for any
	// further picture.
	liveFirst   = 20 * time.Second
	liveSilence = 20 * time.Second
)

// live answers …/live.mp4: a fragmented MP4 that ends when the coding changes,
// the camera falls silent or the client is too slow; the client then asks again.
// Who asks for a socket has the same bytes through it.
func (h *Handler) live(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	audio := r.URL.Query().Get("audio")
	if audio != "" && audio != "play" && audio != "original" && audio != "none" {
		return badParam("audio", audio, "play, original or none")
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "video/mp4")
		return nil
	}
	if wantsSocket(r) {
		return h.liveSocket(w, r, audio)
	}
	v, err := h.view(r.Context(), a, audio)
	if err != nil {
		return err
	}
	defer v.sub.Close()
	w.Header().Set("Content-Type", v.mime)
	w.Header().Set("X-Media-Start", v.start.String())
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that gathers makes it late
	out := http.NewResponseController(w)
	err = v.run(r.Context(), func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		h.cfg.Log.Debug("live view ended", "stream", a.stream, "err", err)
	}
	return nil
}

// view begins to look at what a request is about, at a key frame. Who is done closes
// the viewer's sub.
func (h *Handler) view(ctx context.Context, a *asked, audio string) (*viewer, error) {
	sub := h.cfg.Live.Topic(a.stream).Subscribe(liveBuffer)
	first, rest, err := h.firstKey(ctx, a, sub)
	var v *viewer
	if err == nil {
		v, err = newViewer(first, audio)
	}
	if err != nil {
		sub.Close()
		return nil, err
	}
	v.sub, v.rest = sub, rest
	return v, nil
}

// firstKey waits for the picture to begin with. rest are samples that follow it
// already.
func (h *Handler) firstKey(ctx context.Context, a *asked, sub *live.Subscription) (first live.Sample, rest []live.Sample, err error) {
	if len(sub.Kept) > 0 {
		return sub.Kept[0], sub.Kept[1:], nil
	}
	wait := time.NewTimer(liveFirst)
	defer wait.Stop()
	for {
		select {
		case s, ok := <-sub.C:
			if !ok {
				return first, nil, errors.New("live: cut off before the first key frame")
			}
			if s.Track == 0 && s.Sync != media.NoSync {
				return s, nil, nil
			}
		case <-ctx.Done():
			return first, nil, ctx.Err()
		case <-wait.C:
			return first, nil, h.noLive(a)
		}
	}
}

// noLive says why a camera shows nothing now.
func (h *Handler) noLive(a *asked) error {
	s := h.cfg.Registry.State(a.stream)
	p := &Problem{
		Status: http.StatusServiceUnavailable, Code: "no_live_picture", retry: "10",
		Detail: fmt.Sprintf("no key frame came within %s; the stream is %s", liveFirst, s.Phase),
		Next:   "look at the camera's state; what was recorded before can be played from the timeline",
	}
	if s.Cause != "" {
		p.Detail += fmt.Sprintf(" (%s)", s.Cause)
	}
	if s.LastError != "" {
		p.Detail += ": " + s.LastError
	}
	return p
}

// viewer writes one session's samples as fragments.
type viewer struct {
	sub     *live.Subscription
	session *live.Session
	first   live.Sample
	rest    []live.Sample // that follow it already
	mime    string
	start   timeline.Micros // wall time of media time 0
	tracks  []media.Track   // that are sent
	place   []int           // of the session's tracks in tracks; -1: not sent
	base    []int64         // of the session's tracks: media tick = tick − base
	flac    bool            // what G.711 becomes
	end     []int64         // of what was put into each of tracks, media ticks
	silent  []int64         // to where silence was put into each of tracks
	seq     uint32
	b       []byte
	runs    []fmp4.Run
	data    [][][]byte // of the runs
}

func newViewer(first live.Sample, audio string) (*viewer, error) {
	v := &viewer{session: first.Session, first: first, flac: audio != "original"}
	video := &first.Session.Tracks[0]
	var codecs []string
	for i := range first.Session.Tracks {
		t := &first.Session.Tracks[i]
		v.base = append(v.base, first.Tick*int64(t.Timescale)/int64(video.Timescale))
		if i > 0 && audio == "none" {
			v.place = append(v.place, -1)
			continue
		}
		v.place = append(v.place, len(v.tracks))
		v.tracks = append(v.tracks, *t)
		codecs = append(codecs, v.codecOf(t))
	}
	v.mime = fmt.Sprintf(`video/mp4; codecs="%s"`, strings.Join(codecs, ", "))
	v.start = first.Wall - timeline.Micros(int64(first.CTS)*1_000_000/int64(video.Timescale))
	v.runs = make([]fmp4.Run, len(v.tracks))
	v.data = make([][][]byte, len(v.tracks))
	v.end, v.silent = make([]int64, len(v.tracks)), make([]int64, len(v.tracks))
	var err error
	v.b, err = fmp4.AppendInitWith(nil, v.tracks, 0, v.entry)
	return v, err
}

// run writes until the session ends, the stream is silent, the viewer was cut
// off or ctx is done. write also flushes.
func (v *viewer) run(ctx context.Context, write func([]byte) error) error {
	v.add(v.first)
	for _, s := range v.rest {
		v.add(s)
	}
	v.first, v.rest = live.Sample{}, nil
	if err := v.flush(write); err != nil {
		return err
	}
	silence := time.NewTimer(liveSilence)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-silence.C:
			return errors.New("the stream is silent")
		case s, ok := <-v.sub.C:
			// Whatever is there already goes into the same fragment.
			for more := true; more; {
				if !ok {
					return errors.New("the client is too slow")
				}
				if s.Session != v.session {
					return errors.Join(v.flush(write), errors.New("the coding changed"))
				}
				v.add(s)
				select {
				case s, ok = <-v.sub.C:
				default:
					more = false
				}
			}
			silence.Reset(liveSilence)
		}
		if err := v.flush(write); err != nil {
			return err
		}
	}
}

// add takes a sample into the fragment.
func (v *viewer) add(s live.Sample) {
	p := v.place[s.Track]
	if p < 0 {
		return
	}
	tick := s.Tick - v.base[s.Track]
	if tick < v.silent[p] {
		return // sound before the first picture, or where silence was put
	}
	v.put(p, tick, s.Dur, v.coded(p, tick, s.Data))
	if s.Track == 0 {
		run := &v.runs[p]
		run.CTS = append(run.CTS, s.CTS)
		run.Kinds = append(run.Kinds, uint8(s.Sync))
		v.fillSilence(tick)
	}
}

// put takes what is sent as a sample of a track into the fragment.
func (v *viewer) put(p int, tick int64, dur uint32, data []byte) {
	run := &v.runs[p]
	if n := len(run.Sizes); n == 0 {
		run.TrackID, run.FirstTick = v.tracks[p].ID, tick
	} else {
		// A sample lasts to the next one, also where one between was lost.
		end := run.FirstTick
		for _, d := range run.Durs[:n-1] {
			end += int64(d)
		}
		run.Durs[n-1] = uint32(max(tick-end, 1))
	}
	run.Sizes = append(run.Sizes, uint32(len(data)))
	run.Durs = append(run.Durs, dur)
	v.data[p] = append(v.data[p], data)
	v.end[p] = tick + int64(dur)
}

// flush writes the fragment, if there is anything in it.
func (v *viewer) flush(write func([]byte) error) error {
	samples := 0
	for i := range v.runs {
		samples += len(v.runs[i].Sizes)
	}
	if samples == 0 {
		return nil
	}
	v.seq++
	v.b, _ = fmp4.AppendMoof(v.b, v.seq, v.runs)
	for p := range v.data {
		for _, d := range v.data[p] {
			v.b = append(v.b, d...)
		}
		clear(v.data[p])
		v.data[p] = v.data[p][:0]
		r := &v.runs[p]
		r.Sizes, r.Durs, r.CTS, r.Kinds = r.Sizes[:0], r.Durs[:0], r.CTS[:0], r.Kinds[:0]
	}
	err := write(v.b)
	v.b = v.b[:0]
	return err
}
