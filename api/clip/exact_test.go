package clip_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"qianshao/api/clip"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// footage is one archive to cut clips from.
type footage struct {
	name   string
	script func(t testing.TB) storagetest.Script
	noisy  bool // decoding from a recovery point: ffmpeg misses pictures that it is told to forget
	codec  media.Codec
}

func seconds(s float64) timeline.Micros { return timeline.Micros(s * 1e6) }

// one is a script of a single run.
func one(v *storagetest.Video, secs float64, sounds ...*storagetest.Sound) []storagetest.Run {
	return []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: secs, Sounds: sounds, Lag: 0.013}}}}
}

var footages = []footage{
	{name: "h264", script: func(t testing.TB) storagetest.Script {
		return storagetest.Script{Runs: one(storagetest.NewVideo(t, storagetest.VideoSpec{}), 20), Stored: true}
	}},
	{name: "h264 b-frames aac", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 2})
		return storagetest.Script{Runs: one(v, 20, storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.AAC}))}
	}},
	{name: "h264 open gop b-frames", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 3, OpenGOP: true})
		return storagetest.Script{Runs: one(v, 20)}
	}},
	{name: "h264 open gop, no other key frame", noisy: true, script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 3, OpenGOP: true, Frames: 500})
		return storagetest.Script{Runs: one(v, 20)}
	}},
	{name: "h264 intra refresh", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{Refresh: true})
		return storagetest.Script{Runs: one(v, 20)}
	}},
	{name: "h264 pcma forced cuts", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 1, GOP: 50})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.PCMA})
		return storagetest.Script{Runs: one(v, 18, s), Forced: true, Segment: 3.3}
	}},
	{name: "h264 gaps pcmu", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 2})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.PCMU, Packet: 320})
		p := func(secs float64) []storagetest.Piece {
			return []storagetest.Piece{{Video: v, Seconds: secs, Sounds: []*storagetest.Sound{s}, Lag: 0.021}}
		}
		return storagetest.Script{Runs: []storagetest.Run{{Pieces: p(7)}, {After: 4.321, Pieces: p(6.5)}, {After: 2.5, Pieces: p(5)}}, Open: true}
	}},
	{name: "h264 slew opus", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 2})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.Opus})
		return storagetest.Script{Runs: one(v, 24, s), PPB: []int32{500_000, -500_000, -500_000, 120_000}, Segment: 6}
	}},
	{name: "h264 parameter change", script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{})
		w := storagetest.NewVideo(t, storagetest.VideoSpec{Look: 1, BFrames: 2, GOP: 50})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.AAC})
		var p []storagetest.Piece
		for _, v := range []*storagetest.Video{v, w, v} {
			p = append(p, storagetest.Piece{Video: v, Seconds: 6, Sounds: []*storagetest.Sound{s}})
		}
		return storagetest.Script{Runs: []storagetest.Run{{Pieces: p}}}
	}},
	{name: "h265", codec: media.H265, script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{Codec: media.H265})
		return storagetest.Script{Runs: one(v, 16, storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.PCMA}))}
	}},
	{name: "h265 open gop b-frames", codec: media.H265, script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{Codec: media.H265, BFrames: 3, OpenGOP: true})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.AAC, Channels: 2, Rate: 44100})
		p := func(secs float64) []storagetest.Piece {
			return []storagetest.Piece{{Video: v, Seconds: secs, Sounds: []*storagetest.Sound{s}}}
		}
		return storagetest.Script{Runs: []storagetest.Run{{Pieces: p(8.2)}, {After: 3.1, Pieces: p(8)}}}
	}},
	{name: "mjpeg", codec: media.MJPEG, script: func(t testing.TB) storagetest.Script {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{Codec: media.MJPEG, FPS: 5, GOP: 1, Frames: 40})
		s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.PCMU})
		return storagetest.Script{Runs: []storagetest.Run{one(v, 12, s)[0], {After: 3, Pieces: one(v, 6, s)[0].Pieces}}, Stored: true}
	}},
}

// windowsOf draws windows over a recording: ends on frames, between them, at
// the border of segments, in gaps.
func windowsOf(rec *storagetest.Recorded, n int, rnd *rand.Rand) []timeline.Span {
	first := rec.Frames[0].Wall
	length := rec.End - first
	out := []timeline.Span{{From: first - seconds(3), To: rec.End + seconds(3)}, {From: first, To: rec.Frames[1].Wall}}
	for len(out) < n+2 {
		from := first + timeline.Micros(rnd.Int64N(int64(length)))
		to := from + timeline.Micros(1+rnd.Int64N(int64(length)/2))
		if rnd.IntN(2) == 0 {
			from = rec.Frames[rnd.IntN(len(rec.Frames))].Wall
			to = max(to, from+1)
		}
		out = append(out, timeline.Span{From: from, To: to})
	}
	return out
}

