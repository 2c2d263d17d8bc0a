package segment_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

var update = flag.Bool("update", false, "write golden files and the dump in docs/segment.md anew")

const (
	golden = "testdata/small.mp4"
	page   = "../docs/segment.md"
)

// small builds the segment of the page: two fragments, the second with sound.
// The pictures are not decodable; their bytes say which they are.
func small(t testing.TB) []byte {
	t.Helper()
	head := segment.Head{
		ID:    segment.ID{Stream: "c_abcdefgh234567ab.0", Epoch: 1, Boot: 1_763_942_400, Seq: 7},
		Start: 1_763_942_400_000_000, Clock: segment.ClockUnsynced, NewRun: true, Created: 1_763_942_400_250_000, Break: "start",
		Tracks: []media.Track{
			{
				ID: 1, Codec: media.H264, Timescale: 90000, Width: 64, Height: 48, ReorderDelay: 3600,
				SPS: [][]byte{{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x26, 0xc0}}, PPS: [][]byte{{0x68, 0xce, 0x3c, 0x80}},
			},
			{ID: 2, Codec: media.PCMA, Timescale: 8000, SampleRate: 8000, Channels: 1},
		},
		Maps: []segment.TimeMap{
			{Tick0: 90000, US0: 1_763_942_400_000_000, PPB: -1200},
			{Tick0: 8000, US0: 1_763_942_400_000_000},
		},
	}
	copy(head.Store[:], "0123456789abcdef")
	out, err := fmp4.AppendInit(nil, head.Tracks, 0)
	if err != nil {
		t.Fatal(err)
	}
	out = segment.AppendHead(out, &head)
	foot := &segment.Foot{
		Head: head, End: head.Start + 160_000, Reason: segment.EndRun, Samples: make([]segment.Samples, 2),
		Report:   segment.SenderReport{NTP: 0xec_c5_a2_00_80_00_00_00, RTP: 12345, Arrival: head.Start + 1000},
		ClockOff: -1500, ClockUnc: 900, LostPkts: 3, Reordered: 2, Damaged: 1,
	}
	fragment := func(runs []fmp4.Run, samples ...string) {
		at := len(out)
		var moof int
		out, moof = fmp4.AppendMoof(out, uint32(len(foot.Fragments))+1, runs)
		for _, s := range samples {
			out = append(out, s...)
		}
		sum := crc32.Checksum(out[at:], segment.Castagnoli())
		out = segment.AppendCommit(out, uint32(len(foot.Fragments)), uint32(len(out)-at), sum)
		foot.Add(int64(at), uint32(moof), runs)
	}
	fragment([]fmp4.Run{
		{TrackID: 1, FirstTick: 86400, Sizes: []uint32{9, 7}, Durs: []uint32{3600, 3600}, CTS: []uint32{3600, 7200}, Kinds: []uint8{1, 0}},
		{TrackID: 2},
	}, "key frame", "picture")
	fragment([]fmp4.Run{
		{TrackID: 1, FirstTick: 93600, Sizes: []uint32{8, 12}, Durs: []uint32{3600, 3600}, CTS: []uint32{0, 3600}, Kinds: []uint8{0, 3}},
		{TrackID: 2, FirstTick: 8000, Sizes: []uint32{10}, Durs: []uint32{10}},
	}, "B-frame.", "recovery one", "ten bytes.")
	return segment.AppendFoot(out, foot)
}

