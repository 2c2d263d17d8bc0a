package api

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"qianshao/registry"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	// maxTimeline is the longest window of a timeline; at a row a minute a year
	// is half a million.
	maxTimeline = 400 * timeline.Day
	maxBuckets  = 10_000
	// underWay is how old the newest durable footage of a working stream may be
	// without that being a gap: a fragment, its sync, and some patience.
	underWay = 10 * timeline.Second
)

// Coverage is exported for the JSON library, which looks into it. It is what there is of a stream in a window, and what is not.
type Coverage struct {
	Covered []timeline.Span `json:"covered" doc:"footage; half-open, ascending"`
	Gaps    []timeline.Gap  `json:"gaps" doc:"time in which the camera was to be recorded and was not, each with its cause"`
	// Until is where the answer ends: nothing is said about the future, nor
	// about footage that is on its way to the disk.
	Until timeline.Micros `json:"until" format:"date-time" doc:"the answer holds up to here: now, or where footage is on its way to the disk"`
	Clock
}

// Clock is exported for the JSON library. It is how the camera's clock stood in a
// window, as its footage says, which knows it once a segment is sealed.
type Clock struct {
	Offset   *float64      `json:"clock_offset_ms" doc:"the camera's clock minus the server's, as last measured in the window; null: not measured in it"`
	OffsetBy *float64      `json:"clock_uncertainty_ms" doc:"how wrong it may be either way"`
	Offsets  []clockOffset `json:"clock_offsets" doc:"when it was measured: ascending; a new one where the clock was set, or has drifted by a tenth of a second"`
}

// clockOffset is a stretch of footage in which the clock stood as it did.
type clockOffset struct {
	From timeline.Micros `json:"from" format:"date-time"`
	To   timeline.Micros `json:"to" format:"date-time"`
	Off  float64         `json:"offset_ms"`
	By   float64         `json:"uncertainty_ms" doc:"whatever was measured lies so near to the offset"`
}

func clockOf(c index.CameraClock) Clock {
	out := Clock{Offsets: []clockOffset{}}
	ms := func(us int64) float64 { return float64(us) / 1000 }
	for _, x := range c.Spans {
		out.Offsets = append(out.Offsets, clockOffset{x.From, x.To, ms(x.Off), ms(x.Unc)})
	}
	if len(c.Spans) > 0 {
		out.Offset, out.OffsetBy = new(ms(c.Off)), new(ms(c.Unc))
	}
	return out
}

// coverage answers for a window of a stream, up to now.
func (h *Handler) coverage(ctx context.Context, stream media.StreamID, window timeline.Span, now timeline.Micros) (Coverage, error) {
	list, err := h.coverageOf(ctx, []media.StreamID{stream}, window, now)
	if err != nil {
		return Coverage{}, err
	}
	return list[0], nil
}

