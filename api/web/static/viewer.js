// Viewer shows one camera: live, a recording from a moment on, or pictures where
// the browser cannot play the coding. It always says which moment is on screen.

import { full, hms, iso } from "./clock.js";
import { t, word } from "./i18n.js";
import { address, head, open } from "./net.js";
import { Live } from "./live.js";

const longest = 10 * 60e3; // of one loaded stretch
const edge = 15e3; // nearer than this to the newest footage counts as caught up
const joint = 1000; // footage that goes on within so many ms goes on

const $ = (id) => document.getElementById(id);
const names = { h264: "H.264", h265: "H.265", mjpeg: "MJPEG" };

export class Viewer {
  /** on: {time(t or null), mode(), timeline(t): Promise of the day's data, viewings}. */
  constructor(on) {
    this.on = on;
    this.video = $("video");
    this.picture = $("picture");
    this.live = new Live(this.video);
    this.camera = null;
    this.mode = ""; // "", "live", "play", "pictures"
    this.time = null; // the moment on screen
    this.token = 0; // raised by everything that replaces what is shown
    this.tries = 0;
    this.begin = null; // wall time of media time 0
    this.span = null; // of the loaded recording
    const v = this.video;
    v.addEventListener("ended", () => this.mode === "play" && this.goOn());
    v.addEventListener("error", () => this.mode === "play" && v.error && this.failed());
    v.addEventListener("timeupdate", () => this.frame(v.currentTime));
    v.addEventListener("seeked", () => this.frame(v.currentTime));
    for (const e of ["play", "pause"]) v.addEventListener(e, () => this.on.mode());
    if (v.requestVideoFrameCallback) {
      const tick = (_, m) => { this.frame(m.mediaTime, true); v.requestVideoFrameCallback(tick); };
      v.requestVideoFrameCallback(tick);
      this.exact = true;
    }
  }

  frame(media, exact = false) {
    if (this.begin === null || this.exact && !exact && !this.video.paused) return;
    if (this.mode === "live" || this.mode === "play") this.show(this.begin + media * 1e3);
  }

  show(at) {
    this.time = at;
    $("clock").textContent = at === null ? "" : full(at, true);
    this.on.time(at);
  }

  /** open begins with a camera, or with none. */
  open(camera) {
    this.reset("");
    this.camera = camera;
    this.show(null);
    this.video.removeAttribute("poster");
  }

  reset(mode) {
    this.token++;
    this.live.stop();
    clearTimeout(this.timer);
    this.begin = this.span = null;
    this.playing = true;
    const v = this.video;
    v.pause();
    if (v.src) { v.removeAttribute("src"); v.load(); }
    this.picture.hidden = mode !== "pictures";
    v.hidden = mode === "pictures";
    if (this.shot) { URL.revokeObjectURL(this.shot); this.shot = null; this.picture.removeAttribute("src"); }
    this.mode = mode;
    this.say();
    this.label();
    this.on.mode();
    return this.token;
  }

  label(text) {
    this.text = text ?? { live: "modeLive", play: "modePlay", pictures: "modePictures" }[this.mode] ?? "";
    $("mode").textContent = this.text ? t(this.text) : "";
  }

