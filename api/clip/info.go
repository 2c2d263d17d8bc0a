package clip

import (
	"fmt"
	"net/http"
	"strings"

	"qianshao/storage"
	"qianshao/storage/timeline"
)

// Info is what an answer says about itself beside its bytes.
type Info struct {
	From    timeline.Micros // of the first frame shown
	To      timeline.Micros // end of the last frame shown
	LeadIn  timeline.Micros // how much footage before From the file carries, hidden
	Trim    Trim            // Inner also where Exact could not be given
	Gaps    []timeline.Span // of the window, without footage
	Parts   []Part          // more than one: the coding changes, and the file ends with the first
	AsOf    storage.AsOf
	Growing bool
	// ClockOffset is the camera's clock minus the server's, µs, by the first segment
	// in which it was measured; ClockUncertainty −1 where there is none.
	ClockOffset, ClockUncertainty int64

	shown []timeline.Span
}

// Part is a stretch of one coding.
type Part struct {
	timeline.Span
	Codecs string // "h264+aac"
}

// cut notes that the file ends before segs, because their coding differs.
func (f *Info) cut(segs []*storage.Segment, window timeline.Span) {
	for _, s := range segs {
		span := s.Span.Intersect(window)
		if span.Empty() {
			continue
		}
		if n := len(f.Parts); n > 0 && f.Parts[n-1].Codecs == s.Codecs && n > 1 {
			f.Parts[n-1].To = span.To
			continue
		}
		f.Parts = append(f.Parts, Part{span, s.Codecs})
	}
}

// maxListed bounds the gaps and parts named in headers.
const maxListed = 32

// header writes what the answer says about itself.
func (f *Info) header(h http.Header) {
	h.Set("X-Clip-From", f.From.String())
	h.Set("X-Clip-To", f.To.String())
	h.Set("X-Clip-As-Of", f.AsOf.String())
	h.Set("X-Clip-Lead-In", fmt.Sprintf("%d.%06d", f.LeadIn/timeline.Second, f.LeadIn%timeline.Second))
	trim := "exact"
	if f.Trim == Inner {
		trim = "inner"
	}
	h.Set("X-Clip-Trim", trim)
	if len(f.Gaps) > 0 {
		list := make([]string, 0, min(len(f.Gaps), maxListed))
		for _, g := range f.Gaps[:cap(list)] {
			list = append(list, g.From.String()+"/"+g.To.String())
		}
		h.Set("X-Clip-Gaps", strings.Join(list, ", "))
		h.Set("X-Clip-Gap-Count", fmt.Sprint(len(f.Gaps)))
	}
	if len(f.Parts) > 0 {
		list := make([]string, 0, min(len(f.Parts), maxListed))
		for _, p := range f.Parts[:cap(list)] {
			list = append(list, p.From.String()+"/"+p.To.String()+";"+p.Codecs)
		}
		h.Set("X-Clip-Parts", strings.Join(list, ", "))
	}
	if f.ClockUncertainty >= 0 {
		h.Set("X-Clip-Clock-Offset-Us", fmt.Sprintf("%d;uncertainty=%d", f.ClockOffset, f.ClockUncertainty))
	}
}
