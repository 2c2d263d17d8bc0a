package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func lookServer(_ context.Context, p *patient) []finding {
	f := finding{Name: "server", Level: fine, Said: "none runs on " + p.cfg.Data}
	switch {
	case p.server != nil:
		f.Said = fmt.Sprintf("%s runs as process %d on http://%s", p.server.Version, p.server.PID, p.server.Listen)
	case p.locked:
		f = finding{
			"server", fail, "a process owns " + p.cfg.Data + " and does not answer on " + socketName,
			"it is starting or stopping: look again in a minute, then at its log; stop it if it hangs",
		}
	}
	return []finding{f}
}

func lookPorts(_ context.Context, p *patient) []finding {
	if p.server != nil {
		all := []finding{{Name: "port", Level: fine, Said: p.server.Listen + " is the server's"}}
		if p.server.Push != "" {
			all = append(all, finding{Name: "push", Level: fine, Said: "cameras publish to " + p.server.Push})
		}
		return all
	}
	all := []finding{lookPort("port", p.cfg.Listen, "serve with --listen 127.0.0.1:PORT")}
	if p.cfg.Push.Listen != "" {
		all = append(all, lookPort("push", p.cfg.Push.Listen, "set another push.listen"))
	}
	return all
}

// lookPort tries whether an address can be listened on.
func lookPort(name, addr, other string) finding {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		return finding{name, fail, addr + ": " + err.Error(), "stop what uses the port (ss -ltnp shows it), or " + other}
	}
	return finding{Name: name, Level: fine, Said: addr + " is free"}
}

// Magic numbers of statfs(2) for file systems that a spool should not lie on.
var badFS = map[int64]string{
	0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "SMB (CIFS)", 0xFE534D42: "SMB", 0x65735546: "FUSE", 0x01021994: "tmpfs", 0x4d44: "FAT",
}

func lookDisk(_ context.Context, p *patient) []finding {
	dir := nearestFolder(p.cfg.Data)
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return []finding{{"disk", fail, dir + ": " + err.Error(), "make the folder, or name another with --data"}}
	}
	free, total := int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize
	f := finding{Name: "disk", Level: fine, Said: fmt.Sprintf("%s of %s free under %s", bytesText(free), bytesText(total), dir)}
	s := p.cfg.Spool
	fix := "free disk space, lower retention.days, or set retention.max_bytes"
	switch {
	case free < int64(s.StopFree):
		f.Level, f.Fix = fail, fix+": recording has stopped (spool.stop_free)"
	case free < int64(s.RefuseFree):
		f.Level, f.Fix = fail, fix+": new cameras are refused (spool.refuse_free)"
	case free < int64(s.AlarmFree):
		f.Level, f.Fix = warn, fix
	}
	all := []finding{f}
	if st.Files > 0 && st.Ffree < st.Files/100 {
		all = append(all, finding{"inodes", fail, fmt.Sprintf("only %d of %d left", st.Ffree, st.Files), "delete small files, or use a file system with more inodes"})
	}
	if name := badFS[int64(uint32(st.Type))]; name != "" {
		all = append(all, finding{"file system", warn, name + " under " + dir + ": it may lose or stall synced footage", "put the data folder on a local disk (ext4 or XFS)"})
	}
	return all
}

