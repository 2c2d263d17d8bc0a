package segment_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// drawn is a random segment: its bytes, its foot and where each fragment ends.
type drawn struct {
	bytes []byte // sealed
	foot  segment.Foot
	ends  []int64
}

func blobOf(t *rapid.T, name string) []byte {
	return rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, name)
}

func draw(t *rapid.T) drawn {
	u32 := rapid.Uint32Range(0, 1<<31)
	start := timeline.Micros(rapid.Int64Range(0, 4e15).Draw(t, "start"))
	h := segment.Head{
		ID: segment.ID{
			Stream: media.StreamID(rapid.StringMatching(`c_[a-z2-7]{16}\.[0-2]`).Draw(t, "stream")),
			Epoch:  rapid.Uint64Range(0, 1<<62).Draw(t, "epoch"), Boot: rapid.Uint64Range(0, 1<<62).Draw(t, "boot"), Seq: u32.Draw(t, "seq"),
		},
		Start: start, Clock: segment.ClockFlags(rapid.Uint32Range(0, 3).Draw(t, "clock")), NewRun: rapid.Bool().Draw(t, "run"),
		Created: start + 5, Break: rapid.StringN(0, 10, 20).Draw(t, "break"),
	}
	copy(h.Store[:], blobOf(t, "store"))
	copy(h.Prev[:], blobOf(t, "prev"))
	n := rapid.IntRange(1, 3).Draw(t, "tracks")
	for i := range n {
		tr := media.Track{ID: uint32(i) + 1, Codec: media.H264, Timescale: 90000, Width: 640, Height: 360, SPS: [][]byte{{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x26, 0xc0}}, PPS: [][]byte{blobOf(t, "pps")}}
		if i > 0 {
			tr = media.Track{ID: uint32(i) + 1, Codec: media.PCMA, Timescale: 8000, SampleRate: 8000, Channels: 1}
		}
		h.Tracks = append(h.Tracks, tr)
		h.Maps = append(h.Maps, segment.TimeMap{Tick0: rapid.Int64().Draw(t, "tick0"), US0: start, PPB: rapid.Int32().Draw(t, "ppb")})
	}
	out, err := fmp4.AppendInit(nil, h.Tracks, 0)
	if err != nil {
		t.Fatal(err)
	}
	out = segment.AppendHead(out, &h)
	d := drawn{foot: segment.Foot{
		Head: h, Samples: make([]segment.Samples, n), Reason: segment.EndReason(rapid.IntRange(1, 8).Draw(t, "reason")),
		Report:   segment.SenderReport{NTP: rapid.Uint64().Draw(t, "ntp"), RTP: u32.Draw(t, "rtp"), Arrival: start},
		ClockOff: rapid.Int64().Draw(t, "off"), ClockUnc: rapid.Int64Range(-1, 1e9).Draw(t, "unc"),
		LostPkts: rapid.Uint64().Draw(t, "lost"), Reordered: rapid.Uint64().Draw(t, "reordered"), Damaged: rapid.Uint64().Draw(t, "damaged"),
	}}
	ticks := make([]int64, n)
	reorder := rapid.Bool().Draw(t, "composition offsets")
	for seq := range rapid.IntRange(0, 5).Draw(t, "fragments") {
		runs := make([]fmp4.Run, n)
		at := len(out)
		data := []byte{}
		for i := range runs {
			r := fmp4.Run{TrackID: uint32(i) + 1, FirstTick: ticks[i] + rapid.Int64Range(0, 100).Draw(t, "hole")}
			low := 0
			if i == 0 {
				low = 1 // a fragment has a picture
			}
			for range rapid.IntRange(low, 6).Draw(t, "samples") {
				b := blobOf(t, "sample")
				data = append(data, b...)
				r.Sizes = append(r.Sizes, uint32(len(b)))
				r.Durs = append(r.Durs, rapid.Uint32Range(0, 4000).Draw(t, "duration"))
				if i == 0 {
					r.Kinds = append(r.Kinds, rapid.Uint8Range(0, 3).Draw(t, "sync"))
					if reorder {
						r.CTS = append(r.CTS, rapid.Uint32Range(0, 9000).Draw(t, "offset"))
					}
				}
			}
			if len(r.Sizes) > 0 {
				ticks[i] = r.FirstTick
			}
			for _, v := range r.Durs {
				ticks[i] += int64(v)
			}
			if len(r.Sizes) == 0 {
				r.FirstTick = 0
			}
			runs[i] = r
		}
		var moof int
		out, moof = fmp4.AppendMoof(out, uint32(seq)+1, runs)
		out = append(out, data...)
		out = segment.AppendCommit(out, uint32(seq), uint32(len(out)-at), crc32.Checksum(out[at:], segment.Castagnoli()))
		d.foot.Add(int64(at), uint32(moof), runs)
		d.ends = append(d.ends, int64(len(out)))
	}
	d.foot.End = start + timeline.Micros(rapid.Int64Range(0, 1e9).Draw(t, "length"))
	d.bytes = segment.AppendFoot(out, &d.foot)
	return d
}

