package recorder_test

import (
	"testing"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/vfs"
)

// slowDisk takes its time for each write.
type slowDisk struct {
	vfs.FS
	write time.Duration
}

func (d slowDisk) Create(name string) (vfs.File, error) {
	f, err := d.FS.Create(name)
	return slowFile{f, d.write}, err
}

type slowFile struct {
	vfs.File
	write time.Duration
}

func (f slowFile) Writev(bufs [][]byte) (int64, error) {
	time.Sleep(f.write)
	return f.File.Writev(bufs)
}

// Large key frames follow each other faster than the first is placed and
// written; nothing is given up.
func TestLargeKeyFramesAtASlowDisk(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"4 MB": 4_000_000, "4.7 MB": 4_700_000, "5 MB": 5_000_000, "5.5 MB": 5_500_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := vfs.Dir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s := newStudio(t, 4*time.Second, slowDisk{dir, 100 * time.Millisecond})
			s.begin(false)
			const pictures = 75
			for i := range pictures {
				at := time.Duration(i) * 40 * time.Millisecond
				if i%25 == 0 {
					s.pictureAs(at, at, media.KeyFrame, plainTrack(), size)
				} else {
					s.pictureAs(at, at, media.NoSync, nil, 50_000)
				}
				time.Sleep(40 * time.Millisecond)
			}
			kept := 0
			for _, v := range s.wrap() {
				kept += len(s.numbers(v))
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if kept != pictures || len(s.lost) > 0 {
				t.Errorf("%d of %d pictures are kept, lost %v", kept, pictures, s.lost)
			}
		})
	}
}
