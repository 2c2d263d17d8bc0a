package fmp4_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
)

func drawRun(t *rapid.T, id uint32) fmp4.Run {
	r := fmp4.Run{TrackID: id, FirstTick: rapid.Int64Range(0, 1<<50).Draw(t, "first")}
	kinds, offsets := rapid.Bool().Draw(t, "kinds"), rapid.Bool().Draw(t, "offsets")
	for range rapid.IntRange(0, 30).Draw(t, "samples") {
		r.Sizes = append(r.Sizes, rapid.Uint32Range(0, 1<<20).Draw(t, "size"))
		r.Durs = append(r.Durs, rapid.Uint32().Draw(t, "duration"))
		if kinds {
			r.Kinds = append(r.Kinds, rapid.Uint8Range(0, 3).Draw(t, "kind"))
		}
		if offsets {
			r.CTS = append(r.CTS, rapid.Uint32Range(0, 1<<31-1).Draw(t, "offset"))
		}
	}
	return r
}

// A moof says the same to another reader, and to our own.
func TestMoofOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var runs []fmp4.Run
		for i := range rapid.IntRange(1, 3).Draw(t, "tracks") {
			runs = append(runs, drawRun(t, uint32(i)+1))
		}
		seq := rapid.Uint32().Draw(t, "seq")
		b, size := fmp4.AppendMoof([]byte("before"), seq, runs)
		b = b[len("before"):]
		if len(b) != size+8 || string(b[size+4:]) != "mdat" {
			t.Fatalf("%d bytes, moof of %d", len(b), size)
		}
		box, err := mp4.DecodeBox(0, bytes.NewReader(b[:size]))
		if err != nil {
			t.Fatal(err)
		}
		moof := box.(*mp4.MoofBox)
		if moof.Mfhd.SequenceNumber != seq {
			t.Errorf("sequence %d, want %d", moof.Mfhd.SequenceNumber, seq)
		}
		_, ours, err := fmp4.ParseMoof(b[:size])
		if err != nil {
			t.Fatal(err)
		}
		data, k := int64(size)+8, 0
		for _, r := range runs {
			if len(r.Sizes) == 0 {
				continue
			}
			traf := moof.Trafs[k]
			if traf.Tfhd.TrackID != r.TrackID || int64(traf.Tfdt.BaseMediaDecodeTime()) != r.FirstTick || int64(traf.Trun.DataOffset) != data {
				t.Errorf("track %d at %d, data at %d: %+v wants data at %d", traf.Tfhd.TrackID, traf.Tfdt.BaseMediaDecodeTime(), traf.Trun.DataOffset, r, data)
			}
			for i, s := range traf.Trun.Samples {
				if s.Size != r.Sizes[i] || s.Dur != r.Durs[i] || r.CTS != nil && uint32(s.CompositionTimeOffset) != r.CTS[i] {
					t.Errorf("sample %d: %+v", i, s)
				}
				if r.Kinds != nil && mp4.IsSyncSampleFlags(s.Flags) != (r.Kinds[i] != 0) {
					t.Errorf("sample %d: flags %08x, kind %d", i, s.Flags, r.Kinds[i])
				}
				data += int64(s.Size)
			}
			want := fmp4.ParsedRun(r)
			if d := cmp.Diff(want, ours[k], cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
			k++
		}
		if k != len(moof.Trafs) || k != len(ours) {
			t.Errorf("%d tracks with samples, read %d and %d", k, len(moof.Trafs), len(ours))
		}
	})
}

