package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

var problemType = reflect.TypeFor[Problem]()

// ofSession: what somebody does about their own account, with no program's token.
var ofSession = []map[string][]string{{bySession: {}}}

// docs describes the routes for the OpenAPI document. What is JSON is described
// further by its types; the parameters and answers of byte routes stand here.
var docs = struct {
	cameras, camera, timeline, footage, watched      huma.Operation
	life, pause, resume, withdraw                    huma.Operation
	places, outlines, names, maps, tile              huma.Operation
	clip, play, playlist, live, snapshot, sprite     huma.Operation
	preview, still                                   huma.Operation
	register, registerCSV, verify, signInPage        huma.Operation
	metrics, healthz, readyz, openapi, assets        huma.Operation
	app, addresses, reconcile, subsidies             huma.Operation
	ways, whoAmI, signIn, signOut, useLink           huma.Operation
	changePassword, newFactor, confirmFactor, mePage huma.Operation
	cases, openCase, oneCase, caseViewings, members  huma.Operation
	hops, adoption, closing, approval, review        huma.Operation
	emergencies, casesPage, camerasPage              huma.Operation
	imports, beginImport, oneImport, cancelImport    huma.Operation
	importEvents, importErrors, template             huma.Operation
	camerasXLSX, camerasCSV                          huma.Operation
	toDirectory, fromDirectory                       huma.Operation
	openViewing, oneViewing, closeViewing, share     huma.Operation
}{
	cameras: huma.Operation{
		OperationID: "listCameras", Tags: []string{"cameras"}, Summary: "List the cameras and how they fare",
		Errors: []int{400},
	},
	camera: huma.Operation{
		OperationID: "getCamera", Tags: []string{"cameras"}, Summary: "One camera",
		Description: "An ambiguous device id is answered with 409 and the candidates.", Errors: []int{404, 409},
	},
	timeline: huma.Operation{
		OperationID: "getTimeline", Tags: []string{"footage"}, Summary: "What there is of a camera in a window, and why there is no more",
		Description: "Every moment between `from` and `until` at which the camera was enrolled lies in `covered` or in `gaps`.",
		Errors:      []int{400, 403, 404, 409},
	},
	watched: huma.Operation{
		OperationID: "listCameraViewings", Tags: []string{"cameras"}, Summary: "Who looked at a camera's footage, in plain words, for its household",
		Description: "Unit, time and class of the case. Told when the case is over, or after 30 days.", Errors: []int{400, 403, 404, 409},
	},
	life: huma.Operation{
		OperationID: "getLife", Tags: []string{"households"}, Summary: "A camera over time: its standing, consents, pauses, withdrawals",
		Description: "For its household, its carrier and who answers for the network; not for investigators.", Errors: []int{403, 404, 409},
	},
	pause: huma.Operation{
		OperationID: "pauseCamera", Tags: []string{"households"}, Summary: "A time without recording, because the household wants it so",
		Description: "The camera is let go when it begins, and the gap's cause is paused. What was recorded before stays.",
		Errors:      []int{400, 403, 404, 409, 503},
	},
	resume: huma.Operation{
		OperationID: "resumeCamera", Tags: []string{"households"}, Summary: "End a pause", DefaultStatus: http.StatusNoContent, Errors: []int{403, 404, 409, 503},
	},
	withdraw: huma.Operation{
		OperationID: "withdrawCamera", Tags: []string{"households"}, Summary: "The household leaves: stop, hide and delete its footage",
		Description: "Nobody is shown the footage any more; it is deleted with its keys but for what a case holds. The receipt comes with getLife when that is done. Only a consent signed afterwards brings the camera back.",
		Errors:      []int{400, 403, 404, 409, 503},
	},
	maps: huma.Operation{
		OperationID: "listMaps", Tags: []string{"places"}, Summary: "What can stand behind the cameras on a map", Errors: []int{403},
	},
	tile: under("places", bytesOf("getTile", "A tile of a map",
		"Web mercator (EPSG:3857), counted from the north-west. The type is the tile's: PNG, JPEG, WebP, or a vector tile. 404 where the map has none.",
		"image/png", []int{400, 403, 404, 502}, 200)(
		pathParam("source", "a map's name", "base"), pathParam("z", "zoom", "12"), pathParam("x", "column", "3241"), pathParam("y", "row", "1753"),
	)),
	outlines: huma.Operation{
		OperationID: "getOutlines", Tags: []string{"places"}, Summary: "Borders for the map, as GeoJSON (RFC 7946) of lines",
		Description: "The site's own: qianshao places import --kind outline.", Errors: []int{403},
	},
	names: huma.Operation{
		OperationID: "listNames", Tags: []string{"places"}, Summary: "Names for the map: divisions whose position the site knows",
		Description:   "Counties in their middle, townships and villages in the middle of their cameras, of those that may be known. The ETag is strong; 304 where it is held.",
		DefaultStatus: http.StatusOK, Responses: map[string]*huma.Response{"304": {Description: "the client has it already"}}, Errors: []int{403},
	},
	places: huma.Operation{
		OperationID: "findPlaces", Tags: []string{"places"}, Summary: "Places by name, pinyin, initials or coordinates",
		Description: "Divisions, the site's own landmarks and groups, and cameras that may be known. Coordinates that name no system are given in each of WGS84, GCJ02 and BD09.",
		Errors:      []int{400, 403},
	},
	footage: huma.Operation{
		OperationID: "findFootage", Tags: []string{"footage"}, Summary: "Cameras at a place by how well they see it, with their footage in a window",
		Errors: []int{400, 403},
	},
	clip: bytesOf("getClip", "Exactly the frames of a window, as one MP4",
		"Progressive MP4 of the original samples. Answers Range, If-Range and HEAD; the ETag is strong. A window that still grows is pinned by a "+
			"redirect (307) to the same address with as_of. Gaps and parts are named in X-Clip-Gaps and X-Clip-Parts. Without footage in the window: "+
			"404 with the nearest before and after.",
		"video/mp4", []int{400, 403, 404, 409, 410, 412, 416, 422}, 200, 206, 307)(
		idParam, fromParam, toParam, streamParam,
		choice("trim", "exact: shown from the first frame at or after from, with a hidden lead-in from the key frame before it; inner: from the first key frame in the window", "exact", "inner"),
		choice("gaps", "keep: the last frame stands over a gap, so that positions are wall time; join: gaps are closed up", "keep", "join"),
		choice("audio", "original: as the camera sent it; play: G.711 as FLAC, which browsers play; none", "original", "play", "none"),
		query("as_of", "answer as of an earlier state, as given by a redirect", false), viewingParam,
	),
	play: bytesOf("getPlay", "A window for playback, as fragmented MP4",
		"Begins at the key frame before from; an index (sidx) in front makes any moment of a long window quick to reach, by <video> or fetch and MSE.",
		"video/mp4", []int{400, 403, 404, 409, 410, 412, 416, 422}, 200, 206, 307)(
		idParam, fromParam, toParam, streamParam,
		choice("frames", "key: key frames alone, without sound, for fast forward", "all", "key"),
		choice("ranges", "short: a range without an end is answered with 1 MiB at most, so that a player that has enough holds no connection", "whole", "short"),
		choice("audio", "default play: G.711 as FLAC", "original", "play", "none"),
		query("as_of", "answer as of an earlier state, as given by a redirect", false), viewingParam,
	),
	preview: bytesOf("getPreview", "A window coded anew, for browsers that do not play what the camera sends",
		"Fragmented H.264 with sound as FLAC, for Media Source Extensions: time 0 is X-Clip-From, the frame that clip.mp4 of the same window begins with. Not evidence: "+
			"decoded and encoded again, few at a time.",
		"video/mp4", []int{400, 403, 404, 409, 422, 503}, 200)(
		idParam, fromParam, query("to", "RFC 3339, at most 60 s after from", true), streamParam,
		integer("width", "pixels at most; default 960", 32, 1920), viewingParam,
	),
	playlist: bytesOf("getPlaylist", "A window as an HLS playlist over byte ranges of play.mp4",
		"With EXT-X-PROGRAM-DATE-TIME, and EXT-X-DISCONTINUITY at gaps.",
		"application/vnd.apple.mpegurl", []int{400, 403, 404, 409, 410, 422}, 200, 307)(
		idParam, fromParam, toParam, streamParam,
		choice("audio", "default play: G.711 as FLAC", "original", "play", "none"),
		query("as_of", "answer as of an earlier state, as given by a redirect", false), viewingParam,
	),
	live: bytesOf("getLive", "What the camera sees now, as an endless fragmented MP4",
		"Begins at a key frame, whose moment is given as X-Media-Start (media time 0); the Content-Type names the codecs for MSE. It ends when the coding "+
			"changes, the camera falls silent or the client is too slow: ask again. 503 if no picture comes. A WebSocket handshake (of the server's own pages alone) is "+
			"answered with 101: the first message is text, JSON with content_type and media_start, or with an error as elsewhere; all others are the same MP4, binary.",
		"video/mp4", []int{400, 403, 404, 409, 503}, 200, 101)(
		idParam, streamParam,
		choice("audio", "play (default): as the camera sent it, but G.711 as FLAC; original: all as the camera sent it; none", "play", "original", "none"),
		viewingParam,
	),
	snapshot: bytesOf("getSnapshot", "A picture: the last key frame at a moment",
		"X-Picture-Time is the moment of the key frame. Not evidence: decoded and encoded again.",
		"image/jpeg", []int{400, 403, 404, 409, 422, 503}, 200, 304)(
		idParam, query("at", "RFC 3339; default: the newest picture there is", false), streamParam,
		integer("width", "pixels; default: the picture's own size", 32, 7680), viewingParam,
	),
	still: bytesOf("getStill", "The first frame of a window, in its own size",
		"Exactly the frame that clip.mp4 of the same window begins with. X-Picture-Time is its moment, X-Picture-SHA256 the hash of what is sent. Decoded and encoded "+
			"again: the clip is the original.",
		"image/jpeg", []int{400, 403, 404, 409, 422, 503}, 200, 304)(
		idParam, fromParam, query("to", "RFC 3339, at most 10 s after from", true), streamParam, viewingParam,
	),
	sprite: bytesOf("getSprite", "Many small pictures in one: key frames spread evenly over a window",
		"Tiles row by row, the i-th for the middle of the i-th part of the window; hatched where there is no footage. X-Sprite-Columns and X-Sprite-Tile "+
			"(WxH) give the layout, X-Sprite-Times the moment of each key frame, empty without footage.",
		"image/jpeg", []int{400, 403, 404, 409, 422, 503}, 200, 304)(
		idParam, fromParam, toParam, streamParam, integer("n", "pictures; default 60", 1, 200),
		integer("width", "pixels of one picture; default 160", 32, 480), viewingParam,
	),
	addresses: huma.Operation{
		OperationID: "changeAddresses", Tags: []string{"onboarding"}, Summary: "Tell where cameras are reached now",
		Description: "For carriers whose lines get other addresses when they dial in anew. The host, and the port where one is given, of a camera's streams change; paths, user names and passwords stay. " +
			"Items that are wrong are answered with what is wrong, the others count. Recording goes on at the new address within seconds.",
		Errors: []int{400, 403, 503}, MaxBodyBytes: 4 << 20,
	},
	reconcile: huma.Operation{
		OperationID: "reconcile", Tags: []string{"onboarding"}, Summary: "Hold a carrier's own list against what is here and what is recorded",
		Description: "The body is a list as imports take it, CSV or XLSX. Nothing changes. What of the file cannot be read at all is answered with 422, with a code of api/docs/onboarding.md.",
		Parameters:  []*huma.Param{carrierParam, formatParam},
		RequestBody: listBody, Responses: reports("The list in its order, then what is here alone", map[string]any{
			"carrier": "telecom", "summary": map[string]any{"theirs": 1, "ours": 1, "both": 1, "streaming": 1}, "items": []any{
				map[string]any{"row": 2, "carrier_device_id": "DX-0001", "in_theirs": true, "in_ours": true, "streaming": true, "lifecycle": "active", "state": "streaming"},
			},
		}, "row,carrier_device_id,name,in_theirs,in_ours,streaming,…\n2,DX-0001,桔山村口,是,是,是,…\n"), Errors: []int{422},
	},
	subsidies: huma.Operation{
		OperationID: "getSubsidies", Tags: []string{"onboarding"}, Summary: "Online days of cameras in a month, for their subsidies",
		Description: "A day in Beijing time is due when the camera was to be recorded for subsidy.day_hours of it, and an online one when so much was recorded. Only days that are over count.",
		Parameters: []*huma.Param{
			query("month", "like 2026-11", true), carrierParam, integer("min_days", "online days that are enough; default 20", 1, 31), formatParam,
		},
		Responses: reports("A camera a row", map[string]any{
			"month": "2026-11", "day_hours": 12, "min_days": 20, "cameras": 1, "enough": 1, "items": []any{
				map[string]any{"carrier": "telecom", "carrier_device_id": "DX-0001", "household_ref": "HH-0001", "due_days": 30, "online_days": 28, "enough": true},
			},
		}, "carrier,carrier_device_id,name,household_ref,…\ntelecom,DX-0001,桔山村口,HH-0001,…\n"),
	},
	register: huma.Operation{
		OperationID: "listRegister", Tags: []string{"register"}, Summary: "The access register: who saw which footage, and what an operator changed",
		Description: "Newest first. An entry is written and synced before the first byte of what it is about is sent.", Errors: []int{400, 403, 404, 409},
	},
	registerCSV: under("register", bytesOf("getRegisterCSV", "The same as a table, all of it",
		"UTF-8 with a byte order mark. Texts that a spreadsheet would take for a formula begin with an apostrophe.",
		"text/csv", []int{400, 403, 404, 409}, 200)(
		query("kind", "only entries of this kind", false), query("who", "only those of this account", false),
		query("unit", "only those of this unit", false), query("case", "only those of this case", false),
		query("viewing", "only those of this viewing", false), query("address", "only those from this client address", false),
		query("act", "only those that asked for this", false), query("camera", "only those of this camera", false),
		query("from", "only those written from then on; RFC 3339", false), query("to", "only those written before; RFC 3339", false),
	)),
	verify: huma.Operation{
		OperationID: "verifyRegister", Tags: []string{"register"}, Summary: "Whether the register is as it was written",
		Description: "Names the first entry of each chain that was altered, removed or moved.", Errors: []int{403},
	},
	metrics: bytesOf("getMetrics", "Metrics in the Prometheus text format", "", "text/plain", []int{403}, 200)(),
	healthz: bytesOf("getHealth", "Whether the process answers", "", "application/json", nil, 200)(),
	readyz: bytesOf("getReady", "Whether everything needed to record and to answer works", "503 names the checks that fail, each with what to do.",
		"application/json", []int{503}, 200)(),
	openapi: bytesOf("getOpenAPI", "This document", "", "application/openapi+json", nil, 200)(),
	app:     bytesOf("getApp", "The workbench: places, map, footage of several cameras at the same clock", "", "text/html", nil, 200)(),
	ways: huma.Operation{
		OperationID: "getWaysIn", Tags: []string{"session"}, Summary: "How people may sign in",
	},
	whoAmI: huma.Operation{
		OperationID: "getSession", Security: ofSession, Tags: []string{"session"}, Summary: "Who is signed in",
		Description: "401 when nobody is.", Errors: []int{401},
	},
	signIn: huma.Operation{
		OperationID: "signIn", Tags: []string{"session"}, Summary: "Sign in: begins a session, kept in a cookie",
		Description: "401 with code `need_code` asks for the six digits of the second factor.", Errors: []int{401, 403, 422, 503}, MaxBodyBytes: 8 << 10,
	},
	signOut: huma.Operation{
		OperationID: "signOut", Tags: []string{"session"}, Summary: "Sign out: ends the session", Errors: []int{403}, DefaultStatus: 204,
	},
	useLink: huma.Operation{
		OperationID: "useLink", Tags: []string{"session"}, Summary: "Set a password by a one-time link, or make the first admin by the set-up link",
		Errors: []int{403, 409, 410, 422, 503}, MaxBodyBytes: 8 << 10,
	},
	changePassword: huma.Operation{
		OperationID: "changePassword", Security: ofSession, Tags: []string{"session"}, Summary: "Change one's password; other sessions end",
		Errors: []int{401, 403, 422, 503}, DefaultStatus: 204, MaxBodyBytes: 8 << 10,
	},
	newFactor: huma.Operation{
		OperationID: "newSecondFactor", Security: ofSession, Tags: []string{"session"}, Summary: "Draw a second factor, for a phone to scan",
		Errors: []int{401, 403, 422}, MaxBodyBytes: 8 << 10,
	},
	confirmFactor: huma.Operation{
		OperationID: "confirmSecondFactor", Security: ofSession, Tags: []string{"session"}, Summary: "Turn the second factor on, with a code that shows that a phone has it",
		Errors: []int{401, 403, 422, 503}, DefaultStatus: 204, MaxBodyBytes: 8 << 10,
	},
	cases: huma.Operation{
		OperationID: "listCases", Tags: []string{"cases"}, Summary: "The cases that one works on or may approve; an auditor: all", Errors: []int{400, 401, 403},
	},
	openCase: huma.Operation{
		OperationID: "openCase", Tags: []string{"cases"}, Summary: "Open a case, or an emergency",
		Description: "A case that reaches further than the site allows one officer waits for a second one (state `waiting`). An emergency needs a reason alone, lasts 24 hours, " +
			"reaches three days back in the area of one's own unit, and becomes a case or is reviewed.",
		Errors: []int{400, 401, 403, 409, 422, 503}, DefaultStatus: http.StatusCreated, MaxBodyBytes: 256 << 10,
	},
	oneCase: huma.Operation{OperationID: "getCase", Tags: []string{"cases"}, Summary: "One case", Errors: []int{401, 403, 404}},
	caseViewings: huma.Operation{
		OperationID: "listCaseViewings", Tags: []string{"cases"}, Summary: "Who saw what in a case", Errors: []int{401, 403, 404},
	},
	members:  caseOperation("setMembers", "Say who works on a case"),
	hops:     caseOperation("addHop", "Follow a route: what lies 2 km around a camera, 30 minutes before and after, is added to the case"),
	adoption: caseOperation("adoptEmergency", "Make a case of an emergency"),
	closing:  caseOperation("closeCase", "Close a case for good"),
	approval: caseOperation("approveCase", "Approve or refuse a case, as its second officer"),
	review:   caseOperation("reviewCase", "Note that an emergency, or hops, were reviewed"),
	emergencies: huma.Operation{
		OperationID: "countEmergencies", Tags: []string{"cases"}, Summary: "How many emergencies each officer opened, and what became of them", Errors: []int{400, 401, 403},
	},
	openViewing: huma.Operation{
		OperationID: "openViewing", Tags: []string{"cases"}, Summary: "Open a viewing: from now on its footage may be seen",
		Description: "It is in the register before this is answered. Its id goes with every request for footage, as `viewing`. It closes after 15 minutes without use.",
		Errors:      []int{400, 401, 403, 404, 409, 422, 429, 503}, DefaultStatus: http.StatusCreated, MaxBodyBytes: 64 << 10,
	},
	oneViewing: huma.Operation{
		OperationID: "getViewing", Tags: []string{"cases"}, Summary: "An open viewing, one's own or shared with one", Errors: []int{401, 403, 404},
	},
	closeViewing: huma.Operation{
		OperationID: "closeViewing", Tags: []string{"cases"}, Summary: "Close a viewing", Errors: []int{401, 403, 404, 503}, DefaultStatus: http.StatusNoContent,
	},
	share: huma.Operation{
		OperationID: "shareViewing", Tags: []string{"cases"}, Summary: "Let another member of the case use a viewing", Errors: []int{401, 403, 404, 422, 503}, MaxBodyBytes: 8 << 10,
	},
	toDirectory: under("session", bytesOf("signInThroughDirectory", "Off to the bureau's directory, to sign in there",
		"OpenID Connect, authorization code with PKCE. Leads back to /api/v1/session/directory/callback.", "text/html", nil, 303)(
		query("back", "where to be in the end: a path of this server", false))),
	fromDirectory: under("session", bytesOf("comeFromDirectory", "Where the directory leads back to: begins a session",
		"Leads on to where it was begun, or to /sign-in with the reason.", "text/html", []int{503}, 303)(
		query("state", "as the directory was given it", false), query("code", "of the directory", false), query("error", "why the directory let nobody in", false))),
	camerasPage: bytesOf("getCamerasPage", "The list of all cameras that one may know of, and how they fare", "", "text/html", nil, 200)(),
	imports:     huma.Operation{OperationID: "listImports", Tags: []string{"imports"}, Summary: "The imports of one's carrier; an administrator: all"},
	beginImport: taking("application/octet-stream", under("imports", bytesOf("beginImport", "Import a list of cameras, XLSX or CSV",
		"202, and a job: its progress is told by events, what became of each row once it has ended. Good rows go in, bad ones come back. The file is the body (Content-Type "+
			"text/csv, "+mimeXLSX+" or application/octet-stream), or the part `file` of multipart/form-data. The same Idempotency-Key with the same file and parameters "+
			"answers the same job, with 200.",
		"application/json", []int{403, 408, 409, 415, 503}, 200, 202)(
		choice("dry_run", "true: say what would become of each row, and change nothing", "true", "false"),
		choice("accept", "true: record carriers' new cameras at once; not for carriers", "true", "false"),
		&huma.Param{Name: "Idempotency-Key", In: "header", Description: "at most 128 characters; of one's own", Example: "2026-11-29-telecom-1", Schema: &huma.Schema{Type: "string"}},
	))),
	oneImport: huma.Operation{
		OperationID: "getImport", Tags: []string{"imports"}, Summary: "An import: its progress, and what became of each row", Errors: []int{404},
	},
	cancelImport: huma.Operation{
		OperationID: "cancelImport", Tags: []string{"imports"}, Summary: "Cancel an import; what is in stays in", Errors: []int{404, 409}, DefaultStatus: http.StatusNoContent,
	},
	importEvents: under("imports", bytesOf("watchImport", "The progress of an import, as server-sent events",
		"An event `progress` with each change, and `end` as the last; data is the import as JSON, without answers.", "text/event-stream", []int{404}, 200)(jobParam)),
	importErrors: under("imports", bytesOf("getImportErrors", "The rows that failed, marked and explained, to be corrected and imported again",
		"It holds what was uploaded, passwords too: for the carrier whose list it is, or who uploaded it.", mimeXLSX, []int{404}, 200)(jobParam)),
	template: under("imports", bytesOf("getImportTemplate", "An empty list with an example, lists to choose from, and notes", "", mimeXLSX, nil, 200)()),
	camerasXLSX: under("imports", bytesOf("getCamerasXLSX", "One's own cameras as a list that can be imported again",
		"Without passwords and consents: empty cells keep them.", mimeXLSX, nil, 200)()),
	camerasCSV: under("imports", bytesOf("getCamerasCSV", "The same as CSV", "UTF-8 with a byte order mark.", "text/csv", nil, 200)()),
	casesPage:  bytesOf("getCasesPage", "The page of cases", "", "text/html", nil, 200)(),
	mePage:     bytesOf("getMePage", "The page of one's own account: password, second factor", "", "text/html", nil, 200)(),
	signInPage: bytesOf("getSignInPage", "The page to sign in, and to set a password by a one-time link", "", "text/html", nil, 200)(),
	assets:     huma.Operation{Hidden: true}, // parts of the page, under names that change with their content
}

