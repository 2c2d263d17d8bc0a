package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// Sound goes along live: G.711 as FLAC of the same samples, all as it came where that is
// asked for; a camera that falls mute does not hold up its pictures.
func TestLiveSound(t *testing.T) {
	t.Parallel()
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	for _, c := range []struct {
		codec    media.Codec
		channels int
		audio    string
		seconds  int // of sound, of three of pictures
		codecs   string
	}{
		{media.PCMA, 1, "", 3, "flac"},
		{media.PCMU, 1, "play", 3, "flac"},
		{media.PCMA, 2, "play", 3, "flac"},
		{media.PCMA, 1, "play", 1, "flac"},
		{media.PCMU, 1, "original", 3, "ulaw"},
		{media.PCMA, 1, "none", 0, ""},
		{media.AAC, 1, "", 3, "mp4a.40.2"},
	} {
		t.Run(fmt.Sprintf("%v %d %s %d", c.codec, c.channels, c.audio, c.seconds), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nil)
			id := s.camera("local", "GATE", 104.9, 25.09)
			a := storagetest.NewSound(t, storagetest.SoundSpec{Codec: c.codec, Channels: c.channels})
			topic := s.hub.Topic(media.StreamID(id + ".0"))
			var answer *http.Response
			var got []byte
			done := make(chan struct{})
			go func() {
				defer close(done)
				answer, got = s.get("/api/v1/cameras/GATE/live.mp4?audio=" + c.audio)
			}()
			if err := waitFor(t.Context(), topic.Wanted); err != nil {
				t.Fatal(err)
			}
			session := &live.Session{Tracks: []media.Track{v.Track, a.Track}}
			var sent []byte // sound
			n := 0
			for i := range 75 {
				x := v.Samples[i]
				topic.Publish(live.Sample{
					Session: session, Tick: int64(i) * v.Step(), Dur: uint32(v.Step()), Sync: x.Sync, Wall: begin + timeline.Micros(i)*40_000, Data: x.Data,
				})
				// As much sound as there are pictures.
				for ; int64(n)*a.Dur*25 < int64(i+1)*int64(a.Track.Timescale) && i < 25*max(c.seconds, 1); n++ {
					topic.Publish(live.Sample{Session: session, Track: 1, Tick: int64(n) * a.Dur, Dur: uint32(a.Dur), Data: a.Samples[n].Data})
					sent = append(sent, a.Samples[n].Data...)
				}
			}
			topic.Publish(live.Sample{Session: &live.Session{Tracks: []media.Track{v.Track}}, Sync: media.KeyFrame, Data: v.Samples[0].Data}) // ends it
			<-done
			want := `video/mp4; codecs="` + v.Track.RFC6381()
			if c.codecs != "" {
				want += ", " + c.codecs
			}
			if kind := answer.Header.Get("Content-Type"); kind != want+`"` {
				t.Errorf("%s, want %s", kind, want)
			}
			if n := bytes.Count(got, []byte("moof")); n < 1 {
				t.Errorf("%d fragments", n)
			}
			if c.codecs == "" {
				if n := bytes.Count(got, []byte("trak")); n != 1 {
					t.Errorf("%d tracks", n)
				}
				return
			}
			pcm := decoded(t, got, "-i", "-")
			if c.codec == media.AAC {
				if len(pcm) < 2*3*a.Track.SampleRate*9/10 {
					t.Errorf("%d bytes of sound", len(pcm))
				}
				return
			}
			law := map[media.Codec]string{media.PCMA: "alaw", media.PCMU: "mulaw"}[c.codec]
			heard := decoded(t, sent, "-f", law, "-ar", fmt.Sprint(a.Track.SampleRate), "-ac", fmt.Sprint(c.channels), "-i", "-")
			if !bytes.HasPrefix(pcm, heard) {
				t.Errorf("%d bytes of sound are not the %d that were sent", len(pcm), len(heard))
			}
			rest := pcm[min(len(heard), len(pcm)):]
			if c.seconds == 3 && len(rest) > 0 || c.seconds == 1 && len(rest) < 2*a.Track.SampleRate || strings.Trim(string(rest), "\x00") != "" {
				t.Errorf("then %d bytes", len(rest))
			}
		})
	}
}

// decoded is the sound that ffmpeg makes of its input, 16 bits a sample.
func decoded(t *testing.T, b []byte, in ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error", "-xerror"}, in...), "-map", "0:a", "-f", "s16le", "-")...)
	cmd.Stdin = bytes.NewReader(b)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err != nil || told.Len() > 0 {
		t.Fatalf("%v: %s", err, told.Bytes())
	}
	return out
}