// Every codec plays by itself: init, one fragment, and ffmpeg decodes each
// sample without a word.
func TestInitOfEveryCodec(t *testing.T) {
	t.Parallel()
	for _, video := range []media.Codec{media.H264, media.H265, media.MJPEG} {
		for _, audio := range []media.Codec{0, media.AAC, media.PCMA, media.PCMU, media.Opus} {
			name := video.String()
			if audio != 0 {
				name += " " + audio.String()
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				spec := storagetest.VideoSpec{Codec: video}
				if video == media.MJPEG {
					spec.FPS, spec.GOP, spec.Frames = 5, 1, 40
				}
				v := storagetest.NewVideo(t, spec)
				tracks := []media.Track{v.Track}
				runs := []fmp4.Run{{TrackID: 1, FirstTick: 90000}}
				var data []byte
				for _, s := range v.Samples {
					runs[0].Sizes = append(runs[0].Sizes, uint32(len(s.Data)))
					runs[0].Durs = append(runs[0].Durs, uint32(v.Step()))
					runs[0].Kinds = append(runs[0].Kinds, uint8(s.Sync))
					data = append(data, s.Data...)
				}
				want := map[string]int{"video": len(v.Samples)}
				if audio != 0 {
					s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: audio})
					tracks = append(tracks, s.Track)
					r := fmp4.Run{TrackID: 2, FirstTick: int64(s.Track.Timescale)}
					for _, x := range s.Samples {
						r.Sizes = append(r.Sizes, uint32(len(x.Data)))
						r.Durs = append(r.Durs, uint32(s.Dur))
						data = append(data, x.Data...)
					}
					runs = append(runs, r)
					want["audio"] = len(s.Samples)
				}
				b, err := fmp4.AppendInit(nil, tracks, 0)
				if err != nil {
					t.Fatal(err)
				}
				init, err := mp4.DecodeFile(bytes.NewReader(b))
				if err != nil || len(init.Init.Moov.Traks) != len(tracks) || init.Init.Moov.Traks[0].Mdia.Mdhd.Timescale != 90000 {
					t.Fatalf("another reader: %v", err)
				}
				at := len(b)
				b, _ = fmp4.AppendMoof(b, 1, runs)
				if len(b) == at {
					t.Fatal("no moof")
				}
				file := filepath.Join(t.TempDir(), "f.mp4")
				if err := os.WriteFile(file, append(b, data...), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", file, "-map", "0", "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
					t.Errorf("ffmpeg: %v %s", err, out)
				}
				out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_packets", "-of", "json",
					"-show_entries", "stream=codec_type,width,height,sample_rate,nb_read_packets", file).Output()
				if err != nil {
					t.Fatal(err)
				}
				var p struct {
					Streams []struct {
						Type    string `json:"codec_type"`
						Width   int    `json:"width"`
						Packets string `json:"nb_read_packets"`
					} `json:"streams"`
				}
				if err := json.Unmarshal(out, &p); err != nil {
					t.Fatal(err)
				}
				if len(p.Streams) != len(tracks) || p.Streams[0].Width != storagetest.Width {
					t.Fatalf("%s", out)
				}
				for _, s := range p.Streams {
					if s.Packets != fmt.Sprint(want[s.Type]) {
						t.Errorf("%s: %s packets, want %d", s.Type, s.Packets, want[s.Type])
					}
				}
			})
		}
	}
}

// A track that no sample entry can be made of is refused, not written wrongly.
func TestInitRefuses(t *testing.T) {
	t.Parallel()
	for _, tr := range []media.Track{{Codec: media.H264}, {Codec: media.H265}, {Codec: media.H265, VPS: [][]byte{{1}}, SPS: [][]byte{{1}}, PPS: [][]byte{{1}}}, {Codec: 99}} {
		if b, err := fmp4.AppendInit(nil, []media.Track{tr}, 0); err == nil {
			t.Errorf("%+v: %d bytes", tr, len(b))
		}
	}
}

func second() []fmp4.Run {
	run := fmp4.Run{TrackID: 1, FirstTick: 90000}
	for range 25 {
		run.Sizes, run.Durs, run.Kinds = append(run.Sizes, 10_000), append(run.Durs, 3600), append(run.Kinds, 0)
	}
	audio := fmp4.Run{TrackID: 2, FirstTick: 8000}
	for range 50 {
		audio.Sizes, audio.Durs = append(audio.Sizes, 160), append(audio.Durs, 160)
	}
	return []fmp4.Run{run, audio}
}

func TestMoofAllocates(t *testing.T) {
	runs, buf := second(), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf, _ = fmp4.AppendMoof(buf[:0], 1, runs) }); n != 0 {
		t.Errorf("%v allocations a fragment", n)
	}
}

func BenchmarkAppendMoof(b *testing.B) {
	runs, buf := second(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = fmp4.AppendMoof(buf[:0], 1, runs)
	}
}

func FuzzParseMoof(f *testing.F) {
	b, n := fmp4.AppendMoof(nil, 7, second())
	f.Add(b[:n])
	f.Add(b[:n-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		seq, parsed, err := fmp4.ParseMoof(b)
		if err != nil {
			if !errors.Is(err, fmp4.ErrMoof) {
				t.Errorf("%v is not %v", err, fmp4.ErrMoof)
			}
			return
		}
		var runs []fmp4.Run
		for _, p := range parsed {
			if len(p.Sizes) == 0 {
				return // never written
			}
			runs = append(runs, fmp4.Run(p))
		}
		if len(runs) > 16 {
			return
		}
		again, n := fmp4.AppendMoof(nil, seq, runs)
		seq2, parsed2, err := fmp4.ParseMoof(again[:n])
		if err != nil || seq2 != seq || !slices.EqualFunc(parsed, parsed2, func(a, b fmp4.ParsedRun) bool { return cmp.Equal(a, b, cmpopts.EquateEmpty()) }) {
			t.Errorf("written again it is otherwise: %v", err)
		}
	})
}
