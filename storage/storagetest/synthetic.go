package storagetest

import (
	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// Synthetic footage: MJPEG pictures and A-law sound need no parameter sets, so
// any bytes will do.

// Pictures is the track of synthetic pictures, 25 a second.
func Pictures() media.Track {
	return media.Track{ID: 1, Codec: media.MJPEG, Timescale: 90_000, Width: 64, Height: 48}
}

// Sounds is the track of synthetic sound.
func Sounds() media.Track {
	return media.Track{ID: 2, Codec: media.PCMA, Timescale: 8_000, SampleRate: 8_000, Channels: 1}
}

// FrameTicks and FrameMicros are the length of one synthetic picture.
const (
	FrameTicks  = 3_600
	FrameMicros = 40_000
)

// Part is b as a Part.
func Part(b []byte) media.Part {
	var c media.Chain
	var p media.Part
	c.Append(b)
	c.Take(c.End(), &p)
	c.Close()
	return p
}

// FragmentOf is a fragment of pictures in equal pieces of video, with one packet
// of sound unless that is empty. first counts pictures from the segment's start.
func FragmentOf(first int64, frames int, video, sound []byte) *spool.Fragment {
	run := fmp4.Run{TrackID: 1, FirstTick: 90_000 + first*FrameTicks}
	for i := range frames {
		run.Sizes = append(run.Sizes, uint32(len(video)*(i+1)/frames-len(video)*i/frames))
		run.Durs = append(run.Durs, FrameTicks)
		run.Kinds = append(run.Kinds, uint8(media.KeyFrame))
	}
	audio := fmp4.Run{TrackID: 2, FirstTick: 8_000 + first*320}
	if len(sound) > 0 {
		audio.Sizes, audio.Durs = []uint32{uint32(len(sound))}, []uint32{uint32(frames * 320)}
	}
	return &spool.Fragment{Runs: []fmp4.Run{run, audio}, Parts: []media.Part{Part(video), Part(sound)}}
}

// HeadOf is the head of a synthetic segment that starts at a moment.
func HeadOf(id segment.ID, start timeline.Micros) *segment.Head {
	return &segment.Head{
		ID: id, Start: start, Created: start, NewRun: true, Break: "first", Tracks: []media.Track{Pictures(), Sounds()},
		Maps: []segment.TimeMap{{Tick0: 90_000, US0: start}, {Tick0: 8_000, US0: start}},
	}
}
