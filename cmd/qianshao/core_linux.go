package main

import "golang.org/x/sys/unix"

// noCore keeps the memory of this process, in which passwords stand while
// cameras are dialled, out of core files and from other processes of the same
// user (core(5), PR_SET_DUMPABLE in prctl(2)). Where it cannot be had the program
// goes on without.
func noCore() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
