package rtsp

// Repair is a kind of thing that a camera does wrong and that is put right.
// Every one is counted in the camera's record.
type Repair string

// The repairs (ingest/docs/cameras.md).
const (
	RepairAddress     Repair = "address"      // a base or control that cannot be used as it is written
	RepairAudioClock  Repair = "audio_clock"  // audio timestamps at another rate than announced
	RepairBody        Repair = "body"         // a body longer or shorter than its Content-Length
	RepairChannel     Repair = "channel"      // media on another channel than agreed
	RepairCoding      Repair = "coding"       // a payload type that the description does not name
	RepairControl     Repair = "control"      // a track that was found at another URL than it should be
	RepairGarbage     Repair = "garbage"      // bytes that are neither frame nor message
	RepairHeader      Repair = "header"       // a header that is missing or cannot be used
	RepairKeepAlive   Repair = "keep_alive"   // a keep-alive that the camera does not know
	RepairMarker      Repair = "marker"       // marker bits that do not end a picture
	RepairPayloadType Repair = "payload_type" // packets of another payload type than announced
	RepairStartCodes  Repair = "start_codes"  // start codes inside of packets
	RepairTimestamps  Repair = "timestamps"   // timestamps that were not believed
	RepairTransport   Repair = "transport"    // another transport than was asked for first
)
