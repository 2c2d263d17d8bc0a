package ingest

import (
	"net"
	"strings"
	"testing"
	"time"

	"qianshao/registry"
	"qianshao/storage/timeline"
)

// A carrier that has our server dial addresses learns nothing from what comes of it:
// refused, closed at once, silent, denied and unknown look the same, and are told at
// the same time.
func TestUnreachableLookAlike(t *testing.T) {
	t.Parallel()
	s := newStation(t, t.TempDir(), 1)
	listen := func() net.Listener {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		s.check(err)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	closed := listen() // accepts and hangs up
	go func() {
		for {
			c, err := closed.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	gone := listen()
	refused := gone.Addr().String()
	s.check(gone.Close())
	silent := listen() // what connects there waits for ever
	began := time.Now()
	urls := map[string]string{
		"refused": "rtsp://" + refused + "/a", "closed": "rtsp://" + closed.Addr().String() + "/a", "silent": "rtsp://" + silent.Addr().String() + "/a",
		"denied": "rtsp://169.254.169.254/a", "unknown": "rtsp://nobody.invalid/a",
	}
	for name, url := range urls {
		s.add(registry.Draft{Carrier: concealed, DeviceID: name, URL: registry.Set(url)})
	}
	open := s.add(registry.Draft{DeviceID: "own", URL: registry.Set(urls["denied"])}) // of the site itself
	state := func(device string) registry.State { return s.reg.State(s.ids[device].Stream(0)) }
	s.until("the site's own camera", func() bool { return s.reg.State(open.Stream(0)).Phase == registry.Waiting })
	told := map[string]time.Duration{}
	s.until("all are told", func() bool {
		for name := range urls {
			if st := state(name); st.LastError != "" && told[name] == 0 {
				told[name] = time.Since(began)
			}
		}
		return len(told) == len(urls)
	})
	for name := range urls {
		st := state(name)
		if st.Phase != registry.Connecting || st.Cause != timeline.CameraOffline || st.LastError != (&unreachable{}).Error() || st.Reconnects != 0 {
			t.Errorf("%s: %s %s %q, %d reconnects", name, st.Phase, st.Cause, st.LastError, st.Reconnects)
		}
		if st.Why == "" || strings.Contains(st.LastError, st.Why) {
			t.Errorf("%s: operators are told %q", name, st.Why)
		}
		if told[name] < s.sup.cfg.Connect {
			t.Errorf("%s: told after %v, which others cannot be", name, told[name])
		}
	}
}
