package register

import (
	"bytes"
	"testing"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// A line that is taken for sound is one that we write for what it says.
func FuzzParseLine(f *testing.F) {
	e := Entry{
		Chain: "r_aaaaaaaaaaaaaaaa", Seq: 7, At: 1_800_000_000_000_000, Kind: ViewingOpen, Who: "z\u2028", Viewing: "v_aaaaaaaaaaaaaaaa",
		Cameras: []media.CameraID{"c_aaaaaaaaaaaaaaaa"}, Span: timeline.Span{From: 1, To: timeline.Forever}, Through: &Mark{1, "x"},
		Of: &Mark{6, Hash{6: 1}.String()},
	}
	line, err := appendLine(nil, &e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(bytes.ToUpper(line))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, sound, err := parseLine(b)
		if err != nil || !sound {
			return
		}
		if err := e.check(); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := appendLine(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		if f, sound, err := parseLine(again); err != nil || !sound || f.Seq != e.Seq || f.Who != e.Who || f.Span != e.Span {
			t.Fatalf("%s\n%s: %v", b, again, err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("r_aaaaaaaaaaaaaaaa.7~r_bbbbbbbbbbbbbbbb.1")
	f.Add("~.")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseCursor(text)
		if err != nil {
			return
		}
		if again, err := parseCursor(cursor(at)); err != nil || len(again) != len(at) {
			t.Fatalf("%q: %v became %v, %v", text, at, again, err)
		}
	})
}