var same = cmp.Options{cmpopts.EquateEmpty()}

// What is written is read back, from the foot and, but for what only the foot
// knows, by a scan.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		r, size := bytes.NewReader(d.bytes), int64(len(d.bytes))
		var foot segment.Foot
		if err := segment.ReadFoot(r, size, 0, &foot); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.foot, foot, same); diff != "" {
			t.Fatalf("foot: %s", diff)
		}
		scanned, end, err := segment.Scan(r, size)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(foot.Fragments, scanned.Fragments, same); diff != "" {
			t.Errorf("fragments: %s", diff)
		}
		if diff := cmp.Diff(foot.Samples, scanned.Samples, same); diff != "" {
			t.Errorf("samples: %s", diff)
		}
		if diff := cmp.Diff(foot.Head, scanned.Head, same); diff != "" {
			t.Errorf("head: %s", diff)
		}
		if n := len(d.ends); n > 0 && end != d.ends[n-1] {
			t.Errorf("scanned to %d, the last fragment ends at %d", end, d.ends[n-1])
		}
	})
}

// A file cut anywhere keeps exactly the fragments that are whole, and a flipped
// bit ends it at the fragment before.
func TestTornTail(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		_, first, err := segment.ReadHead(bytes.NewReader(d.bytes), int64(len(d.bytes)))
		if err != nil {
			t.Fatal(err)
		}
		cut := rapid.Int64Range(0, int64(len(d.bytes))).Draw(t, "cut")
		torn := slices.Clone(d.bytes)
		flip := rapid.Bool().Draw(t, "flip")
		if flip && cut < int64(len(torn)) {
			torn[cut] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		} else {
			torn = torn[:cut]
		}
		tail := rapid.SampledFrom([]string{"nothing", "zeros", "garbage"}).Draw(t, "tail")
		if !flip {
			switch tail {
			case "zeros":
				torn = append(torn, make([]byte, 5000)...)
			case "garbage":
				torn = append(torn, rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "bytes")...)
			}
		}
		// The tail may happen to be what was cut off.
		for cut < int64(min(len(torn), len(d.bytes))) && torn[cut] == d.bytes[cut] {
			cut++
		}
		want := 0
		for _, end := range d.ends {
			if end <= cut {
				want++
			}
		}
		foot, end, err := segment.Scan(bytes.NewReader(torn), int64(len(torn)))
		if cut < first {
			// The head is hit. ftyp and moov have no checksum: a flipped bit there
			// may leave a head that is read.
			if err == nil && !flip {
				t.Fatalf("a head cut at %d of %d was read", cut, first)
			}
			if err != nil && !errors.Is(err, segment.ErrCorrupt) {
				t.Fatalf("%v is not %v", err, segment.ErrCorrupt)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(foot.Fragments) != want {
			t.Fatalf("%d fragments, want %d", len(foot.Fragments), want)
		}
		if want > 0 && end != d.ends[want-1] || want == 0 && end != first {
			t.Fatalf("good up to %d, want fragment %d's end", end, want)
		}
	})
}

// A read that fails is no torn tail: the error comes through.
func TestScanReadError(t *testing.T) {
	t.Parallel()
	b := small(t)
	wrong := errors.New("the disk is gone")
	failed := 0
	for at := range int64(len(b)) {
		r := &failing{ReaderAt: bytes.NewReader(b), at: at, err: wrong}
		_, _, err := segment.Scan(r, int64(len(b)))
		if r.failed != errors.Is(err, wrong) {
			t.Fatalf("byte %d: a read failed: %v, the scan says %v", at, r.failed, err)
		}
		if r.failed {
			failed++
		}
	}
	if failed < 600 {
		t.Errorf("only %d of %d bytes are read", failed, len(b))
	}
}

