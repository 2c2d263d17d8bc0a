import type zh from "./zh-CN";

/** The app's words, English. */
const en: typeof zh = {
  app: { name: "Ping'an Qianshao", beijing: "Beijing time", skip: "Skip to content", menu: "Menu", language: "中文", signOut: "Sign out", notSignedOut: "You are still signed in.", comma: ", ", open: "No accounts · this machine only", openWhy: "The server was started with --no-auth: everybody at this machine sees all footage. For trying it out.", needsAccounts: "Without accounts there is no page “{page}”.", needsAccountsHow: "The server was started with --no-auth: without accounts there are no cases. To have them, stop it, start it without --no-auth, make the first administrator with the one-time link that it prints, and an investigator with qianshao account add. These pages are there now:" },
  nav: { search: "Search", trace: "Tracing", camera: "Camera", downloads: "Downloads", audit: "Audit", settings: "Settings", cases: "Cases", me: "My account", signIn: "Sign in" },
  state: {
    loading: "Loading…", retry: "Try again", close: "Close", cancel: "Cancel", offline: "The server cannot be reached. Trying again.", online: "Connected again.",
    notAllowed: "Your role does not have this page.", notAllowedNext: "Ask an administrator if you need it. These are yours:", notFound: "There is no such page.", toStart: "To the start",
  },
  case: {
    label: "Case", none: "Choose a case", choose: "Footage needs a case: choose one", why: "Footage is seen for a case only, and each viewing is registered.", emergency: "Emergency", emergencyWhat: "On a reason alone, for 24 hours: footage of your unit's area from three days back until now. Afterwards it becomes a case, or is reviewed.",
    reason: "Reason", begin: "Begin now", open: "Open a case", new: "Open a case (page of cases)", toCases: "All cases", empty: "No open case", span: "Footage of {from} to {to}", failed: "Cases could not be loaded", waiting: "Sent. It waits for a second officer.", emergencyDone: "The emergency has begun, for 24 hours. Make a case of it soon.",
  },
  account: {
    title: { signIn: "Sign in", setPassword: "Set a password", setUp: "Make the first administrator" }, name: "Name", login: "Login", password: "Password", again: "The password again", rule: "At least {n} characters; three words will do.", differ: "The two passwords differ.", code: "Code (6 digits)", codeWhat: "Give the six digits that your authenticator app shows.",
    linkWhat: "This link works once: it ends when the password is set.", directory: "Sign in through the bureau's directory", why: { ended: "Your session has ended: nothing was done for a while, you signed out elsewhere, or the account was closed. Sign in to be back where you were.", needed: "Sign in to open the page that you asked for." },
    failed: {
      directory_away: "The directory cannot be asked now: try later, or sign in with an account of this server.", directory_stale: "That took too long, or was not begun here: sign in again.", directory_refused: "The directory did not let you in.", directory_no_role: "None of your groups has a role here: ask an administrator.", directory_closed: "Your account is closed: ask an administrator.",
      directory_taken: "Another account has your login: ask an administrator.", directory_bad: "What the directory says of you is not enough: ask an administrator.", directory_unit: "Your unit is not known here yet: ask an administrator.", directory_failed: "Signing in failed: ask an administrator.",
    },
    role: { investigator: "investigator", carrier: "carrier", admin: "administrator", auditor: "auditor", household: "household" },
    change: "Change the password", old: "Password now", fresh: "New password", changed: "The password is changed; you are signed out elsewhere.",
    factor: "Second factor", isOn: "on", isOff: "off", onWhat: "To sign in takes the six digits of an authenticator app. If the phone is lost, ask an administrator.", offWhat: "With it, to sign in takes the six digits of an authenticator app, beside the password.", turnOn: "Turn on", otherPhone: "Another phone", scan: "Scan this with an authenticator app, then give the six digits it shows:", qr: "QR code for an authenticator app", byHand: "If it cannot be scanned, type:", confirm: "Confirm", factorDone: "It is on.",
    own: "Cameras at your house", ownWhat: "Who looked at footage from here: unit, time, class of the case. Told when the case is over, after 30 days at the latest.", ownNone: "No camera is in your name: ask the carrier.", ownUnseen: "Nobody has looked yet.", ownLater: "{n} more, told when their case is over.", ownOpen: "seen without accounts: no unit, no class of a case", ownSpan: "footage of {from} to {to}",
  },
  cases: {
    what: "Footage is seen for a case alone: cameras in its area, pictures of its time, and every viewing stands in the register.", state: "State", all: "All cases", is: { waiting: "waiting for approval", open: "open", closed: "closed", expired: "expired", due: "to be reviewed" }, chosen: "chosen",
    none: "There are no cases yet", noneNext: "To see footage, open a case; when it is urgent, an emergency.", noneYet: "They appear here when officers open them.", noneSo: "No such case", more: "{n} older ones: narrow it down by state.",
    number: "Case number", class: "Class", span: "Footage", spanWhat: "What may be seen; for live pictures it must end later than now.", area: "Area", areaWhat: "Villages, townships and the like, or a circle around a place; one or more.", single: "or single cameras (carrier:device, one or more)", noArea: "“{name}” cannot be an area: choose a division, a landmark or coordinates.", lackArea: "Choose a place, or name a camera.",
    days: "Days it stays open", members: "Members", logins: "logins, with spaces or commas between", growth: "A route may be followed: each hop adds 2 km, 30 minutes before and after, and is reviewed", largeWhat: "What reaches further than one officer may (cameras or hours) waits for another officer's approval.", opened: "The case is open: its footage can be seen.",
    expires: "Open until", by: "Opened by", large: "Reaches far", largeIs: { cameras: "{n} cameras (one officer: up to {most})", hours: "{n} hours of footage (one officer: up to {most})" }, approved: "Approved", adopted: "Became a case", route: "Route", ended: "Closed", reviewed: "Reviewed",
    circle: "{n} m around ({lon}, {lat})", polygons: "{n} polygons", cameras: "cameras {list}", manyCameras: "{n} cameras",
    look: "See footage", approve: "Approve", approveWhat: "Its members may then see the footage of its area.", refuse: "Refuse", refuseWhat: "The case ends, and who opened it sees why.", adopt: "Make it a case", adoptWhat: "The emergency becomes a case and no longer waits for a review.", membersWhat: "Members see the same footage, and what each other saw. Who opened the case stays one.", save: "Save",
    hop: "Add a hop", hopWhat: "Adds what lies within 2 km of a camera, 30 minutes before and after, to the case. It is registered, and reviewed later.", hopCamera: "Which camera the route passed (id, or carrier:device)", hopAt: "When", whoSaw: "Who saw what", end: "Close the case", endWhat: "After that no footage can be seen for it.", review: "Review", reviewWhat: "What the review found stays with the case.",
    note: "Reason or finding", noteMay: "A note (may be empty)", done: "Done.", unseen: "Nobody has seen anything yet.", allViewings: "All viewings",
    count: { title: "Emergencies by officer", officer: "Officer", unit: "Unit", opened: "Opened", adopted: "Became cases", due: "To be reviewed", reviewed: "Reviewed" },
  },
  trouble: {
    what: {
      offline: "The server cannot be reached.", denied: "Login, password or code is wrong.", need_code: "A code is needed, too.", link_expired: "This link has expired or was used.", login_taken: "This login is taken.", too_many: "Too many requests.", forbidden: "Your role may not do this.", register_unavailable: "The access register cannot be written, so this cannot go on.",
      outside_case: "This lies outside the area or time of the case, so it cannot be seen.", viewing_needed: "Part of this lies outside what the case allows.", unknown_camera: "There is no such camera, or no case of yours reaches it.", unknown_case: "There is no such case, or it is not yours.", case_state: "The case stands otherwise now: {detail}", case_taken: "This case number is in use.", no_investigator: "A member is no investigator: {detail}", not_possible: "That cannot be: {detail}", bad_parameter: "Something is not filled in as it should be: {detail}",
    },
    next: {
      offline: "Check the network and try again.", denied: "Try again; if the password was forgotten, ask an administrator. After several wrong ones you have to wait.", need_code: "Give the six digits that your authenticator app shows.", link_expired: "Ask an administrator for a new link.", login_taken: "Choose another.", too_many: "Wait a moment, then try again.", forbidden: "Ask an administrator if you need it.", register_unavailable: "Ask an administrator to free space on the server's disk or to look at its log, then try again.",
      outside_case: "Choose another case above, take cameras and a time inside it, or open one on the page of cases.", viewing_needed: "Try again; if it stays so, look up the case's span on the page of cases.", unknown_camera: "Choose another case above, or open or extend one on the page of cases.", unknown_case: "Your cases are on the page of cases.", case_state: "Load the page again.", case_taken: "Correct it, or ask its members to make you one.", no_investigator: "Use the logins of investigators.", not_possible: "Correct it and send it again.", bad_parameter: "Correct it and send it again.",
    },
  },
  place: {
    label: "Place", hint: "Village, landmark, pinyin, camera number or coordinates", none: "Nothing found for “{q}”", noneNext: "Try another spelling, or click on the map.", found: "{n} found", hereRadius: "Radius", drawn: "Drawn area",
    kind: { prefecture: "prefecture", county: "county", township: "township", village: "village", group: "area", landmark: "landmark", camera: "camera", point: "coordinates" },
    withCameras: "Where there are cameras", circle: "Circle", polygon: "Polygon", m: "{n} m", km: "{n} km", drawing: "Click the corners on the map, double-click to end; Esc cancels.", drawingCircle: "Press at the middle and drag to the rim; Esc cancels.",
  },
  time: {
    from: "From", to: "To", hint: "e.g. 2026-11-24 09:00, yesterday 9pm, 9:30, 30 minutes ago", last30: "Last 30 minutes", lastHour: "Last hour", today: "Today", yesterday: "Yesterday", before30: "30 minutes before", around10: "10 minutes around", bad: "This time is not understood",
    order: "The end must be after the start", long: "Seven days at most", pick: "Pick a date", previousMonth: "Month before", nextMonth: "Month after", outside: "The case allows {from} to {to}",
  },
  search: {
    go: "Search", results: "One camera | {n} cameras", more: "{n} more: narrow it down to see them", none: "No camera here", noneNext: "Widen the radius, or take another place.", outside: "{n} more cameras stand here that this case does not allow to be seen at this time. Take another case, or have this one extended.", wider: "Widen to {r}", noFootage: "No footage in this time", nearest: "Nearest footage:", start: "Choose place and time to see footage.", startNext: "Type a village, or click on the map.",
    rank: "#", camera: "Camera", distance: "Distance", view: "View", footage: "Footage", carrier: "Carrier", tile: "Tile", show: "Show in a tile", hide: "Take out of its tile", full: "complete", gaps: "gaps", nothing: "none", detail: "Details", sortBy: "Sort by {what}", partial: "Footage of some cameras was not found", cancelled: "Search cancelled",
    facing: "facing", beside: "beside", away: "away", unknown: "unknown",
  },
  map: {
    label: "Map", zoomIn: "Zoom in", zoomOut: "Zoom out", base: "Base map", noBase: "No base map", all: "All cameras", failed: "Map data could not be loaded",
    centre: "Centre", rim: "Radius", corner: "Corner {n} of {of}", together: "{n} cameras on one spot",
    grip: { centre: "Drag the middle to move the circle; letting go searches again.", rim: "Drag the rim to resize the circle; letting go searches again.", corner: "Drag the corner; double-click removes it.", edge: "Drag a new corner out of the edge." },
    keys: { centre: "Arrows move it · Shift: a little", rim: "Arrows resize it · Shift: a little", corner: "Arrows move it · Shift: a little · Enter adds one · Delete" },
  },
  tile: {
    loading: "Loading…", none: "No footage at this moment", gap: "Footage missing", ahead: "Not recorded yet", before: "Before ({t})", after: "Next footage ({t})", failed: "Cannot be played", preview: "Transcoded preview", sub: "Sub-stream", live: "Live", pictures: "Single pictures", close: "Take out", enlarge: "Enlarge", shrink: "Back to the others", offset: "Clock {s} s off", empty: "Empty tile", toLive: "Watch live",
    noCodec: "This browser does not play this coding: what plays is a preview that the server coded anew. A download is the original.",
  },
  play: {
    play: "Play", pause: "Pause", back: "Frame back", on: "Frame on", rate: "Speed", sound: "Sound", live: "Live", ago30: "30 min ago", next: "Next footage", in: "In", out: "Out", clear: "Clear marks", still: "Still", bookmark: "Bookmark", strip: "A picture a minute", basket: "To downloads", goto: "Go to time", layout: "Tiles", help: "Keys", held: "Waiting for pictures…", drift: "Off by {ms} ms",
    marked: "{from} to {to} ({length})", added: "In the downloads: one camera | In the downloads: {n} cameras", stillSaved: "Still saved", stillFailed: "The still was not saved", gotoBad: "This time is not understood", gotoOutside: "{at} is not within what was searched: {from} to {to}. To see it, change the span and search again.", gotoLike: "e.g. 9:30, yesterday 9pm", gotoDay: "A time alone is of the day on screen.", jump: "Go", noNext: "No footage after this", bookmarkName: "What is here", bookmarks: "Bookmarks", noBookmarks: "No bookmarks yet. B sets one here.", remove: "Remove", needMarks: "Set the in and out marks first (I, O).", needTile: "Open a tile first.",
  },
  still: {
    list: "Stills saved ({n})", what: "The pictures are where the browser keeps downloads. Which camera, which moment and the hash stand here: they prove later which picture it was, and that nobody changed it.", where: "To be found later on the page", sum: "Save the hash's file", sumWhat: "A .sha256 file to keep beside the picture: camera, moment and hash, for sha256sum --check",
  },
  keys: {
    title: "Keys", space: "Play or pause", jkl: "10 s back / play or pause / 10 s on", arrows: "Frame back / on", marks: "In / out mark", s: "Still", e: "To downloads", digits: "Choose a tile", g: "Go to a time", b: "Bookmark", t: "A picture a minute", n: "Next footage", r: "Live", m: "Sound", speed: "Slower / faster", help: "This table",
  },
  line: { label: "Timeline", footage: "Footage", none: "Not yet, or not enrolled", gap: "Footage missing: {cause}", now: "Now", zoomIn: "Zoom in on the timeline", zoomOut: "Zoom out of the timeline", all: "Whole span" },
  strip: { title: "A picture a minute: {name}", none: "No pictures in this time.", every: "Every", min: "{n} min", },
  cause: {
    consent_withdrawn: "consent withdrawn", expired: "expired and deleted", paused: "paused", spool_lost: "spool lost", spool_full: "spool full", no_capacity: "no capacity", node_down: "server down", upload_pending: "upload pending",
    clock_uncertain: "clock uncertain", auth_failed: "wrong user name or password", camera_busy: "camera has no free connection", bad_stream: "bad stream", packet_loss: "packet loss", stalled: "picture stalled", camera_offline: "camera offline", unknown: "cause unknown",
  },
  carrier: { mobile: "Mobile", telecom: "Telecom", unicom: "Unicom", demo: "Demo", local: "local" },
  trace: {
    route: "Route", start: "Begin at a camera and a time", startWhat: "Choose a time, then type a camera or place; or click on a camera on the map. After that each hop is one click, and the clock goes on.", at: "Time", from: "Which camera to begin at",
    pace: "Pace (as the crow flies)", paces: { walk: "On foot, 5 km/h", ride: "Bicycle or motorcycle, 25 km/h", drive: "Car, 40 km/h" }, wind: { n: "north", ne: "north-east", e: "east", se: "south-east", s: "south", sw: "south-west", w: "west", nw: "north-west" },
    seconds: "about {n} s", minutes: "about {n} min", unfilmed: "no footage then", hop: "{n}: go on to {name}", fit: "Whole route", undo: "Undo hop", clear: "Clear", cleared: "The route was cleared", restore: "Restore", replaced: "A new route was begun", seek: "Back to the time of this hop", noHops: "No hops yet.",
    takeAll: "All hops to downloads", taken: "In the downloads: {n} clips", looking: "Looking for the next cameras…", lonely: "No other camera within 3 km", lonelyNext: "Undo a hop and take another way, or search a wider place.", unplaced: "This camera's position is not known: the next ones cannot be told", unplacedNext: "Undo this hop and take another camera; ask the carrier to register the position.",
    outside: "{n} more cameras that the case does not allow to be seen now", outsideNext: "Take another time, undo a hop, or ask for a larger case.", early: "No camera stood near here at that time", earlyNext: "Take another time, or undo a hop.", grow: "Extend the case", growWhat: "Adds what lies within 2 km of here, 30 minutes before and after, to the case. It is registered, and reviewed later.", grown: "The case was extended; it waits for a review.",
  },
  camera: {
    state: { streaming: "recording", degraded: "packet loss", connecting: "connecting", awaiting: "waiting for its push", stalled: "picture stalled", waiting: "waiting for somebody", paused: "paused", unassigned: "not working", removed: "removed" },
    since: "since {t}", searchHere: "Search here", traceHere: "Trace from here", open: "Click a moment on the timeline, or:", playFrom: "Play from {t}", registered: "Opening a picture registers a viewing.", noPictures: "State only, no pictures.", noPicturesWhy: "Footage is for investigators, for a case. Your role looks after devices and network: timeline, gaps and completeness are here.",
    at: "Time", previousDay: "Day before", nextDay: "Day after", gaps: "Gaps", covered: "footage {t}", missing: "{n} gaps, {t} in all", noGaps: "no gaps", nothing: "not yet, or not enrolled", length: "Length", cause: "Cause", toGap: "See what was before the gap of {t}",
    calendar: "Completeness, last {n} days", calendarWhat: "A square a day (Beijing time): time with footage ÷ the whole day, the first day from when the camera was enrolled, today up to now. Click one to see that day.", share: "{n}% footage", upToNow: "up to now", kind: { full: "complete", part: "partly missing", zero: "should be there, is not (0%)", nodata: "not enrolled, no data" }, weekday: { mo: "Mo", tu: "Tu", we: "We", th: "Th", fr: "Fr", sa: "Sa", su: "Su" },
    also: "Also called", device: "Carrier · id", picture: "Picture", fpsIs: "{n} fps", offset: "Clock off by", seconds: "{n} s", lastFrame: "Last frame", lastError: "Last error", division: "Division", position: "Position WGS-84", raw: "as given", unplaced: "not registered", look: "Looks", azimuthIs: "{n}°", fovIs: "angle {n}°", rangeIs: "sees {n} m", retention: "Kept", days: "{n} days", usual: "the installation's default", enrolled: "Enrolled", unknown: "unknown",
    fix: { auth_failed: "Correct its user name and password.", camera_offline: "Look at its power and network.", camera_busy: "Close other programs that watch it.", bad_stream: "Look at its address, port and coding.", stalled: "Look at the camera and its line.", packet_loss: "Look at the line, or use TCP.", no_capacity: "Take fewer cameras, or a larger server.", spool_full: "Free disk space, or bring the store back." },
  },
  downloads: {
    what: "Original footage, not transcoded: each file is byte for byte the server's.", registered: "Asking for sizes and downloading are registered.", none: "Nothing to download yet", noneNext: "While you watch footage on the search page, mark it with I and O and press E. All hops of a route can be added on the tracing page.", toSearch: "To the search",
    all: "Download all", sum: "{n} clips · {size}", every: "All ({n} clips)", stopAll: "Cancel all", clear: "Remove the {n} downloaded", held: "{n} clips have gaps that you have not acknowledged: they are left out. Look at the gaps and tick them off.", one: "Download", redo: "Download again", remove: "Take off the list",
    taken: "Downloaded {t}", gaps: "One gap | {n} gaps", agree: "I know that footage is missing in {n} places: the picture stands still there, the time stays right", which: "Which times", moreGaps: "and {n} more", asking: "Asking for its size…", unknownSize: "size unknown", actual: "Footage from {from} to {to}.", offset: "The camera's clock is {s} s off.", files: "Its coding changes: saved as {n} files.", growing: "It is still being recorded: download it later to have all of it.",
    waiting: "Waiting", hashing: "Computing the hash…", progress: "Progress: {name}", overall: "Overall progress", overallIs: "{done}/{n} clips · {received} / {size}", left: "about {t} left", several: "When the browser asks whether several files may be downloaded, allow it. You may go to other pages meanwhile; closing the tab breaks it off.", finished: "Downloads ended: {done} done, {failed} not.",
    copy: "Copy the hash", copied: "Hash copied", notCopied: "It could not be copied: select it by hand.", noHash: "Larger than 512 MiB: no hash computed in the browser", caseOver: "The case is over, or not yours",
    trouble: {
      offline: "The server cannot be reached.", broken: "The transfer broke off: fewer bytes came than the file has. Nothing was saved.", noCase: "The case of this clip is not among your open cases.", gaps: "Footage is missing inside, and you have not acknowledged that.", no_footage: "There is no footage in this time.", gap_too_long: "A gap inside is too long for one file.", window_too_long: "The span is too long.",
      outside_case: "The case does not allow this area or time.", unknown_case: "There is no such case, or it is not yours.", unknown_camera: "There is no such camera, or you may not see it.", viewing_needed: "Part of this span lies outside what the case allows.", register_unavailable: "The access register cannot be written, so no footage is given.",
    },
    next: {
      offline: "Check the network and try again: it goes on where it broke off.", broken: "Try again: it goes on where it broke off.", noCase: "Look at its state on the page of cases; for the footage, choose an open case, mark it again and add it.", gaps: "Look at the gaps, tick them off, then download.", no_footage: "The timeline shows why; choose a span with footage.", gap_too_long: "Mark what is before and after the gap, each on its own.", window_too_long: "Take several clips of seven days at most.",
      outside_case: "Choose footage inside the case, or extend it along the route.", unknown_case: "Your cases are on the page of cases.", unknown_camera: "Take it off the list, or ask an administrator.", viewing_needed: "Look up the case's span on the page of cases, and mark it again.", register_unavailable: "Ask an administrator to free space on the server's disk or to look at its log, then try again; recording goes on.",
    },
  },
  audit: {
    title: "Access register", what: "Who saw which footage, and when. It is written before the first picture; what cannot be written is not shown.", filter: "Filter", kind: "Kind", all: "All", by: { who: "Who (login)", unit: "Unit", case: "Case", camera: "Camera", viewing: "Viewing" }, from: "Written from", to: "To", anyTime: "any time",
    show: "Show", clear: "Clear the filter", csv: "Download CSV", verify: "Verify", stopVerify: "Stop verifying", verifying: "Reading every entry and comparing with the copy in the store… With many entries that takes minutes; you can go on reading.", seconds: "{n} s so far", verifyFailed: "The register was not verified.",
    intact: "Intact: no entry was altered, removed or moved", broken: "Something is wrong with the register", noChains: "There are no entries yet.", chain: "Chain", own: "written here", entries: "{n} entries ({first} to {last})", stored: "the store has a copy up to entry {n}", notStored: "the store has no copy", hash: "Hash of the last entry", hashWhat: "It stands for all entries before it. Note it down elsewhere, to compare with later.",
    wrong: { altered: "Entry {n} was altered.", missing: "Entry {n} is missing.", reordered: "Entry {n} is not in its place." }, brokenNext: "Leave the files as they are and tell an administrator and the auditors above at once; the entries before it can still be trusted.",
    damaged: "{n} lines are no sound entries and are not listed: press Verify.", none: "No entries match", noneNext: "Ask for less, or clear the filter to see the newest.", older: "Older ones", shown: "{n} entries, newest first", end: "{n} entries, none older",
    unavailable: "The register cannot be read or written now.", unavailableNext: "Ask an administrator to free space on the server's disk or to look at its log, then try again. No footage is shown that cannot be registered.",
    table: "Entries", seq: "No.", at: "Written", whoUnit: "Who (unit)", act: "Act", caseReason: "Case and reason", footage: "Footage", totals: "Totals", operator: "command on this machine", nobody: "no accounts", onward: "and on", sent: "{n} requests, {size}", comma: ", ", onlyThis: "This viewing alone",
    kinds: { viewing_open: "viewing begins", viewing_more: "viewing grows", viewing_close: "viewing ends", admin: "administration", start: "server start", pruned: "too old, removed" },
    acts: {
      footage_read: "playback or download", picture_read: "pictures", live_watch: "live", footage_find: "search by place", camera_import: "cameras imported", camera_remove: "camera removed",
      "camera_push-key": "push key issued", retention_confirm: "expiry confirmed", "safe-mode_end": "safe mode ended", places_import: "places imported", index_rebuild: "index built anew", settings_reload: "settings read again", secret_rotate: "key changed",
      session_begin: "signed in", account_add: "account made", account_import: "accounts imported", account_link: "one-time link made", account_close: "account closed", account_open: "account opened",
      account_password: "password set", "account_second-factor": "second factor on", "account_forget-phone": "second factor off", unit_put: "unit set", token_issue: "token issued", token_revoke: "token revoked",
      case_open: "case opened", emergency_open: "emergency opened", case_members: "case members set", case_approve: "case approved", case_refuse: "case refused", case_adopt: "emergency became a case", case_grow: "route followed", case_close: "case closed", case_review: "reviewed", viewing_share: "viewing shared",
    },
  },
  settings: {
    language: "Language", account: "Account", toAccount: "password and second factor", kept: "Language, base map, downloads, stills taken and bookmarks are kept in this browser alone.", clock: "Clock", serverClock: "Server", ownClock: "This computer", clockGood: "This computer's clock is that of the server", clockSlow: "This computer's clock is {n} s slow.", clockFast: "This computer's clock is {n} s fast.", clockMeans: "All times here are the server's, and footage is not affected. Mind it when comparing with other records, and have the clock set.",
    maps: "Maps", base: "Usual base map", vector: "vector", zooms: "zooms {from}–{to}", noBaseWhat: "borders, names and cameras alone", noMaps: "No base map is set up: borders and names are shown, and everything works.", noMapsNext: "An administrator can name one in the server's settings under maps.sources (a .pmtiles or .mbtiles file, or the address of a map service), and restart it:",
    browser: "Browser", complete: "This browser can do everything.", lacking: "One ability is missing; this is what it means. | {n} abilities are missing; this is what it means.", ability: "Ability", there: "There", means: "What it means", yes: "yes", no: "no",
    what: { chromium: "Chromium ≥ {n}", h264: "H.264 video", h265: "H.265 video", aac: "AAC sound", flac: "FLAC sound in MP4", mse: "Media Source", frames: "Time of each frame (requestVideoFrameCallback)", dialog: "Dialogs (dialog)" },
    fine: { chromium: "Supported.", h264: "Plays.", h265: "Plays.", aac: "Sound is heard.", flac: "Sound of G.711 cameras is heard, too.", mse: "Live pictures are less than a second behind.", frames: "Tiles are in sync to the frame, and the clock shows each frame's time.", dialog: "Dialogs open." },
    lack: {
      chromium: "Too old, or no Chromium: not tested. Use a recent Edge or Chrome.", h264: "Footage does not play, nor do previews. A download is the original. Use another browser.", h265: "H.265 does not play: the sub-stream is shown where there is one, else a preview that the server codes anew; live, pictures. A download is the original, which VLC opens.",
      aac: "No sound with AAC; a download has it.", flac: "No sound of G.711 cameras in playback; a download has it.", mse: "No live video: single pictures, about one a second.", frames: "Times of pictures are right within about 0.25 s, and tiles less in sync; stills and downloads are exact.", dialog: "Some dialogs do not open. Update the browser.",
    },
  },
};
export default en;
