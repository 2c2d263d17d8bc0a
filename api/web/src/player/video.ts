import { Failure, send } from "@/server/client";
import { moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import { PreviewFeed } from "./preview";
import { playable } from "./state";
import { correct } from "./sync";

/** Loaded is a stretch of footage that can be asked for by this address. */
interface Loaded {
  url: string;
  span: Span;
  type: string;
}

/** ask finds out what a stretch is by its first byte: to HEAD a server could not say why it refuses. */
export async function ask(url: string, signal: AbortSignal): Promise<Loaded> {
  const r = await send(url, { headers: { Range: "bytes=0-0" }, cache: "no-store", signal }); // in the cache it would be pieced together with what the player asks for
  await r.arrayBuffer();
  const from = r.headers.get("X-Clip-From") ?? "";
  const to = r.headers.get("X-Clip-To") ?? "";
  const lead = Number(r.headers.get("X-Clip-Lead-In") ?? 0) * 1000; // it begins with the key frame before
  return { url: r.url, type: r.headers.get("Content-Type") ?? "", span: { from: moment(from) - lead, to: moment(to) } };
}

/** Unplayable is a coding that this browser does not play. */
export class Unplayable extends Error {
  constructor(readonly type: string) {
    super(`this browser does not play ${type}`);
  }
}

/** seekMost bounds what a seek is thought to take, ms. */
const seekMost = 600;
/** unsaid is how long after a seek a picture may come that is told of, ms: one that stands already is not put on screen anew. */
const unsaid = 250;
/** longest is how long a seek is waited for, ms: what it wants may have to be coded anew. */
const longest = 5000;

/** Arrival is the end of a seek: its picture is on screen, and known. */
interface Arrival {
  to: number; // seconds into the stretch
  come: Promise<void>;
  done(): void;
}

/** mishap is what the browser says of footage that it does not go on with. */
const mishap = (v: HTMLVideoElement) => new Failure(0, { code: v.error?.code === 2 ? "offline" : "not_played", detail: v.error?.message }); // 2: MEDIA_ERR_NETWORK

/** VideoStretch plays one stretch of footage in a video element and keeps it at a clock. */
export class VideoStretch {
  readonly el = document.createElement("video");
  private readonly cancel = new AbortController();
  private loaded: Loaded | null = null;
  private frame: Ms | null = null; // of the picture on screen
  private frames = 0;
  private steps: number[] = []; // between the last pictures, ms
  private seekTook = 80; // ms, smoothed
  private seekBegan = 0;
  private failed: ((err: Error) => void) | null = null;
  private arrival: Arrival | null = null; // of the last seek; null: it is over
  private feed: PreviewFeed | null = null;
  /** behind is how far the picture was behind the clock at the last look, ms. */
  behind = 0;

  constructor(
    private readonly url: string,
    readonly fast: boolean, // key frames alone
    private readonly preview?: (s: Span) => string, // where a span of it is had in a coding that every browser plays
  ) {
    const v = this.el;
    v.muted = true;
    v.playsInline = true;
    v.preload = "auto";
    v.disablePictureInPicture = true;
    v.tabIndex = -1;
    v.addEventListener("seeked", () => {
      if (this.seekBegan) this.seekTook += (Math.min(performance.now() - this.seekBegan, seekMost) - this.seekTook) / 4;
      this.seekBegan = 0;
      this.arriveSoon();
    });
    v.addEventListener("loadeddata", () => this.arriveSoon());
    v.addEventListener("error", () => this.failed?.(mishap(v)));
    this.watch();
  }

  /** span is what it holds; null until it is known. */
  get span(): Span | null {
    return this.loaded?.span ?? null;
  }
  /** picture is the moment of the picture on screen. */
  get picture(): Ms | null {
    return this.frame;
  }
  /** pictures counts those that were shown. */
  get pictures(): number {
    return this.frames;
  }
  /** step is the time between pictures, as seen; null: not seen yet. */
  get step(): Ms | null {
    return this.steps.length ? Math.min(...this.steps) : null;
  }
  get ready(): boolean {
    return this.el.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !this.el.seeking && this.frame !== null;
  }

  /** load gets ready to show a moment; it is done when a picture stands. */
  async load(t: Ms, onError: (err: Error) => void): Promise<void> {
    const l = await ask(this.url, this.cancel.signal);
    const plays = playable(l.type);
    if (!plays && !this.preview) throw new Unplayable(l.type);
    this.loaded = l;
    this.failed = onError;
    const start = Math.max(0, Math.min(t, l.span.to - 20) - l.span.from) / 1000;
    this.expect(start);
    if (plays) this.el.src = start > 0.1 ? `${l.url}#t=${start.toFixed(3)}` : l.url; // else it begins where it begins: no seek
    else this.feed = new PreviewFeed(this.el, l.span, start, this.preview!, (err) => this.failed?.(err));
    await new Promise<void>((resolve, reject) => {
      const v = this.el;
      const stop = () => reject(new DOMException("stopped", "AbortError"));
      this.cancel.signal.addEventListener("abort", stop, { once: true });
      v.addEventListener("error", () => reject(mishap(v)), { once: true });
      v.addEventListener("loadeddata", () => resolve(), { once: true });
    });
    if (this.frame === null) this.frame = l.span.from + this.el.currentTime * 1000;
  }

  /** follow keeps the picture at a moment that goes on at a rate, or stands. */
  follow(t: Ms, rate: number, going: boolean) {
    const l = this.loaded;
    const v = this.el;
    if (!l || v.readyState < HTMLMediaElement.HAVE_METADATA) return;
    const want = Math.min(Math.max(t - l.span.from, 0), l.span.to - l.span.from - 1) / 1000;
    if (!going) {
      if (!v.paused) v.pause();
      this.behind = 0;
      if (!v.seeking && Math.abs(v.currentTime - want) > 0.002) this.seek(want);
      return;
    }
    const behind = want - v.currentTime;
    this.behind = behind * 1000;
    if (v.paused && !v.ended) void v.play().catch(() => {}); // a page in the background plays later
    if (v.seeking) return;
    const c = correct(behind, rate);
    if (c.seek) this.seek(want + (this.seekTook / 1000) * rate);
    else if (v.playbackRate !== c.rate) v.playbackRate = c.rate;
  }

  /** exact shows the picture of a moment and tells which one that is. */
  async exact(t: Ms): Promise<Ms | null> {
    const l = this.loaded;
    if (!l) return null;
    this.el.pause();
    this.seek(Math.max(0, t - l.span.from) / 1000);
    return this.arrived();
  }

  /** arrived tells which picture is on screen once the last seek is over; null: it takes too long. */
  async arrived(): Promise<Ms | null> {
    if (this.arrival) await Promise.race([this.arrival.come, new Promise((r) => setTimeout(r, longest))]);
    return this.arrival ? null : this.frame;
  }

  sound(on: boolean) {
    this.el.muted = !on;
  }

  dispose() {
    this.cancel.abort();
    this.feed?.dispose();
    this.failed = null;
    this.loaded = null;
    this.el.pause();
    this.el.removeAttribute("src");
    this.el.load();
    this.el.remove();
  }

  private seek(seconds: number) {
    this.seekBegan = performance.now();
    this.expect(seconds);
    this.el.currentTime = seconds;
  }

  private expect(to: number) {
    this.arrival?.done();
    let done = () => {};
    const come = new Promise<void>((resolve) => (done = resolve));
    this.arrival = { to, come, done };
  }

  private arrive() {
    this.arrival?.done();
    this.arrival = null;
  }

  private arriveSoon() {
    const a = this.arrival;
    if (!this.el.seeking) setTimeout(() => a && a === this.arrival && this.arrive(), unsaid);
  }

  /** watch is told of each picture as it is put on screen. */
  private watch() {
    const v = this.el;
    const put = (media: number) => {
      if (!this.loaded) return;
      const at = this.loaded.span.from + media * 1000;
      const step = this.frame === null ? 0 : at - this.frame;
      if (step > 1 && step < 3000) this.steps = [...this.steps.slice(-15), step];
      this.frame = at;
      this.frames++;
      // A picture from before the seek may be told of late: this one is the moment's, or it is not what was waited for.
      const left = (this.arrival?.to ?? 0) - media;
      if (left > -0.001 && left < (this.step ?? 40) / 1000) this.arrive();
    };
    if ("requestVideoFrameCallback" in v) {
      const tick: VideoFrameRequestCallback = (_, m) => {
        put(m.mediaTime);
        if (!this.cancel.signal.aborted) v.requestVideoFrameCallback(tick);
      };
      v.requestVideoFrameCallback(tick);
    } else {
      for (const e of ["timeupdate", "seeked"] as const) (v as HTMLVideoElement).addEventListener(e, () => put((v as HTMLVideoElement).currentTime));
    }
  }
}
