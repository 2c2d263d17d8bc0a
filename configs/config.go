// Package configs is the one place where settings are named: a struct, its
// defaults, and the checks of its values. The commented example qianshao.yaml
// beside it holds every key with its default.
//
// A value comes from, in rising order: the defaults, the YAML file, the
// environment (QIANSHAO_RETENTION_DAYS is retention.days), the command line. Only
// cmd reads this package; other packages are given what they need.
package configs

import "time"

// Config is everything that can be set. The tag is the key.
type Config struct {
	// Listen is the HTTP address. Without TLS, and without a proxy that speaks it, it
	// must be on loopback.
	Listen string `key:"listen"`
	TLS    TLS    `key:"tls"`
	// BehindProxy are the addresses of reverse proxies that speak TLS for us; they
	// alone are answered.
	BehindProxy []string `key:"behind_proxy"`
	// Data is the folder of spool, store, databases and keys.
	Data string `key:"data"`
	// Roles are what this process does: ingest, api, upkeep.
	Roles     []string  `key:"roles"`
	Storage   Storage   `key:"storage"`
	Spool     Spool     `key:"spool"`
	Segment   Segment   `key:"segment"`
	Retention Retention `key:"retention"`
	OIDC      OIDC      `key:"oidc"`
	Register  Register  `key:"register"`
	Cases     Cases     `key:"cases"`
	Subsidy   Subsidy   `key:"subsidy"`
	Ingest    Ingest    `key:"ingest"`
	Push      Push      `key:"push"`
	Clips     Clips     `key:"clips"`
	Pictures  Pictures  `key:"pictures"`
	Maps      Maps      `key:"maps"`
	Log       Log       `key:"log"`
}

// TLS is how pages and API are served: PEM files, read again when they change;
// empty: in clear.
type TLS struct {
	Cert string `key:"cert"`
	Key  string `key:"key"`
}

// Storage says where sealed segments go.
type Storage struct {
	// Kind is file (DATA/store) or s3.
	Kind string `key:"kind"`
	// Encrypt is on, off, or auto: on for s3. What is there stays readable.
	Encrypt string `key:"encrypt"`
	S3      S3     `key:"s3"`
}

// S3 is the bucket, for storage.kind s3.
type S3 struct {
	Endpoint  string `key:"endpoint"` // https://host[:port]; without the bucket
	Bucket    string `key:"bucket"`   // must exist
	Region    string `key:"region"`
	Prefix    string `key:"prefix"` // a folder within the bucket; empty: none
	AccessKey string `key:"access_key"`
	// SecretKey, or a file that holds it.
	SecretKey     Secret `key:"secret_key"`
	SecretKeyFile string `key:"secret_key_file"`
	PathStyle     bool   `key:"path_style"`
	CAFile        string `key:"ca_file"` // PEM; empty: the system's authorities
}

// Spool is the folder segments are recorded into.
type Spool struct {
	// Sync is fragment (every second of video survives a power cut), group (two
	// syncs a second for all streams; for a file system of the spool's own), or
	// off (trials).
	Sync string `key:"sync"`
	// MaxBytes bounds what waits for the store; 0: the disk does.
	MaxBytes Size `key:"max_bytes"`
	// Free space on the disk below which an alarm is raised, new cameras are
	// refused, and recording stops.
	AlarmFree  Size `key:"alarm_free"`
	RefuseFree Size `key:"refuse_free"`
	StopFree   Size `key:"stop_free"`
}

// Segment is the archive's unit.
type Segment struct {
	// Length is when a segment ends at the next key frame: 10 s to 5 m.
	Length time.Duration `key:"length"`
}

// Retention says how long footage is kept.
type Retention struct {
	// Days is how long footage is kept; cameras may have their own number.
	Days int `key:"days"`
	// MaxBytes: beyond it the oldest footage goes; 0: no bound.
	MaxBytes Size `key:"max_bytes"`
	// MinFree is the space the store's disk keeps free; the oldest footage goes
	// for it. 0: off.
	MinFree Size `key:"min_free"`
}

// Register is the access register.
type Register struct {
	// Days is how long its entries are kept: longer than any footage. 0: for good.
	Days int `key:"days"`
}

// OIDC is the bureau's directory, through which people may sign in.
type OIDC struct {
	Issuer   string `key:"issuer"` // empty: local accounts alone
	ClientID string `key:"client_id"`
	// ClientSecret, or a file that holds it; neither: a public client.
	ClientSecret     Secret `key:"client_secret"`
	ClientSecretFile string `key:"client_secret_file"`
	// BaseURL is where browsers reach this server.
	BaseURL string `key:"base_url"`
	// Groups are rules, each "GROUP ROLE [UNIT or CARRIER]".
	Groups      []string `key:"groups"`
	GroupsClaim string   `key:"groups_claim"`
	LoginClaim  string   `key:"login_claim"`
}