// joined is where a frame stands when all gaps before it are closed up.
func joined(want []storagetest.Frame) []storagetest.Frame {
	out := append([]storagetest.Frame(nil), want...)
	shift := timeline.Micros(0)
	for i := 1; i < len(out); i++ {
		if want[i].Run != want[i-1].Run {
			step := timeline.Micros(1e6 / want[i-1].Video.Spec.FPS)
			shift += want[i].Wall - want[i-1].Wall - step
		}
		out[i].Wall -= shift
	}
	return out
}

// TestExact cuts windows at random from every kind of footage and lets ffmpeg
// say which frames are in them.
func TestExact(t *testing.T) {
	t.Parallel()
	for _, ft := range footages {
		t.Run(ft.name, func(t *testing.T) {
			t.Parallel()
			a := storagetest.New(t)
			rec := a.Record(ft.script(t))
			rnd := rand.New(rand.NewPCG(7, uint64(len(ft.name))))
			for i, span := range windowsOf(rec, 7, rnd) {
				if testing.Short() && i%8 != 0 {
					continue
				}
				p := clip.Params{Span: span, Gaps: clip.Gaps(i % 2), Audio: clip.Audio(i % 3 % 2)}
				exact(t, a, rec, p, ft.noisy)
				if t.Failed() {
					t.Fatalf("window %d: %s to %s, %s+%.3f", i, span.From, span.To, ft.name, float64(span.From-rec.Frames[0].Wall)/1e6)
				}
			}
		})
	}
}

// exact checks one clip.
func exact(t *testing.T, a *storagetest.Archive, rec *storagetest.Recorded, p clip.Params, noisy bool) {
	t.Helper()
	want := rec.In(p.Span)
	f, err := clip.Plan(t.Context(), a.Archive, rec.Stream, p)
	if len(want) == 0 {
		if !errors.Is(err, clip.ErrNoFootage) {
			t.Errorf("error %v for a window without frames", err)
		}
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	path := save(t, f)
	got := decode(t, path, noisy)
	if p.Gaps == clip.Join {
		want = joined(want)
	}
	check(t, got, want, want[0].Wall)
	shape(t, path)
	sound(t, path, want)
}

// shape checks the boxes: a known moov in front, one edit a track, all samples
// inside the mdat.
func shape(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Errorf("mp4ff: %v", err)
		return
	}
	if f.Moov == nil || f.Mdat == nil || f.Children[1].Type() != "moov" || f.Children[2].Type() != "mdat" {
		t.Error("the boxes are not ftyp, moov, mdat")
		return
	}
	var total uint64
	for _, trak := range f.Moov.Traks {
		if trak.Edts == nil || len(trak.Edts.Elst) != 1 || len(trak.Edts.Elst[0].Entries) != 1 {
			t.Errorf("track %d has not exactly one edit", trak.Tkhd.TrackID)
			continue
		}
		stbl := trak.Mdia.Minf.Stbl
		n := trak.GetNrSamples()
		end := uint64(0)
		for i := uint32(1); i <= n; i++ {
			dts, dur := stbl.Stts.GetDecodeTime(i)
			end = dts + uint64(dur)
			total += uint64(stbl.Stsz.GetSampleSize(int(i)))
		}
		if end != trak.Mdia.Mdhd.Duration {
			t.Errorf("track %d: samples last %d, mdhd says %d", trak.Tkhd.TrackID, end, trak.Mdia.Mdhd.Duration)
		}
		e := trak.Edts.Elst[0].Entries[0]
		if e.MediaTime < 0 || e.SegmentDuration == 0 {
			t.Errorf("track %d: edit of %d from %d", trak.Tkhd.TrackID, e.SegmentDuration, e.MediaTime)
		}
	}
	if size := f.Mdat.Size() - f.Mdat.HeaderSize(); size != total {
		t.Errorf("mdat holds %d bytes, samples %d", size, total)
	}
}

// sound checks that the audio decodes to as much as the pictures last, give or
// take a frame.
func sound(t *testing.T, path string, want []storagetest.Frame) {
	t.Helper()
	kind := ffmpeg(t, true, "ffprobe", "-select_streams", "a:0", "-show_entries", "stream=sample_rate", "-of", "csv=p=0", path)
	var rate int
	if _, err := fmt.Sscan(string(kind), &rate); err != nil {
		return // no sound
	}
	pcm := ffmpeg(t, true, "ffmpeg", "-i", path, "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-")
	last := want[len(want)-1]
	length := float64(last.Wall-want[0].Wall)/1e6 + 1/float64(last.Video.Spec.FPS)
	got := float64(len(pcm)/2) / float64(rate)
	if got > length+0.07 || got < length-0.25 {
		t.Errorf("%.3f s of sound under %.3f s of pictures", got, length)
	}
}
