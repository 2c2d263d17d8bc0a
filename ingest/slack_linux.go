package ingest

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how late the kernel may end a sleep of this process.
const timerSlack = 10 * time.Millisecond

// SetTimerSlack begins the program anew, with the same process id and arguments,
// as one whose sleeps the kernel may end a little late (prctl(2),
// PR_SET_TIMERSLACK), unless it is such a one already. Slack is a matter of
// threads, inherited by those they start, and the thread it is for, the
// runtime's monitor, is started before main: it sleeps 20 µs at a time for as
// long as anything runs, which with packets coming in all the time is a tenth of
// what recording costs. To be called before anything else. Where it cannot be
// had the program goes on without.
func SetTimerSlack() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(now) >= timerSlack {
		return
	}
	path, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) != nil {
		return
	}
	// A thread with a real-time policy keeps none, and says nothing.
	if now, err = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || time.Duration(now) < timerSlack {
		return
	}
	_ = syscall.Exec(path, os.Args, os.Environ())
}
