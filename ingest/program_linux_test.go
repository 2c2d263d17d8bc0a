package ingest

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestProgramPages(t *testing.T) {
	t.Parallel()
	const table = `00400000-00c00000 r-xp 00000000 fe:00 131 /opt/qianshao
Size:               8192 kB
Rss:                4096 kB
Private_Dirty:         4 kB
Anonymous:             0 kB
00c00000-01400000 r--p 00800000 fe:00 131 /opt/qianshao
Private_Dirty:         8 kB
Anonymous:             8 kB
01400000-01480000 rw-p 01000000 fe:00 131 /opt/qianshao
Private_Dirty:         4 kB
Anonymous:             0 kB
7f0000000000-7f0000100000 r-xp 00000000 fe:00 99 /usr/lib/libc.so.6
Private_Dirty:         4 kB
Anonymous:             0 kB
7f0000200000-7f0000300000 r--p 00000000 00:00 0
Private_Dirty:         4 kB
Anonymous:             0 kB
`
	got, err := programPages(strings.NewReader(table), "/opt/qianshao")
	if want := [][2]uintptr{{0x400000, 0xc00000}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%x, %v; want what is read-only, ours and unchanged: %x", got, err, want)
	}
}

// The program goes on over pages that it gave back.
func TestForgetStart(t *testing.T) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("no /proc")
	}
	defer f.Close() //nolint:errcheck // only read
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spans, err := programPages(f, exe)
	if err != nil || len(spans) == 0 {
		t.Fatalf("nothing of %s is mapped: %v", exe, err)
	}
	for range 3 {
		if err := forgetStart(); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
	}
	if got := strings.Repeat("ab", 3); got != "ababab" {
		t.Error(got)
	}
}