// The bytes of today's encoder are those of the golden file, and today's reader
// reads it: the format has not changed by accident.
func TestGolden(t *testing.T) {
	t.Parallel()
	now := small(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, now, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(now, want) {
		t.Errorf("the encoder writes %d bytes unlike the %d of %s: a change of format needs a new version", len(now), len(want), golden)
	}
	r := bytes.NewReader(want)
	var foot segment.Foot
	if err := segment.ReadFoot(r, int64(len(want)), 0, &foot); err != nil {
		t.Fatal(err)
	}
	scanned, end, err := segment.Scan(r, int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	if last := foot.Fragments[1].End(); end != last || len(scanned.Fragments) != 2 {
		t.Errorf("scanned %d fragments to %d, the foot says %d", len(scanned.Fragments), end, last)
	}
	if got := scanned.Keyframes(); len(got) != 2 || got[0] != foot.Start {
		t.Errorf("key frames at %v, the segment starts at %v", got, foot.Start)
	}
}

// The page shows the bytes that are written.
func TestPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "```dump\n")
	old, after, ok2 := strings.Cut(rest, "```\n")
	if !ok || !ok2 {
		t.Fatalf("%s has no dump", page)
	}
	now := dump(t, small(t))
	if *update {
		if err := os.WriteFile(page, []byte(before+"```dump\n"+now+"```\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != now {
		t.Errorf("%s shows\n%s\nthe bytes are\n%s(go test -update)", page, old, now)
	}
}

// dump reads a segment as the page describes it. It shares no code with the
// reader.
func dump(t *testing.T, b []byte) string {
	t.Helper()
	d := &dumper{t: t, all: b}
	for at := 0; at < len(b); {
		size := int(binary.BigEndian.Uint32(b[at:]))
		kind := string(b[at+4 : at+8])
		name := kind
		if kind == "uuid" {
			name = "uuid " + string(b[at+20:at+24])
		}
		fmt.Fprintf(&d.out, "%6d  %s, %d bytes\n", at, name, size)
		d.at = at + 24
		switch name {
		case "uuid HEAD":
			d.head()
		case "uuid CMIT":
			crc := crc32.Checksum(b[d.from:at], crc32.MakeTable(crc32.Castagnoli))
			crc = crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), b[at+24:at+32])
			d.fixed("seq", 4)
			d.fixed("length", 4)
			if got := binary.BigEndian.Uint32(b[d.at:]); got != crc {
				t.Errorf("commit at %d says %08x, its bytes are %08x", at, got, crc)
			}
			d.fixed("crc", 4)
		case "uuid FOOT":
			d.foot(at, size)
		case "moof":
			d.from = at
		}
		if name != "ftyp" && name != "moov" && name != "moof" && name != "mdat" && d.at != at+size {
			t.Errorf("%s at %d: read to %d of %d", name, at, d.at, at+size)
		}
		at += size
	}
	fmt.Fprintf(&d.out, "%6d  end; SHA-256 %x\n", len(b), sha256.Sum256(b))
	return d.out.String()
}

// dumper prints fields as it reads them.
type dumper struct {
	t      *testing.T
	all    []byte
	at     int // next byte
	from   int // of the moof last seen
	out    strings.Builder
	tracks int
}

func (d *dumper) line(name string, n int, value any) {
	hex := fmt.Sprintf("% x", d.all[d.at:d.at+n])
	if n > 12 {
		hex = fmt.Sprintf("% x … (%d)", d.all[d.at:d.at+10], n)
	}
	line := fmt.Sprintf("%6d    %-22s %-38s %v", d.at, name, hex, value)
	d.out.WriteString(strings.TrimRight(line, " ") + "\n")
	d.at += n
}

func (d *dumper) u(name string) uint64 {
	v, n := binary.Uvarint(d.all[d.at:])
	d.line(name, n, v)
	return v
}

func (d *dumper) s(name string) {
	v, n := binary.Varint(d.all[d.at:])
	d.line(name, n, v)
}

func (d *dumper) b(name string) {
	v, n := binary.Uvarint(d.all[d.at:])
	value := ""
	if name == "stream" || name == "break" {
		value = fmt.Sprintf("%q", d.all[d.at+n:d.at+n+int(v)])
	}
	d.line(name, n+int(v), value)
}