var (
	idParam = &huma.Param{
		Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"},
		Description: "our id, carrier:device, or a device id that one carrier alone uses",
	}
	fromParam    = query("from", "RFC 3339; a space where an unescaped + stood is accepted", true)
	toParam      = query("to", "RFC 3339, after from", true)
	carrierParam = query("carrier", "whose cameras; default: one's own", false)
	formatParam  = choice("format", "default json", "json", "csv", "xlsx")
	streamParam  = choice("stream", "default main", "main", "sub", "sub2")
	jobParam     = pathParam("job", "the id of an import", "j_abcdefgh234567ab")
	viewingParam = query("viewing", "the id of an open viewing that contains camera and time; an investigator needs one (POST /api/v1/viewings)", false)
)

// sheetType is that of workbooks.
const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// listBody is a carrier's list.
var listBody = &huma.RequestBody{
	Required: true, Description: "a list of cameras: api/docs/onboarding.md",
	Content: map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: "string", Format: "binary"}}, sheetType: {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	},
}

// reports are the answer of a route that makes a table.
func reports(text string, example map[string]any, table string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: text, Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: "object"}, Example: example},
		"text/csv":         {Schema: &huma.Schema{Type: "string"}, Example: table},
		sheetType:          {Schema: &huma.Schema{Type: "string", Format: "binary"}, Example: "PK…"},
	}}}
}