// failing fails every read that touches a byte.
type failing struct {
	io.ReaderAt
	at     int64
	err    error
	failed bool
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if off <= f.at && f.at < off+int64(len(b)) {
		f.failed = true
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(b, off)
}

// A prefix of the table is the table of the shorter file.
func TestPrefix(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		n := rapid.IntRange(0, len(d.ends)).Draw(t, "fragments")
		if n == len(d.ends) {
			return
		}
		_, end, err := segment.ReadHead(bytes.NewReader(d.bytes), int64(len(d.bytes)))
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			end = d.ends[n-1]
		}
		want, _, err := segment.Scan(bytes.NewReader(d.bytes[:end]), end)
		if err != nil {
			t.Fatal(err)
		}
		got := d.foot.Prefix(n)
		if diff := cmp.Diff(want.Samples, got.Samples, same); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want.Fragments, got.Fragments, same); diff != "" {
			t.Error(diff)
		}
		if want.End != got.End {
			t.Errorf("ends at %v, want %v", got.End, want.End)
		}
	})
}

func FuzzReadFoot(f *testing.F) {
	b := small(f)
	f.Add(b)
	f.Add(b[len(b)-298:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var foot segment.Foot
		if err := segment.ReadFoot(bytes.NewReader(b), int64(len(b)), 0, &foot); err != nil {
			if !errors.Is(err, segment.ErrCorrupt) {
				t.Errorf("%v is not %v", err, segment.ErrCorrupt)
			}
			return
		}
		wantFoot(t, &foot, int64(len(b)))
	})
}

// FuzzFoot mutates a foot behind its checksum, so that the reader gets to see
// what is odd in it.
func FuzzFoot(f *testing.F) {
	b := small(f)
	var foot segment.Foot
	if err := segment.ReadFoot(bytes.NewReader(b), int64(len(b)), 0, &foot); err != nil {
		f.Fatal(err)
	}
	f.Add(segment.AppendFoot(nil, &foot)[24:258])
	f.Fuzz(func(t *testing.T, payload []byte) {
		const size = 1 << 20
		box := sealFoot(payload)
		var foot segment.Foot
		if err := segment.DecodeFoot(box, size, &foot); err != nil {
			if !errors.Is(err, segment.ErrCorrupt) {
				t.Errorf("%v is not %v", err, segment.ErrCorrupt)
			}
			return
		}
		wantFoot(t, &foot, size-int64(len(box)))
		var again segment.Foot
		if err := segment.DecodeFoot(segment.AppendFoot(nil, &foot), size, &again); err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(foot, again, same); diff != "" {
			t.Errorf("written again: %s", diff)
		}
	})
}

// FuzzHead mutates a head behind its checksum. What is accepted is written again
// as the same bytes.
func FuzzHead(f *testing.F) {
	b := small(f)
	f.Add(b[1097+24 : 1292])
	f.Fuzz(func(t *testing.T, payload []byte) {
		sum := crc32.Checksum(payload, segment.Castagnoli())
		payload = append(slices.Clone(payload), byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
		n := 24 + len(payload)
		box := append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, "uuidqianshao\x9c\x5e\x41\x01HEAD"...)
		box = append(box, payload...)
		file := append(slices.Clone(b[:1097]), box...)
		h, _, err := segment.ReadHead(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			if !errors.Is(err, segment.ErrCorrupt) {
				t.Errorf("%v is not %v", err, segment.ErrCorrupt)
			}
			return
		}
		again := segment.AppendHead(nil, h)
		file = append(slices.Clone(b[:1097]), again...)
		same2, _, err := segment.ReadHead(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if d := cmp.Diff(h, same2, same); d != "" {
			t.Errorf("written again: %s", d)
		}
	})
}

// A head of a newer or faulty writer is refused, not half understood.
func TestHeadRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *segment.Head){
		"unknown audio": func(h *segment.Head) { h.Tracks[1].Codec = 99 },
		"unknown video": func(h *segment.Head) { h.Tracks[0].Codec = 9 },
		"the same id":   func(h *segment.Head) { h.Tracks[1].ID = h.Tracks[0].ID },
		"two videos":    func(h *segment.Head) { h.Tracks[1].Codec = media.H264 },
		"audio first":   func(h *segment.Head) { h.Tracks[0].Codec = media.PCMA },
		"no clock":      func(h *segment.Head) { h.Tracks[1].Timescale = 0 },
		"no stream":     func(h *segment.Head) { h.Stream = "camera" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := small(t)
			h, _, err := segment.ReadHead(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			change(h)
			file := segment.AppendHead(slices.Clone(b[:1097]), h)
			if _, _, err := segment.ReadHead(bytes.NewReader(file), int64(len(file))); !errors.Is(err, segment.ErrCorrupt) {
				t.Errorf("%v", err)
			}
		})
	}
}

