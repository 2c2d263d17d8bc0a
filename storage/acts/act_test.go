package acts

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	cam    = media.CameraID("c_aaaaaaaaaaaaaaaa")
	stream = media.StreamID("c_aaaaaaaaaaaaaaaa.0")
)

func ptr(f float64) *float64 { return &f }

var examples = []Act{
	{
		ID: "a_1", Kind: Enrol, Camera: cam, Span: timeline.Span{From: 1_764_000_000_000_000, To: timeline.Forever}, At: 1_764_000_000_000_001,
		Source: "operator", Actor: "li.wei", Enrolled: &Enrolment{Carrier: "local", Device: "D-7", Name: "村口", Lon: ptr(104.9), Lat: ptr(25.1), Azimuth: ptr(0), Streams: 2},
	},
	{ID: "a_2", Kind: Reason, Stream: stream, Span: timeline.Span{From: 5, To: timeline.Forever}, Cause: timeline.Stalled, Source: "ingest", At: 9},
	{ID: "a_3", Kind: Reason, Of: "a_2", Stream: stream, Span: timeline.Span{From: 5, To: 8}, Cause: timeline.Stalled, Source: "ingest", At: 10},
	{ID: "a_4", Kind: Hold, Camera: cam, Span: timeline.Span{From: 5, To: 8}, Source: "operator", At: 11},
	{ID: "a_5", Kind: Release, Of: "a_4", Camera: cam, Source: "operator", At: 12},
	{ID: "a_6", Kind: Expire, Stream: stream, Span: timeline.Span{From: 1, To: 60}, LastStart: 40, Cause: timeline.Expired, Source: "upkeep", At: 13},
	{ID: "a_7", Kind: Erase, Camera: cam, Span: timeline.Span{To: timeline.Forever}, Cause: timeline.ConsentWithdrawn, Source: "operator", At: 14},
	{ID: "a_8", Kind: Remove, Camera: cam, Span: timeline.Span{From: 70, To: 70}, Source: "operator", At: 15},
}

func TestActRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range examples {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Act
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", b, diff)
		}
	}
}

// The JSON form is read by later versions and by other programs.
func TestActJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(examples[1])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"id":"a_2","kind":"cause","stream":"c_aaaaaaaaaaaaaaaa.0","from_us":5,` +
		`"to_us":253402300799999999,"cause":"stalled","source":"ingest","at_us":9}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestBadActs(t *testing.T) {
	t.Parallel()
	const good = `{"v":1,"id":"a_2","kind":"cause","stream":"c_aaaaaaaaaaaaaaaa.0","from_us":5,"to_us":6,"cause":"stalled","at_us":9}`
	var a Act
	if err := json.Unmarshal([]byte(good), &a); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"v":1`, `"v":2`},
		{`a_2`, `A/2`},
		{`a_2`, ``},
		{`"kind":"cause"`, `"kind":"dance"`},
		{`"kind":"cause"`, `"kind":"enrol"`},
		{`"kind":"cause"`, `"kind":"release"`},
		{`aaaa.0`, `aaaa.9`},
		{`"stream"`, `"camera"`},
		{`"stream":`, `"camera":"c_aaaaaaaaaaaaaaaa","stream":`},
		{`"to_us":6`, `"to_us":4`},
		{`"from_us":5`, `"from_us":-5`},
		{`stalled`, `tired`},
		{`"at_us":9`, `"at_us":0`},
		{`"at_us":9`, `"at_us":9,"last_start_us":7`},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if err := json.Unmarshal([]byte(text), &a); !errors.Is(err, ErrBadAct) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRemoves(t *testing.T) {
	t.Parallel()
	expire := examples[5]
	for start, want := range map[timeline.Micros]bool{0: false, 1: true, 40: true, 41: false, 60: false} {
		if got := expire.Removes(stream, start); got != want {
			t.Errorf("a start at %d: %v", start, got)
		}
	}
	if expire.Removes(cam.Stream(1), 1) {
		t.Error("another stream is concerned")
	}
	if erase := examples[6]; !erase.Removes(cam.Stream(2), 1_764_000_000_000_000) {
		t.Error("erasing a camera spares a stream")
	}
	if cause := examples[1]; cause.Removes(stream, 5) {
		t.Error("a cause removes footage")
	}
}

func TestLinesSurviveTearing(t *testing.T) {
	t.Parallel()
	var file []byte
	var ends []int
	for _, a := range examples {
		var err error
		if file, err = appendLine(file, &a); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(file))
	}
	for cut := range len(file) {
		whole := 0
		for _, e := range ends {
			if e <= cut {
				whole++
			}
		}
		if lines, _ := readLocal(file[:cut]); len(lines) != whole {
			t.Fatalf("cut at %d: %d lines, want %d", cut, len(lines), whole)
		}
	}
	// A torn line in the middle costs that line alone.
	file[ends[2]+20] ^= 0x10
	lines, torn := readLocal(file)
	if len(lines) != len(examples)-1 || torn != 1 {
		t.Errorf("%d lines, %d torn", len(lines), torn)
	}
}

func TestBatchKeyRoundTrip(t *testing.T) {
	t.Parallel()
	k := batchKey{at: 1_764_000_000_000_000, id: "a_x-y", sha: [8]byte{1, 2, 3}}
	const want = "v1/acts/20251124/1764000000000000-a_x-y-0102030000000000.jsonl"
	if k.String() != want {
		t.Fatalf("key is %s", k)
	}
	if got, err := parseBatchKey(want); err != nil || got != k {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzAct(f *testing.F) {
	for _, a := range examples {
		b, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Act
		if json.Unmarshal(b, &a) != nil {
			return
		}
		line, err := appendLine(nil, &a)
		if err != nil {
			t.Fatal(err)
		}
		lines, torn := readLocal(line)
		if len(lines) != 1 || torn != 0 {
			t.Fatalf("%q: %d lines, %d torn", line, len(lines), torn)
		}
		var again Act
		if err := json.Unmarshal(lines[0], &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("(-first +second)\n%s", diff)
		}
	})
}

func FuzzLocalFile(f *testing.F) {
	line, err := appendLine(nil, &examples[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line[:len(line)-3:len(line)-3], line...))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, torn := readLocal(b)
		if len(lines) == 0 && torn == 0 && len(b) > 0 {
			t.Fatal("bytes vanished without trace")
		}
		_, _ = parseObject(joinLines(lines)) // must not panic
	})
}

func FuzzBatchKey(f *testing.F) {
	f.Add("v1/acts/20251124/1764000000000000-a_x-y-0102030000000000.jsonl")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := parseBatchKey(s); err == nil && k.String() != s {
			t.Fatalf("%q became %q", s, k)
		}
		if n, ok := parseFileName(s); ok && n.String() != s {
			t.Fatalf("%q became %q", s, n)
		}
	})
}
