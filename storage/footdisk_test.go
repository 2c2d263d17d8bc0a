package storage

import (
	"bytes"
	"testing"

	"qianshao/storage/segment"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

func diskKey(seq uint32) segment.Key {
	from := 1_795_424_400*timeline.Second + timeline.Micros(seq)*timeline.Minute
	return segment.Key{
		ID:   segment.ID{Stream: "c_aaaaaaaaaaaaaaaa.0", Epoch: 1, Boot: 1, Seq: seq},
		Span: timeline.Span{From: from, To: from + timeline.Minute},
	}
}

func kept(fsys vfs.FS, t *testing.T) []string {
	t.Helper()
	list, err := fsys.ReadDir(footFolder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// Feet on disk take no more than they may, also of an earlier process; those used
// longest ago go first.
func TestFeetOnDiskAreBounded(t *testing.T) {
	t.Parallel()
	fsys, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := &footDisk{most: 3 * diskBlock}
	box := []byte("a foot")
	for seq := range uint32(4) {
		if seq == 3 {
			d.get(fsys, diskKey(0), int32(len(box))) // used: the next to go is 1
		}
		if err := d.put(fsys, diskKey(seq), box, d.ticket()); err != nil {
			t.Fatal(err)
		}
	}
	for seq, want := range []bool{true, false, true, true} {
		got, ok := d.get(fsys, diskKey(uint32(seq)), int32(len(box)))
		if ok != want || ok && !bytes.Equal(got, box) {
			t.Errorf("foot %d: %q, %v", seq, got, ok)
		}
	}
	if names := kept(fsys, t); len(names) != 3 {
		t.Errorf("%q, want three files", names)
	}
	other, err := fsys.Create(footFolder + "/notes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	again := &footDisk{most: 2 * diskBlock}
	found := 0
	for seq := range uint32(4) {
		if _, ok := again.get(fsys, diskKey(seq), int32(len(box))); ok {
			found++
		}
	}
	if names := kept(fsys, t); found != 2 || len(names) != 3 {
		t.Errorf("a later process with less room finds %d feet among %q, want 2 and a file that is not its own", found, names)
	}
}

// What is deleted while it is read is not kept.
func TestFeetOfTheDeletedAreNotKept(t *testing.T) {
	t.Parallel()
	fsys, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, k := &footDisk{}, diskKey(1)
	if err := d.drop(fsys, k); err != nil {
		t.Fatalf("without a folder: %v", err)
	}
	before := d.ticket()
	if err := d.put(fsys, k, []byte("foot"), before); err != nil {
		t.Fatal(err)
	}
	// A process that has not listed the folder deletes, too.
	if err := (&footDisk{}).drop(fsys, k); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.get(fsys, k, 4); ok || len(kept(fsys, t)) != 0 {
		t.Errorf("the foot is still there: %q", kept(fsys, t))
	}
	if err := d.drop(fsys, k); err != nil {
		t.Fatal(err)
	}
	if err := d.put(fsys, k, []byte("foot"), before); err != nil {
		t.Fatal(err)
	}
	if names := kept(fsys, t); len(names) != 0 {
		t.Errorf("read before the deletion and kept after it: %q", names)
	}
	var boxes footCache[[]byte]
	before = boxes.ticket()
	boxes.drop(k.ID)
	boxes.put(k.ID, []byte("foot"), 4, footBoxBytes, before)
	if _, ok := boxes.get(k.ID); ok {
		t.Error("in memory: read before the deletion and kept after it")
	}
}