// wantFoot wants every byte range of a foot inside the bytes before size.
func wantFoot(t *testing.T, foot *segment.Foot, size int64) {
	t.Helper()
	end := int64(0)
	for i := range foot.Fragments {
		fr := &foot.Fragments[i]
		data := int64(8)
		for _, r := range fr.Runs {
			data += int64(r.Bytes)
		}
		if fr.Offset < end || fr.End() > size || data != int64(fr.MdatSize) {
			t.Fatalf("fragment %d: %+v behind %d in %d", i, fr, end, size)
		}
		end = fr.End()
	}
	for i, s := range foot.Samples {
		if len(s.Durs) != s.Len() || s.CTS != nil && len(s.CTS) != s.Len() {
			t.Fatalf("track %d: %d sizes, %d durations, %d offsets", i, s.Len(), len(s.Durs), len(s.CTS))
		}
		for k, y := range s.Syncs {
			if int(y.Index) >= s.Len() || k > 0 && y.Index <= s.Syncs[k-1].Index {
				t.Fatalf("track %d: sync points %v among %d samples", i, s.Syncs, s.Len())
			}
		}
	}
}

// sealFoot makes a FOOT box with a good checksum around a payload.
func sealFoot(payload []byte) []byte {
	n := uint32(24 + len(payload) + 16)
	u32 := func(b []byte, v uint32) []byte { return append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v)) }
	box := append(u32(nil, n), "uuidqianshao\x9c\x5e\x41\x01FOOT"...)
	box = append(box, payload...)
	box = u32(u32(u32(box, n), crc32.Checksum(payload, segment.Castagnoli())), 1)
	return append(box, "QSFT"...)
}

func FuzzScan(f *testing.F) {
	b := small(f)
	f.Add(b, 0, byte(0))
	f.Add(b[:1500], 1300, byte(1))
	f.Fuzz(func(t *testing.T, b []byte, at int, x byte) {
		b = slices.Clone(b)
		if at >= 0 && at < len(b) {
			b[at] ^= x
		}
		foot, end, err := segment.Scan(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, segment.ErrCorrupt) {
				t.Errorf("%v is not %v", err, segment.ErrCorrupt)
			}
			return
		}
		wantFoot(t, foot, end)
		// What is good is good without the rest, and sealed it is read back.
		again, end2, err := segment.Scan(bytes.NewReader(b[:end]), end)
		if err != nil || end2 != end {
			t.Fatalf("cut at %d: to %d, %v", end, end2, err)
		}
		if diff := cmp.Diff(foot, again, same); diff != "" {
			t.Errorf("cut: %s", diff)
		}
		sealed := segment.AppendFoot(b[:end:end], foot)
		var read segment.Foot
		if err := segment.ReadFoot(bytes.NewReader(sealed), int64(len(sealed)), 0, &read); err != nil {
			t.Fatalf("sealed: %v", err)
		}
		if diff := cmp.Diff(*foot, read, same); diff != "" {
			t.Errorf("sealed: %s", diff)
		}
	})
}

func FuzzNames(f *testing.F) {
	k := segment.Key{
		ID:   segment.ID{Stream: "c_abcdefgh234567ab.1", Epoch: 1, Boot: 2, Seq: 3},
		Span: timeline.Span{From: 1_763_942_400_000_000, To: 1_763_942_460_000_000}, SHA: [16]byte{1, 0xff},
	}
	for _, s := range []string{k.String(), k.File(), k.OpenFile(), "v1/00/x", "v1////", "-", ".open"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := segment.ParseKey(s); err == nil {
			if k.String() != s || k.Span.From > k.Span.To {
				t.Errorf("key %q is read as %q", s, k)
			}
			if back, err := segment.ParseFootFile(k.FootFile()); err != nil || back != k {
				t.Errorf("foot file %q is read as %v, %v", k.FootFile(), back, err)
			}
			if back, err := segment.ParseFile(k.File()); err != nil || back != k {
				t.Errorf("file %q of key %q: %v, %v", k.File(), s, back, err)
			}
		} else if !errors.Is(err, segment.ErrBadKey) {
			t.Errorf("%v is not %v", err, segment.ErrBadKey)
		}
		if k, err := segment.ParseFile(s); err == nil && k.File() != s {
			t.Errorf("file %q is read as %q", s, k.File())
		} else if err != nil && !errors.Is(err, segment.ErrBadKey) {
			t.Errorf("%v is not %v", err, segment.ErrBadKey)
		}
		if id, err := segment.ParseOpenFile(s); err == nil && id.OpenFile() != s {
			t.Errorf("open file %q is read as %q", s, id.OpenFile())
		} else if err != nil && !errors.Is(err, segment.ErrBadKey) {
			t.Errorf("%v is not %v", err, segment.ErrBadKey)
		}
	})
}
