package main

import (
	"context"
	"fmt"
	"path/filepath"

	"qianshao/storage"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/fmp4"
	"qianshao/storage/index"
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

// openArchive opens an archive in dir with a file store.
func openArchive(ctx context.Context, dir string) (*storage.Archive, error) {
	fsys, err := vfs.Dir(dir)
	if err != nil {
		return nil, err
	}
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
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

// fill records minutes of footage, frameBytes a picture on average, from start,
// and stores them.
func fill(ctx context.Context, a *storage.Archive, stream media.StreamID, start timeline.Micros, minutes, frameBytes int) error {
	track := media.Track{
		ID: 1, Codec: media.H264, Timescale: 90000, Width: 1920, Height: 1080, SPS: [][]byte{benchSPS}, PPS: [][]byte{benchPPS},
	}
	var chain media.Chain
	defer chain.Close()
	payload := make([]byte, 8*frameBytes)
	for m := range minutes {
		at := start + timeline.Micros(m)*timeline.Minute
		h := &segment.Head{
			ID: segment.ID{Stream: stream, Epoch: 1, Boot: 1, Seq: uint32(m)}, Start: at, NewRun: m == 0, Created: at,
			Break: "bench", Tracks: []media.Track{track}, Maps: []segment.TimeMap{{Tick0: 90000, US0: at}},
		}
		f, err := a.Spool.Create(h)
		if err != nil {
			return err
		}
		for first := 0; first < perMinute; first += fps {
			if err := appendSecond(f, &chain, first, frameBytes, payload); err != nil {
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
