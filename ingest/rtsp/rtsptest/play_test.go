package rtsptest

import (
	"fmt"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/loop"
)

// TestEveryCodec records each video codec with each audio codec and finds every
// frame and every tone in its place.
func TestEveryCodec(t *testing.T) {
	t.Parallel()
	for _, video := range []loop.Codec{loop.H264, loop.H265, loop.MJPEG} {
		for _, sound := range []loop.Codec{loop.None, loop.AAC, loop.PCMA, loop.PCMU, loop.Opus} {
			if testing.Short() && sound != loop.AAC {
				continue
			}
			t.Run(fmt.Sprintf("%s-%s", video, sound), func(t *testing.T) {
				t.Parallel()
				cfg := small(video)
				cfg.Audio, cfg.Cameras = sound, 3
				if video != loop.MJPEG && (sound == loop.PCMA || sound == loop.Opus) {
					cfg.BFrames = 2
				}
				s := start(t, cfg)
				ext := "mp4"
				if sound == loop.PCMA || sound == loop.PCMU {
					ext = "mov" // this ffmpeg writes no G.711 into MP4
				}
				path := record(t, s.URL(2), 2.5, ext, "-rtsp_transport", "tcp")
				checkRecording(t, s, path, s.Sent(2), true)
				if len(s.Sent(1)) != 0 {
					t.Errorf("camera 1 was not asked but sent %v", s.Sent(1))
				}
				checkTones(t, path, sound != loop.None)
			})
		}
	}
}

// checkTones compares what sounds with the time in the stamps or codes beside.
func checkTones(t *testing.T, path string, want bool) {
	t.Helper()
	tones, err := audit.Tones(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if !want {
		if tones != nil {
			t.Errorf("sound where none was asked for: %v", tones)
		}
		return
	}
	if len(tones) < 15 {
		t.Fatalf("only %d tenths of sound", len(tones))
	}
	frames, err := audit.Codes(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if !frames[0].Stamped {
		return // MJPEG: the loop is shorter than the pattern
	}
	wall := float64(frames[0].TimeUS)/1e6 - frames[0].PTS
	good := 0
	for _, tone := range tones {
		at := wall + tone.PTS
		_, part := math.Modf(at)
		if part < 0.2 || part > 0.8 {
			continue // the step is near
		}
		if tone.Second != int(int64(at)%loop.AudioSeconds) {
			t.Errorf("at %.3f s (second %d) sounds %d", tone.PTS, int64(at)%loop.AudioSeconds, tone.Second)
		}
		good++
	}
	if good < 8 {
		t.Errorf("only %d tenths could be compared", good)
	}
}

func TestEmbeddedLoopOverUDP(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(listen, func(t *testing.T) {
			t.Parallel()
			if l, err := net.Listen("tcp", listen); err != nil {
				t.Skipf("no such address here: %v", err)
			} else if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			s := start(t, Config{Listen: listen, Audio: loop.PCMA, RefuseTCP: true})
			path := record(t, s.URL(1), 3, "mov", "-rtsp_transport", "udp")
			checkRecording(t, s, path, s.Sent(1), true)
			if got := s.Sessions(1); len(got) != 1 || got[0].Transport != "udp" {
				t.Errorf("sessions %+v", got)
			}
		})
	}
}

func TestSubStream(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	path := record(t, s.SubURL(1), 2, "mp4", "-rtsp_transport", "tcp")
	sessions := s.Sessions(1)
	if len(sessions) != 1 || !sessions[0].Sub || len(s.Sent(1)) != 0 {
		t.Fatalf("sessions %+v, main sent %v", sessions, s.Sent(1))
	}
	checkRecording(t, s, path, sessions[0].Sent, true)
}

// TestMediaFile loops a recording of another camera.
func TestMediaFile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: ffmpeg makes the film")
	}
	first := start(t, small(loop.H264))
	file := record(t, first.URL(1), 3, "mp4", "-rtsp_transport", "tcp")
	s := start(t, Config{Media: file})
	path := record(t, s.URL(1), 2.5, "mp4", "-rtsp_transport", "tcp")
	frames, err := audit.Presented(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		// Its own stamp stands in front of the file's.
		if !f.Stamped || f.Number != frames[0].Number+uint64(i) || f.TimeUS != s.FrameTime(f.Number) {
			t.Fatalf("frame %d: %+v after %+v", i, f, frames[0])
		}
	}
	if _, err := New(Config{Media: filepath.Join(t.TempDir(), "none.mp4")}); err == nil {
		t.Error("a missing file made a camera")
	}
}

// TestWaysToWrite records from cameras that write in pieces, keep parameter
// sets in one place, or open at the next key frame.
func TestWaysToWrite(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"packets":  func(c *Config) { c.Write = WritePackets },
		"bytes":    func(c *Config) { c.Write = WriteBytes },
		"sdp only": func(c *Config) { c.ParamSets = SetsSDP },
		"in band":  func(c *Config) { c.ParamSets = SetsInBand },
		"next key": func(c *Config) { c.StartAtNextKey = true },
		"tiny":     func(c *Config) { c.MaxPayload, c.Spread, c.Cameras = 300, true, 4 },
		"extra":    func(c *Config) { c.MetadataTrack, c.BackChannel = true, true },
	} {
		for _, codec := range []loop.Codec{loop.H264, loop.H265} {
			if testing.Short() && codec != loop.H264 {
				continue
			}
			t.Run(name+" "+string(codec), func(t *testing.T) {
				t.Parallel()
				cfg := small(codec)
				change(&cfg)
				s := start(t, cfg)
				// Only the video: ffmpeg cannot put metadata into MP4.
				path := filepath.Join(t.TempDir(), "r.mp4")
				if out, err := ffmpegPull(t, s.URL(1), []string{"-rtsp_transport", "tcp", "-allowed_media_types", "video", "-t", "2"}, path); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				checkRecording(t, s, path, s.Sent(1), false)
			})
		}
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{Auth: Basic}, {Auth: Digest}, {Auth: Digest, NoQOP: true}, {Auth: BasicAndDigest},
	} {
		t.Run(fmt.Sprintf("%s-%v", cfg.Auth, cfg.NoQOP), func(t *testing.T) {
			t.Parallel()
			cfg.Username, cfg.Password = "admin", "p:ss word"
			s := start(t, cfg)
			with := func(password string) string {
				return strings.Replace(s.URL(1), "://", "://admin:"+password+"@", 1)
			}
			path := record(t, with("p%3Ass%20word"), 1, "mp4", "-rtsp_transport", "tcp")
			checkRecording(t, s, path, s.Sent(1), false)
			if n := s.Counts().Refusals; n != 0 {
				t.Errorf("%d refusals of a good password", n)
			}
			out, err := ffmpegPull(t, with("wrong"), []string{"-rtsp_transport", "tcp", "-t", "1"}, filepath.Join(t.TempDir(), "x.mp4"))
			if err == nil || !strings.Contains(out, "401") {
				t.Errorf("a wrong password: %v %s", err, out)
			}
			if n := s.Counts().Refusals; n == 0 {
				t.Error("no refusal counted")
			}
		})
	}
}