// nearestFolder is the folder itself, or the first above it that exists.
func nearestFolder(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// Durations of a sync of 64 KiB, about a second of video.
const (
	syncs    = 16
	slowSync = 50 * time.Millisecond
	badSync  = 500 * time.Millisecond
)

func lookSpool(_ context.Context, p *patient) []finding {
	worst, err := syncTime(nearestFolder(p.cfg.Data))
	switch {
	case err != nil:
		return []finding{{"spool", fail, err.Error(), "let this user write to the data folder (chown, mount -o remount,rw)"}}
	case worst > badSync:
		return []finding{{"spool", fail, fmt.Sprintf("the slowest of %d syncs took %v", syncs, worst), "the disk is overloaded or failing: look at iostat and smartctl, or put the data folder on another disk"}}
	case worst > slowSync:
		return []finding{{"spool", warn, fmt.Sprintf("the slowest of %d syncs took %v", syncs, worst), "fine for some dozen cameras; for more, use an SSD, or spool.sync: group on a file system of its own"}}
	}
	return []finding{{Name: "spool", Level: fine, Said: fmt.Sprintf("the slowest of %d syncs took %v", syncs, worst)}}
}

// syncTime is the longest time a small append took to become durable.
func syncTime(dir string) (worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 64<<10)
	for range syncs {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		worst = max(worst, time.Since(began))
	}
	return worst.Round(100 * time.Microsecond), nil
}

func lookPrivacy(_ context.Context, p *patient) []finding {
	var all []finding
	for _, name := range []string{"secret.key", "registry.db", "accounts.db", "cases.db", socketName} {
		info, err := os.Stat(filepath.Join(p.cfg.Data, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // not yet made
		case err != nil:
			all = append(all, finding{"privacy", fail, err.Error(), "let this user read the data folder"})
		case info.Mode().Perm()&0o077 != 0:
			path := filepath.Join(p.cfg.Data, name)
			all = append(all, finding{"privacy", fail, fmt.Sprintf("%s has mode %04o: others may use it", path, info.Mode().Perm()), "chmod 600 " + path})
		}
	}
	info, err := os.Stat(p.cfg.Data)
	if err == nil && info.Mode().Perm()&0o007 != 0 {
		all = append(all, finding{"privacy", warn, fmt.Sprintf("%s has mode %04o: every user of this machine can read the footage", p.cfg.Data, info.Mode().Perm()), "chmod o= " + p.cfg.Data})
	}
	if len(all) == 0 && err == nil {
		all = append(all, finding{Name: "privacy", Level: fine, Said: "keys and footage are this user's alone"})
	}
	return all
}

func lookClock(context.Context, *patient) []finding {
	if why := clockTrouble(); why != "" {
		return []finding{{"clock", warn, why, "apt-get install chrony; until then footage does not expire by age (qianshao retention confirm overrides)"}}
	}
	return []finding{{Name: "clock", Level: fine, Said: "the kernel calls it synchronised"}}
}

func lookFFmpeg(ctx context.Context, p *patient) []finding {
	const fix = "apt-get install ffmpeg, or set pictures.ffmpeg; recording, clips and live view work without it"
	name := p.cfg.Pictures.FFmpeg
	out, err := exec.CommandContext(ctx, name, "-hide_banner", "-version").Output()
	if err != nil {
		return []finding{{"ffmpeg", warn, "snapshots cannot be made: " + err.Error(), fix}}
	}
	first, _, _ := strings.Cut(string(out), "\n")
	all := []finding{{Name: "ffmpeg", Level: fine, Said: strings.TrimSpace(first)}}
	if _, err := exec.LookPath("ffprobe"); err != nil {
		all = append(all, finding{"ffprobe", warn, "not found: recordings cannot be looked into with it", "apt-get install ffmpeg"})
	}
	return all
}

// filesPerCamera: sockets of main and sub, their spool files, segments in
// upload and in clips.
const filesPerCamera = 6

func lookFiles(_ context.Context, p *patient) []finding {
	limit := fileLimit()
	if p.server != nil {
		limit = p.server.FileLimit
	} else {
		var l syscall.Rlimit // Go raises the soft limit to the hard one at the start
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err == nil {
			limit = l.Max
		}
	}
	said := fmt.Sprintf("%d may be open at once: enough for %d cameras", limit, limit/filesPerCamera)
	if limit/filesPerCamera < 100 {
		return []finding{{"files", warn, said, "ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit"}}
	}
	return []finding{{Name: "files", Level: fine, Said: said}}
}