func pathParam(name, text, example string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: text, Example: example, Schema: &huma.Schema{Type: "string"}}
}

func query(name, text string, required bool) *huma.Param {
	return &huma.Param{Name: name, In: "query", Required: required, Description: text, Schema: &huma.Schema{Type: "string"}}
}

func choice(name, text string, values ...string) *huma.Param {
	p := query(name, text, false)
	for _, v := range values {
		p.Schema.Enum = append(p.Schema.Enum, v)
	}
	return p
}

func integer(name, text string, lowest, highest float64) *huma.Param {
	p := query(name, text, false)
	p.Schema = &huma.Schema{Type: "integer", Minimum: &lowest, Maximum: &highest}
	return p
}

// bytesOf describes a route whose answer is not made of our types.
func bytesOf(id, summary, text, contentType string, errors []int, answers ...int) func(...*huma.Param) huma.Operation {
	op := huma.Operation{OperationID: id, Summary: summary, Description: text, Errors: errors, Responses: map[string]*huma.Response{}}
	return func(params ...*huma.Param) huma.Operation {
		op.Parameters = params
		op.Tags = []string{"system"}
		if len(params) > 0 {
			op.Tags = []string{"footage"}
		}
		for _, status := range answers {
			r := &huma.Response{Description: answerText[status]}
			if status >= 200 && status < 300 {
				schema := &huma.Schema{Type: "string"}
				if contentType == "application/json" || contentType == "application/openapi+json" {
					schema.Type = "object"
				} else if len(params) > 0 {
					schema.Format = "binary"
				}
				r.Content = map[string]*huma.MediaType{contentType: {Schema: schema}}
			}
			op.Responses[strconv.Itoa(status)] = r
		}
		return op
	}
}

// taking describes an operation's body, which is no JSON.
func taking(contentType string, op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		contentType:           {Schema: &huma.Schema{Type: "string", Format: "binary", Examples: []any{"PK…"}}},
		"multipart/form-data": {Schema: &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Examples: []any{"PK…"}}}}},
	}}
	return op
}

// under puts an operation into another chapter of the document.
func under(tag string, op huma.Operation) huma.Operation {
	op.Tags = []string{tag}
	return op
}

var answerText = map[int]string{
	101: "the same through a WebSocket", 200: "the whole", 202: "it was begun", 206: "the range asked for", 304: "the client has it already", 303: "elsewhere", 307: "the same, pinned by as_of",
}

// caseOperation describes a route that changes one case.
func caseOperation(id, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Tags: []string{"cases"}, Summary: summary, Errors: []int{400, 401, 403, 404, 409, 422, 503}, MaxBodyBytes: 256 << 10,
	}
}
