// Package indextest makes large indexes for benchmarks.
package indextest

import (
	"context"
	"encoding/binary"
	"fmt"

	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Start is the start of every stream that Fill makes: 2025-10-01T00:00:00Z.
const Start = 1_759_276_800 * timeline.Second

// gop is the distance of key frames in filled rows.
const gop = 2 * timeline.Second

// Stream is the id of Fill's n-th stream.
func Stream(n int) media.StreamID {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	id := []byte("c_aaaaaaaaaaaaaaaa")
	for i := len(id) - 1; n > 0; i-- {
		id[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return media.CameraID(id).Stream(0)
}

// Fill adds stored rows: perStream to each of several streams, a minute each,
// abutting, with 30 key frames, as 1080p25 H.264 at 2 Mbit/s makes them. It
// adds about 50,000 rows a second.
func Fill(ctx context.Context, db *index.DB, streams, perStream int) error {
	const batch = 4096
	rows := make([]index.Row, 0, batch)
	flush := func() error {
		_, err := db.Add(ctx, rows...)
		rows = rows[:0]
		return err
	}
	for s := range streams {
		for i := range perStream {
			if rows = append(rows, Row(Stream(s), i)); len(rows) == batch {
				if err := flush(); err != nil {
					return fmt.Errorf("fill index: %w", err)
				}
			}
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("fill index: %w", err)
	}
	return nil
}

// Row is the i-th row of a filled stream.
func Row(stream media.StreamID, i int) index.Row {
	from := Start + timeline.Micros(i)*timeline.Minute
	r := index.Row{
		ID:        segment.ID{Stream: stream, Epoch: 1, Boot: 1_759_276_800, Seq: uint32(i)},
		Span:      timeline.Span{From: from, To: from + timeline.Minute},
		State:     index.Stored,
		Bytes:     15 << 20,
		FootBytes: 9 << 10,
		Codecs:    "h264",
		Frames:    1500,
		ClockOff:  -35_000,
		ClockUnc:  4_000,
	}
	binary.LittleEndian.PutUint64(r.SHA256[:], uint64(i)*0x9e3779b97f4a7c15)
	copy(r.SHA256[8:], stream)
	r.Keyframes = make([]timeline.Micros, 0, timeline.Minute/gop)
	for at := from; at < r.Span.To; at += gop {
		r.Keyframes = append(r.Keyframes, at+timeline.Micros(i%7))
	}
	return r
}
