package media

// Source is one track of a session as the puller announces it, before the first
// unit. The Chain belongs to the puller's goroutine; units point into it.
type Source struct {
	Codec Codec
	Rate  uint32 // of the RTP clock and of the recorded track, ticks a second
	Chain *Chain
}