// Cases are what footage is seen for. Those that reach further wait for a second
// officer; 0: none does.
type Cases struct {
	ApproveCameras int           `key:"approve_cameras"` // so many in the area
	ApproveSpan    time.Duration `key:"approve_span"`    // so much footage
}

// Subsidy is what carriers pay for by the month.
type Subsidy struct {
	// DayHours is how much of a day a camera records to have been online that day.
	DayHours int `key:"day_hours"`
}

// Maps are what stands behind the cameras on a map; none: borders and names on plain
// ground.
type Maps struct {
	// Sources are lines NAME LOCATION [TITLE]: a .pmtiles or .mbtiles file, or the URL
	// of a map service with {z}, {x}, {y} and {token}.
	Sources []string `key:"sources"`
	// Token, or a file that holds it, goes into the URLs; browsers never see it.
	Token     Secret `key:"token"`
	TokenFile string `key:"token_file"`
}

// Ingest is how cameras are pulled.
type Ingest struct {
	Connect    time.Duration `key:"connect"`     // for dial and dialogue together
	FirstFrame time.Duration `key:"first_frame"` // from PLAY to the first picture
	Stall      time.Duration `key:"stall"`       // longest silence
	// MaxMbit is how many Mbit/s a stream may send, for 4 s; one that sends more
	// is cut off.
	MaxMbit int `key:"max_mbit"`
	// Networks are where a carrier's cameras may stand, each "CARRIER NETWORK". A
	// carrier that is named may have them there alone; of the others, local may
	// have them in private networks too, the rest in public ones.
	Networks []string `key:"networks"`
	// Waits between attempts are drawn between RetryMin and a bound that doubles
	// up to RetryMax.
	RetryMin time.Duration `key:"retry_min"`
	RetryMax time.Duration `key:"retry_max"`
}

// Push is where cameras publish that cannot be reached.
type Push struct {
	// Listen is an RTSP address, of any interface; empty: off.
	Listen string `key:"listen"`
	// Address is the host, or host:port, by which cameras reach it: what publish
	// URLs are printed with. Empty: that of Listen.
	Address string `key:"address"`
	// TLSCert and TLSKey are PEM files; with them rtsps is spoken on the same port.
	TLSCert string `key:"tls_cert"`
	TLSKey  string `key:"tls_key"`
}

// Clips is how footage is cut.
type Clips struct {
	// LeadIn is how far before the asked start recorded media may be sent, to
	// reach the key frame before it.
	LeadIn time.Duration `key:"lead_in"`
}

// Pictures is how snapshots are made.
type Pictures struct {
	FFmpeg   string `key:"ffmpeg"`   // a path, or a name looked up in PATH
	Cache    Size   `key:"cache"`    // of pictures made, on disk
	Parallel int    `key:"parallel"` // ffmpeg processes at once
}

// Log is what the program says.
type Log struct {
	Level  string `key:"level"`  // debug, info, warn, error
	Format string `key:"format"` // text, json
}

// Default returns the defaults.
func Default() Config {
	return Config{
		Listen:    "127.0.0.1:8080",
		Data:      "data",
		Roles:     []string{"ingest", "api", "upkeep"},
		Storage:   Storage{Kind: "file", Encrypt: "auto", S3: S3{Region: "us-east-1", PathStyle: true}},
		Spool:     Spool{Sync: "fragment", AlarmFree: 1 * GB, RefuseFree: 500 * MB, StopFree: 250 * MB},
		Segment:   Segment{Length: time.Minute},
		Retention: Retention{Days: 30, MinFree: 2 * GB},
		OIDC:      OIDC{ClientID: "qianshao", GroupsClaim: "groups", LoginClaim: "preferred_username"},
		Register:  Register{Days: 3 * 366},
		Subsidy:   Subsidy{DayHours: 12},
		Cases:     Cases{ApproveCameras: 20, ApproveSpan: 24 * time.Hour},
		Ingest: Ingest{
			Connect: 10 * time.Second, FirstFrame: 10 * time.Second, Stall: 10 * time.Second,
			MaxMbit: 100, RetryMin: time.Second, RetryMax: time.Minute,
		},
		Clips:    Clips{LeadIn: 12 * time.Second},
		Pictures: Pictures{FFmpeg: "ffmpeg", Cache: 256 * MB, Parallel: 2},
		Log:      Log{Level: "info", Format: "text"},
	}
}
