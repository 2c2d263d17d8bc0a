package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/stamp"
	"qianshao/storage/media"
	"qianshao/storage/segment"
)

// verdict is what became of a camera's frames.
type verdict struct {
	kind     string
	arrival  bool
	sent     int // whole, and surely on their way
	missing  int // of them
	partial  int // recorded though the camera had damaged them
	twice    int
	strange  int // recorded, but never sent, or not as they were sent
	segments int
	probed   int // segments that ffprobe read the same frames from
	late     time.Duration
	example  string // of what is wrong
}

func (v *verdict) wrong() int { return v.missing + v.partial + v.twice + v.strange }

// maxOff is by how much footage may lie wrong on the timeline (p99).
const maxOff = 250 * time.Millisecond

// judge holds the archive against what the cameras sent.
func judge(ctx context.Context, dir string, cams []*soakCamera, probe int) ([]verdict, error) {
	files := map[media.StreamID][]string{}
	for _, root := range []string{filepath.Join(dir, "store"), filepath.Join(dir, "spool")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".mp4") {
				return err
			}
			if stream, ok := streamOf(root, path); ok {
				files[stream] = append(files[stream], path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var out []verdict
	for _, c := range cams {
		v := verdict{kind: c.kind.Name, arrival: c.kind.Arrival}
		if err := v.judge(ctx, c, files[c.stream], probe); err != nil {
			return nil, fmt.Errorf("%s (%s): %w", c.stream, v.kind, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// streamOf tells whose a segment file is: an object of the store, or a sealed
// file of the spool that still waits.
func streamOf(root, path string) (media.StreamID, bool) {
	if rel, err := filepath.Rel(root, path); err == nil {
		if k, err := segment.ParseKey(filepath.ToSlash(rel)); err == nil {
			return k.Stream, true
		}
	}
	k, err := segment.ParseFile(filepath.Base(path))
	return k.Stream, err == nil
}

// stored is a frame in the archive.
type stored struct {
	wall   int64 // where the archive has it, unix µs
	slices uint32
}

func (v *verdict) judge(ctx context.Context, c *soakCamera, paths []string, probe int) error {
	have := make(map[int64]stored, len(c.shots))
	for _, path := range paths {
		frames, err := framesOf(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if v.segments++; probe > 0 && v.segments%probe == 1 {
			if err := agree(ctx, path, frames); err != nil {
				return err
			}
			v.probed++
		}
		for _, f := range frames {
			if !f.stamped {
				v.strange++
				continue
			}
			if _, again := have[f.timeUS]; again {
				v.twice++
			}
			have[f.timeUS] = stored{f.wall, f.slices}
		}
	}
	v.compare(c, have)
	return nil
}

// compare holds what is there against what was sent.
func (v *verdict) compare(c *soakCamera, have map[int64]stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var off []time.Duration
	for i, s := range c.shots {
		f, ok := have[s.timeUS]
		delete(have, s.timeUS)
		switch {
		case s.maybe:
		case s.lost && ok:
			v.partial++
		case !s.lost && !ok:
			v.missing++
			if v.example == "" {
				v.example = fmt.Sprintf("frame %d of %d, %s, left the camera %d ms late", i, len(c.shots), time.UnixMicro(s.timeUS).UTC().Format("15:04:05.000"), s.afterUS/1000)
			}
		case ok && f.slices != s.slices:
			v.strange++
		}
		if !s.lost && !s.maybe {
			v.sent++
		}
		if ok {
			d := time.Duration(f.wall-s.timeUS) * time.Microsecond
			if v.arrival && d > 0 {
				d = max(0, d-time.Duration(s.afterUS)*time.Microsecond)
			}
			off = append(off, d.Abs())
		}
	}
	v.strange += len(have)
	v.late = quantileOf(off, .99)
}

func quantileOf(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

// soakFrame is one picture as it lies in a segment.
type soakFrame struct {
	timeUS, wall int64
	ticks        int64
	slices       uint32
	stamped      bool
}

// framesOf reads the pictures of a sealed segment through its foot.
func framesOf(path string) (out []soakFrame, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := bytes.NewReader(b)
	head, _, err := segment.ReadHead(r, int64(len(b)))
	if err != nil {
		return nil, err
	}
	var foot segment.Foot
	if err := segment.ReadFoot(r, int64(len(b)), 0, &foot); err != nil {
		return nil, err
	}
	hevc := head.Tracks[0].Codec == media.H265
	s, k := &foot.Samples[0], 0
	for i := range foot.Fragments {
		fr := &foot.Fragments[i]
		at, tick := fr.DataOffset(0), fr.Runs[0].FirstTick
		for range fr.Runs[0].Samples {
			sample := b[at : at+int64(s.Sizes[k])]
			f := soakFrame{ticks: tick + int64(s.Offset(k)), slices: audit.Slices(audit.Split(sample), hevc)}
			f.wall = int64(head.Maps[0].Wall(f.ticks, head.Tracks[0].Timescale))
			var st stamp.Stamp
			if st, f.stamped = stamp.ScanSample(sample, hevc); f.stamped {
				f.timeUS = st.TimeUS
			}
			out = append(out, f)
			at += int64(s.Sizes[k])
			tick += int64(s.Durs[k])
			k++
		}
	}
	return out, nil
}

// agree wants the same frames of ffprobe.
func agree(ctx context.Context, path string, ours []soakFrame) error {
	theirs, err := audit.Stored(ctx, path)
	if err != nil {
		return err
	}
	if len(theirs) != len(ours) {
		return fmt.Errorf("%s: ffprobe reads %d frames, we %d", path, len(theirs), len(ours))
	}
	for i, f := range theirs {
		if f.TimeUS != ours[i].timeUS || f.Slices != ours[i].slices || f.Ticks != ours[i].ticks {
			return fmt.Errorf("%s: frame %d: ffprobe reads %+v, we %+v", path, i, f, ours[i])
		}
	}
	return nil
}