  /** say shows a message over the picture: lines, and buttons. */
  say(lines = [], actions = []) {
    const box = $("message");
    box.hidden = !lines.length;
    box.replaceChildren(...lines.map((l, i) => Object.assign(document.createElement("p"), { textContent: l, className: i ? "muted" : "" })));
    if (!actions.length) return;
    const row = Object.assign(document.createElement("div"), { className: "actions" });
    for (const [text, run] of actions) row.append(Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick: run }));
    box.append(row);
  }

  url(file, params) { return address(`cameras/${encodeURIComponent(this.camera.id)}/${file}`, { ...params, viewing: this.viewing }); }

  /** again_ shows the same once more: for another case. */
  again_() {
    if (this.mode === "play" || this.mode === "pictures" && this.span !== null) this.play(this.time);
    else if (this.mode) this.watch();
  }

  /** refuse says that there is no viewing for what shall be seen, and why. */
  refuse(err, retry) {
    this.on.viewings.forget();
    this.say([err.problem?.detail || err.message, err.problem?.next || ""], [[t("retry"), retry]]);
  }

  /** watch shows the camera live. stream is tried first, then its sub-stream. */
  async watch(stream = "main", again = false) {
    if (!again) this.tries = 0;
    const token = this.reset("live");
    try {
      const id = await this.on.viewings.live(this.camera.id);
      if (token !== this.token) return;
      this.viewing = id;
    } catch (err) {
      if (token === this.token) this.refuse(err, () => this.watch(stream));
      return;
    }
    if (stream !== "main") this.label("modeSub");
    if (!again) { this.show(null); this.video.poster = this.url("snapshot.jpg", { width: 960, stream, at: "" }); }
    this.video.playbackRate = 1;
    const state = this.camera.streams.find((s) => s.role === stream) || this.camera;
    const codec = (state.codec || "").split("+")[0];
    if (codec === "mjpeg") { this.refused(stream, codec); return; }
    this.say([again ? t("liveAgain") : t("liveWait")]);
    this.live.start(this.url("live.mp4", { stream, audio: $("sound").checked ? "play" : "none" }), {
      begin: (start) => { if (token === this.token) { this.begin = start; this.tries = 0; this.say(); this.on.mode(); } },
      refuse: () => { if (token === this.token) this.refused(stream, codec); },
      end: (err) => { if (token === this.token) this.again(stream, err); },
    });
  }

  /** again connects once more after the stream ended. */
  again(stream, err) {
    this.tries++;
    const lines = [t("liveAgain")];
    if (err?.problem?.code === "viewing_needed") this.on.viewings.forget();
    if (err?.problem) {
      lines[0] = t("liveNone");
      const c = this.camera;
      if (c.cause) lines[0] += `：${word("cause", c.cause)}`;
      lines.push(t("liveNoneNext"));
    }
    this.say(lines, [[t("retry"), () => this.watch(stream)]]);
    this.timer = setTimeout(() => this.watch(stream, true), Math.min(10e3, 500 * 2 ** this.tries));
  }

  /** refused is for a coding that the browser cannot play. */
  refused(stream, codec) {
    const sub = this.camera.streams.find((s) => s.role === "sub" && (s.codec || "").startsWith("h264"));
    if (stream === "main" && sub) { this.watch("sub"); return; }
    this.pictures(null, codec);
  }

  /** play shows the recording from a moment on. */
  async play(at, paused = false) {
    const token = this.reset("play");
    this.show(at);
    this.say([t("loading")]);
    let data;
    try {
      data = await this.on.timeline(at);
    } catch (err) {
      if (token === this.token) this.say([t("timelineFailed"), err.message], [[t("retry"), () => this.play(at)]]);
      return;
    }
    if (token !== this.token) return;
    const run = around(data.covered, at);
    if (!run) { this.nothing(data, at); return; }
    const span = [Math.max(at, run[0]), Math.min(run[1], at + longest)];
    if (span[1] - span[0] < 200) { this.nothing(data, run[1]); return; }
    try {
      const id = await this.on.viewings.cover(this.camera.id, span[0], span[1]);
      if (token !== this.token) return;
      this.viewing = id;
    } catch (err) {
      if (token === this.token) this.refuse(err, () => this.play(at));
      return;
    }
    const url = this.url("clip.mp4", { from: iso(span[0]), to: iso(span[1]) });
    try {
      const r = await head(url);
      if (token !== this.token) return;
      const type = r.headers.get("Content-Type") || "";
      const coding = (/codecs="?([^",]+)/.exec(type) || [])[1] || "";
      if (/^(hvc1|hev1|jpeg|mp4v)/.test(coding) && !this.video.canPlayType(`video/mp4; codecs="${coding}"`)) {
        this.pictures(span[0], coding.startsWith("jpeg") ? "mjpeg" : "h265");
        return;
      }
      this.begin = Date.parse(r.headers.get("X-Clip-From"));
      this.span = [this.begin, Date.parse(r.headers.get("X-Clip-To"))];
      this.video.removeAttribute("poster");
      this.video.src = r.url;
      this.rate();
      this.video.muted = !$("sound").checked;
      if (paused) this.video.pause();
      else await this.video.play();
      if (token === this.token) this.say();
    } catch (err) {
      if (token !== this.token || err.name === "AbortError") return;
      if (err.status === 404) this.nothing(data, at, err.problem);
      else this.failed(err);
    }
  }

  failed(err) {
    if (err?.problem?.code === "viewing_needed") this.on.viewings.forget();
    this.say([t("playFailed") + (err ? `：${err.problem?.detail || err.message}` : ""), err?.problem?.next || t("playFailedNext")], [[t("retry"), () => this.play(this.time)]]);
  }

  /** goOn is at the end of what was loaded. */
  async goOn() {
    const at = this.span ? this.span[1] : this.time, token = this.token;
    const data = await this.on.timeline(at).catch(() => null);
    if (token !== this.token || !data) return;
    const run = around(data.covered, at + 1) || around(data.covered, at + joint);
    if (run && run[1] - at > 300) this.play(Math.max(at, run[0]));
    else if (data.until - at < edge) this.say([t("caughtUp")], [[t("toLive"), () => this.watch()]]);
    else this.nothing(data, at);
  }

  /** nothing says that there is no footage at a moment, why, and what is near. */
  nothing(data, at, problem) {
    const actions = [];
    const gap = data.gaps.find(([a, b]) => at >= a - joint && at < b);
    const before = data.covered.filter(([, b]) => b <= at + joint).pop() || problem?.before && span(problem.before);
    const after = data.covered.find(([a]) => a > at) || problem?.after && span(problem.after);
    const ahead = this.span !== null;
    if (before && !ahead) actions.push([t("goBefore", hms(before[1])), () => this.play(Math.max(before[0], before[1] - 30e3))]);
    if (after) actions.push([ahead ? t("goOn", hms(after[0])) : t("goAfter", hms(after[0])), () => this.play(after[0])]);
    if (!gap && at >= data.until - edge) actions.push([t("toLive"), () => this.watch()]);
    const cause = gap ? word("cause", gap[2]) : t("nothingHere");
    const lines = [!gap && at >= data.until ? t("notYet") : ahead ? t("gapAhead", hms(at), cause) : t("inGap", cause)];
    const fix = gap && t("fix." + gap[2]);
    if (fix && !fix.startsWith("fix.")) lines.push(fix);
    this.say(lines, actions);
    this.on.mode();
  }

  /** pictures shows key frames one after the other; at null: the newest. */
  pictures(at, codec) {
    const token = this.reset("pictures");
    const note = [t("noCodec", names[codec] || codec), t("noCodecNext")];
    this.say(note);
    const hide = setTimeout(() => token === this.token && this.say(), 6000);
    const next = async () => {
      if (token !== this.token) return;
      let wait = 1000;
      if (this.playing) {
        try {
          const r = await open(this.url("snapshot.jpg", { at: at === null ? "" : iso(at), width: 1280 }));
          const taken = Date.parse(r.headers.get("X-Picture-Time"));
          const blob = await r.blob();
          if (token !== this.token) return;
          const old = this.shot;
          this.picture.src = this.shot = URL.createObjectURL(blob);
          this.picture.alt = full(taken);
          if (old) URL.revokeObjectURL(old);
          this.show(at === null ? taken : Math.max(at, taken));
          if (at !== null) at += 1000 * Number($("rate").value);
        } catch (err) {
          if (token !== this.token) return;
          clearTimeout(hide);
          const data = at !== null && err.status === 404 ? await this.on.timeline(at).catch(() => null) : null;
          if (token !== this.token) return;
          if (data) { this.span = [at, at]; this.nothing(data, at, err.problem); return; }
          this.say([`${t("noPictures")}：${err.problem?.detail || err.message}`, err.problem?.next || ""], [[t("retry"), () => (at === null ? this.watch() : this.play(at))]]);
          wait = 5000;
        }
      }
      this.timer = setTimeout(next, wait);
    };
    next();
  }

  get paused() { return this.mode === "pictures" ? !this.playing : this.video.paused; }

  toggle() {
    if (this.mode === "pictures") this.playing = !this.playing;
    else if (!this.video.src) return;
    else if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
    this.on.mode();
  }

  /** skip moves by so many ms, inside what is loaded where that is possible. */
  skip(by) {
    if (this.time === null) return;
    const at = this.time + by;
    if (this.mode === "play" && this.span && at >= this.span[0] && at < this.span[1] - 200) {
      this.say();
      this.video.currentTime = (at - this.begin) / 1e3;
      if (this.video.ended) this.video.play().catch(() => {});
    } else if (this.mode === "live" && by > 0) return;
    else this.play(at);
  }

  /** step moves by frames while paused. */
  step(n) {
    if (this.mode !== "play" || !this.video.src) return;
    this.video.pause();
    this.video.currentTime = Math.max(0, this.video.currentTime + n / (this.camera.fps || 25));
  }

  rate() { if (this.mode === "play") this.video.playbackRate = Number($("rate").value); }

  sound() {
    this.video.muted = !$("sound").checked;
    if (this.mode === "live" && this.begin !== null) this.watch();
  }
}

/** around is the run of footage a moment lies in, small holes closed. */
export function around(covered, at) {
  let run = null;
  for (const [a, b] of covered) {
    if (run && a - run[1] <= 50) run[1] = b;
    else if (run && at < run[1]) break;
    else run = [a, b];
  }
  return run && at >= run[0] - joint && at < run[1] ? run : null;
}

const span = (s) => [Date.parse(s.from), Date.parse(s.to)];
