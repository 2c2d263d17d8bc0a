package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"qianshao/storage"
	"qianshao/storage/fmp4"
	"qianshao/storage/index"
	"qianshao/storage/index/indextest"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// The footage of the clip bench is synthetic: the right sizes in the right
// places, of pictures nobody decodes.
const (
	fps       = 25
	gop       = 2 * fps
	perMinute = 60 * fps
)

// A 1920x1080 Baseline SPS and its PPS.
var (
	benchSPS = []byte{0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xca, 0x3c, 0x60, 0xc9, 0x20}
	benchPPS = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
)

// openArchive opens an archive in dir, with a file store or one at an S3 endpoint.
func openArchive(ctx context.Context, dir, s3 string) (*storage.Archive, error) {
	fsys, err := vfs.Dir(dir)
	if err != nil {
		return nil, err
	}
	store, err := openStore(fsys, dir, s3)
	if err != nil {
		return nil, err
	}
	db, err := index.Open(ctx, index.Config{Path: filepath.Join(dir, "index.db")})
	if err != nil {
		return nil, err
	}
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff})
	if err != nil {
		return nil, err
	}
	return &storage.Archive{Spool: sp, Store: store, Index: db, Log: discard}, nil
}

// fill records minutes of footage, frameBytes a picture on average, from minute
// first behind fillStart, and stores them.
func fill(ctx context.Context, a *storage.Archive, stream media.StreamID, first, minutes, frameBytes int) error {
	track := media.Track{
		ID: 1, Codec: media.H264, Timescale: 90000, Width: 1920, Height: 1080, SPS: [][]byte{benchSPS}, PPS: [][]byte{benchPPS},
	}
	var chain media.Chain
	defer chain.Close()
	payload := make([]byte, 8*frameBytes)
	for m := first; m < first+minutes; m++ {
		at := fillStart + timeline.Micros(m)*timeline.Minute
		h := &segment.Head{
			ID: segment.ID{Stream: stream, Epoch: 1, Boot: 1, Seq: uint32(m)}, Start: at, NewRun: m == first, Created: at,
			Break: "bench", Tracks: []media.Track{track}, Maps: []segment.TimeMap{{Tick0: 90000, US0: at}},
		}
		f, err := a.Spool.Create(h)
		if err != nil {
			return err
		}
		for n := 0; n < perMinute; n += fps {
			if err := appendSecond(f, &chain, n, frameBytes, payload); err != nil {
				return err
			}
		}
		v, err := f.Seal(spool.End{Reason: segment.EndLength, ClockUnc: -1})
		if err != nil {
			return err
		}
		a.Sealed(ctx, f, v)
	}
	return a.Drain(ctx)
}

// fillLong gives a stream so many segments: rows, with footage behind them at the
// given minutes only, placeMinutes each.
func fillLong(ctx context.Context, a *storage.Archive, stream media.StreamID, segments int, at []int) error {
	const batch = 4096
	var rows []index.Row
	for i := range segments {
		if !slices.ContainsFunc(at, func(m int) bool { return m <= i && i < m+placeMinutes }) {
			r := indextest.Row(stream, i)
			late := fillStart - indextest.Start
			r.Boot, r.Span.From, r.Span.To = 1, r.Span.From+late, r.Span.To+late
			for k := range r.Keyframes {
				r.Keyframes[k] += late
			}
			rows = append(rows, r)
		}
		if len(rows) == batch || i == segments-1 {
			if _, err := a.Index.Add(ctx, rows...); err != nil {
				return fmt.Errorf("fill: %w", err)
			}
			rows = rows[:0]
		}
	}
	for _, m := range at {
		if err := fill(ctx, a, stream, m, placeMinutes, busyFrame); err != nil {
			return err
		}
	}
	return nil
}

// appendSecond writes one fragment; a key frame is eight times a usual one.
func appendSecond(f *spool.File, chain *media.Chain, first, frameBytes int, payload []byte) error {
	fr := &spool.Fragment{Runs: make([]fmp4.Run, 1), Parts: make([]media.Part, 1)}
	r := &fr.Runs[0]
	r.TrackID, r.FirstTick = 1, 90000+int64(first)*3600
	for i := range fps {
		n, kind := frameBytes*6/7, uint8(0)
		if (first+i)%gop == 0 {
			n, kind = frameBytes*8, uint8(media.KeyFrame)
		}
		chain.Append(payload[:n])
		r.Sizes, r.Durs, r.Kinds = append(r.Sizes, uint32(n)), append(r.Durs, 3600), append(r.Kinds, kind)
	}
	chain.Take(chain.End(), &fr.Parts[0])
	defer fr.Parts[0].Release()
	if err := f.Append(fr); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return nil
}
