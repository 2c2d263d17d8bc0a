package ingest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetStart gives back the pages of the program that only its start needed:
// tables and code of packages that are initialised and not used again, half of
// what is resident of it. They are clean pages of the file, which the kernel keeps
// in its cache anyway; one that is used again is mapped again.
func forgetStart() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	spans, err := programPages(f, exe)
	if err != nil {
		return err
	}
	for _, s := range spans {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, s[0], s[1]-s[0], unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// programPages finds where a program's own file is mapped, read-only and unchanged,
// in a list as of proc_pid_smaps(5). What the loader has written into, and what
// cannot be had from the file again, is left out.
func programPages(smaps io.Reader, exe string) (spans [][2]uintptr, err error) {
	lines := bufio.NewScanner(smaps)
	var at [2]uintptr
	ours := false
	for lines.Scan() {
		line := lines.Text()
		fields := strings.Fields(line)
		if len(fields) >= 6 && strings.Contains(fields[0], "-") {
			ours = fields[len(fields)-1] == exe && (fields[1] == "r-xp" || fields[1] == "r--p")
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &at[0], &at[1]); err != nil {
				return nil, fmt.Errorf("smaps: %.80q: %w", line, err)
			}
			continue
		}
		if ours && len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0" {
			spans = append(spans, at)
		}
	}
	return spans, lines.Err()
}