// coverageOf is coverage of several streams, in their order.
func (h *Handler) coverageOf(ctx context.Context, streams []media.StreamID, window timeline.Span, now timeline.Micros) ([]Coverage, error) {
	out := make([]Coverage, len(streams))
	for i := range out {
		out[i] = Coverage{Covered: []timeline.Span{}, Gaps: []timeline.Gap{}, Until: max(window.From, min(window.To, now)), Clock: clockOf(index.CameraClock{})}
	}
	window.To = min(window.To, now)
	if window.Empty() {
		return out, nil
	}
	open := make([][]timeline.Span, len(streams))
	for i, s := range streams {
		for _, f := range h.cfg.Archive.Spool.OpenFiles(s) { // before the rows: a file leaves the list after its row came
			if foot := f.Snapshot(); foot != nil {
				open[i] = append(open[i], foot.Span())
			}
		}
	}
	var enrolled map[media.StreamID][]timeline.Span
	var evidence *index.Evidence
	g, asking := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		enrolled, err = h.cfg.Registry.EnrolledOf(asking, streams)
		return err
	})
	g.Go(func() (err error) {
		evidence, err = h.cfg.Archive.Index.Evidence(asking, streams, window)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, s := range streams {
		covered, gaps := evidence.Gaps(s, enrolled[s], open[i]...)
		if n := len(gaps); n > 0 && window.To == now && gaps[n-1].To == now && gaps[n-1].Len() <= underWay && h.recording(s) {
			out[i].Until = gaps[n-1].From
			gaps = gaps[:n-1]
		}
		out[i].Covered = append(out[i].Covered, covered...)
		out[i].Gaps = append(out[i].Gaps, gaps...)
		out[i].Clock = clockOf(evidence.Clock(s))
	}
	return out, nil
}

// recording reports whether footage of a stream arrives at this moment.
func (h *Handler) recording(stream media.StreamID) bool {
	p := h.cfg.Registry.State(stream).Phase
	return p == registry.Streaming || p == registry.Degraded
}

type timelineIn struct {
	ID      string `path:"id" doc:"our id, carrier:device, or a device id that one carrier alone uses"`
	From    string `query:"from" required:"true" doc:"RFC 3339; a space where an unescaped + stood is accepted" example:"2026-11-23T09:00:00+08:00"`
	To      string `query:"to" required:"true" doc:"RFC 3339, after from" example:"2026-11-23T10:00:00+08:00"`
	Stream  string `query:"stream" enum:"main,sub,sub2" doc:"default main"`
	Bucket  int    `query:"bucket_s" minimum:"1" maximum:"31622400" doc:"also count the footage in buckets of so many seconds; holes and gaps shorter than that are then left out of covered and gaps"`
	Viewing string `query:"viewing" maxLength:"128" doc:"reserved: the viewing this belongs to"`
}

type bucketJSON struct {
	From    timeline.Micros `json:"from" format:"date-time"`
	Covered float64         `json:"covered" doc:"share of the bucket that is footage, 0 to 1"`
}

type timelineOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Camera media.CameraID  `json:"camera"`
		Stream string          `json:"stream" enum:"main,sub,sub2"`
		From   timeline.Micros `json:"from" format:"date-time"`
		To     timeline.Micros `json:"to" format:"date-time"`
		Coverage
		Buckets []bucketJSON `json:"buckets,omitempty" doc:"with bucket_s: from from to until"`
	}
}

// timeline answers …/timeline.
func (h *Handler) timeline(ctx context.Context, a *asked, in *timelineIn) (*timelineOut, error) {
	if a.span.Len() > maxTimeline {
		return nil, badParam("to", in.To, fmt.Sprintf("a window of at most %d days", maxTimeline/timeline.Day))
	}
	width := timeline.Micros(in.Bucket) * timeline.Second
	if width > 0 && a.span.Len()/width > maxBuckets {
		return nil, badParam("bucket_s", fmt.Sprint(in.Bucket), fmt.Sprintf("at most %d buckets in the window", maxBuckets))
	}
	c, err := h.coverage(ctx, a.stream, a.span, a.now)
	if err != nil {
		return nil, err
	}
	out := &timelineOut{Cache: "no-store"}
	out.Body.Camera, out.Body.Stream = a.camera.ID, a.stream.Role()
	out.Body.From, out.Body.To = a.span.From, a.span.To
	if width > 0 {
		within := timeline.Span{From: a.span.From, To: c.Until}
		for i, part := range timeline.Buckets(within, width, c.Covered) {
			from := within.From + timeline.Micros(i)*width
			size := min(width, within.To-from)
			out.Body.Buckets = append(out.Body.Buckets, bucketJSON{From: from, Covered: float64(part) / float64(size)})
		}
		c = c.coarse(width)
	}
	out.Body.Coverage = c
	return out, nil
}

// coarse leaves out what is shorter than a bucket.
func (c Coverage) coarse(width timeline.Micros) Coverage {
	c.Covered = timeline.Close(c.Covered, width-1)
	gaps := c.Gaps[:0:0]
	for _, g := range c.Gaps {
		if g.Len() >= width {
			gaps = append(gaps, g)
		}
	}
	c.Gaps = gaps
	if c.Gaps == nil {
		c.Gaps = []timeline.Gap{}
	}
	return c
}
