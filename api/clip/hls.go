package clip

import (
	"context"
	"fmt"
	"math"

	"qianshao/storage/timeline"
)

// A media segment of a playlist lasts hlsLength or a little longer, in long
// windows more, so that a playlist has at most about hlsSegments.
const (
	hlsLength   = 6 * timeline.Second
	hlsSegments = 10_000
)

// playlist is an HLS VOD playlist (RFC 8216) over byte ranges of play.mp4. The
// fragments are gathered to segments of at least hlsLength.
func (f *File) playlist(ctx context.Context, query string) ([]byte, error) {
	pl := f.pl
	ts := pl.tracks[0].Timescale
	uri := "play.mp4?" + f.pinnedQuery(query)
	var body []byte
	longest := 1.0
	least := max(hlsLength, f.params.Span.Len()/hlsSegments)
	at := int64(0) // of the next segment in play.mp4
	for _, s := range f.sections {
		if s.kind == moofs {
			break
		}
		at += s.size
	}
	init := at
	r := &renderer{f: f, feet: newFeet(f.segs)}
	defer r.feet.close()
	r.feet.ahead(ctx, 0)
	var start, end, size int64 // of the segment in the making
	flush := func() {
		if size == 0 {
			return
		}
		secs := float64(end-start) / float64(ts)
		longest = max(longest, secs)
		body = fmt.Appendf(body, "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", secs, size, at, uri)
		at += size
		size = 0
	}
	for i := range pl.parts {
		p, err := r.start(ctx, i)
		if err != nil {
			return nil, err
		}
		gap := i > 0 && p.apart
		if gap {
			flush()
			body = append(body, "#EXT-X-DISCONTINUITY\n"...)
		}
		if i == 0 || gap {
			body = append(body, "#EXT-X-PROGRAM-DATE-TIME:"...)
			wall := p.base + micros(p.decodeStart, ts)
			body = wall.Time().AppendFormat(body, "2006-01-02T15:04:05.000Z07:00")
			body = append(body, '\n')
		}
		r.m.begin(&r.r)
		for g := r.m.next(); g != nil; g = r.m.next() {
			if g.sync && micros(end-start, ts) >= least {
				flush()
			}
			if size == 0 {
				start = g.start
			}
			size += g.size()
			end = g.end
		}
	}
	flush()
	head := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-PLAYLIST-TYPE:VOD\n"+
		"#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=%q,BYTERANGE=\"%d@0\"\n",
		int(math.Ceil(longest)), uri, init)
	return append(append(head, body...), "#EXT-X-ENDLIST\n"...), nil
}