func (d *dumper) fixed(name string, n int) {
	value := ""
	if n == 4 && name != "crc" && name != "magic" {
		value = fmt.Sprint(binary.BigEndian.Uint32(d.all[d.at:]))
	}
	d.line(name, n, value)
}

func (d *dumper) head() {
	for _, name := range []string{"version", "checksum suite", "hash suite"} {
		d.u(name)
	}
	d.fixed("store", 16)
	d.b("stream")
	for _, name := range []string{"epoch", "boot", "seq"} {
		d.u(name)
	}
	d.s("start")
	d.u("clock")
	d.u("new run")
	d.s("created")
	d.fixed("prev", 32)
	d.b("break")
	d.tracks = int(d.u("tracks"))
	for i := range d.tracks {
		for _, name := range []string{"id", "codec", "timescale", "width", "height", "reorder delay", "sample rate", "channels"} {
			d.u(fmt.Sprintf("%d %s", i, name))
		}
		for _, name := range []string{"VPS", "SPS", "PPS"} {
			for range d.u(fmt.Sprintf("%d %s count", i, name)) {
				d.b(fmt.Sprintf("%d %s", i, name))
			}
		}
		d.b(fmt.Sprintf("%d config", i))
		for _, name := range []string{"tick0", "us0", "ppb"} {
			d.s(fmt.Sprintf("%d %s", i, name))
		}
	}
	d.fixed("crc", 4)
}

func (d *dumper) foot(at, size int) {
	d.u("version")
	d.b("head")
	d.s("end")
	d.fixed("reason", 1)
	d.u("report NTP")
	d.u("report RTP")
	d.s("report arrival")
	d.s("clock offset")
	d.s("clock uncertainty")
	for _, name := range []string{"lost", "reordered", "damaged"} {
		d.u(name)
	}
	samples := make([]int, d.tracks)
	for i := range d.u("fragments") {
		d.u(fmt.Sprintf("%d gap", i))
		d.u(fmt.Sprintf("%d moof size", i))
		for track := range d.tracks {
			n := int(d.u(fmt.Sprintf("%d track %d samples", i, track)))
			if samples[track] += n; n > 0 {
				d.s(fmt.Sprintf("%d track %d first tick", i, track))
			}
		}
	}
	runs := func(name string, n int) {
		for n > 0 {
			n -= int(d.u(name + " count"))
			d.u(name)
		}
	}
	for track, n := range samples {
		for range n {
			d.u(fmt.Sprintf("track %d size", track))
		}
		runs(fmt.Sprintf("track %d duration", track), n)
		has := d.all[d.at]
		d.fixed(fmt.Sprintf("track %d composition", track), 1)
		if has == 1 {
			runs(fmt.Sprintf("track %d offset", track), n)
		}
		for range d.u(fmt.Sprintf("track %d sync points", track)) {
			d.u(fmt.Sprintf("track %d sync", track))
		}
	}
	payload := d.all[at+24 : d.at]
	if got := binary.BigEndian.Uint32(d.all[d.at:]); int(got) != size {
		d.t.Errorf("the trailer says %d bytes, the box has %d", got, size)
	}
	d.fixed("foot size", 4)
	if got, want := binary.BigEndian.Uint32(d.all[d.at:]), crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)); got != want {
		d.t.Errorf("the trailer says %08x, the payload is %08x", got, want)
	}
	d.fixed("crc", 4)
	d.fixed("version", 4)
	d.fixed("magic", 4)
}

// Wall times of the page's affine map.
func TestPageTimes(t *testing.T) {
	t.Parallel()
	m := segment.TimeMap{Tick0: 90000, US0: 1_000_000, PPB: -1200}
	for tick, want := range map[int64]timeline.Micros{90000: 1_000_000, 93600: 1_040_000, 90000 * 61: 60_999_928, 89999: 999_989} {
		if got := m.Wall(tick, 90000); got != want {
			t.Errorf("tick %d is at %d, want %d", tick, got, want)
		}
	}
}
