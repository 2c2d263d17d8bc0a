import { asFailure, file, stopped } from "@/server/client";
import { iso } from "@/time/shanghai";
import type { Coverage, Ms, Span } from "@/time/span";
import type { MasterClock } from "./clock";
import { Pictures } from "./pictures";
import type { Shown, TileSource } from "./state";
import { find } from "./stretch";
import { Unplayable, VideoStretch } from "./video";
import { Watching } from "./watching";

/** fast is the rate from which on key frames alone are played. */
const fast = 8;
/** ahead is how long before the end of a stretch the next one is loaded, ms of real time. */
const ahead = 4000;

/** Tile shows one camera at the master clock's moment, or live, in a host element. */
export class Tile {
  private video: VideoStretch | null = null;
  private pending: { stretch: VideoStretch | null; ask: Span; quick: boolean } | null = null; // what is shown stays until it has loaded
  private nextVideo: { from: Ms; stretch: VideoStretch } | null = null;
  private watching: Watching | null = null;
  private pictures: Pictures | null = null; // in place of a preview, where key frames fly by
  private leave: string | undefined;
  private way: "video" | "sub" | "preview" = "video";
  private state: Shown = { kind: "empty" };
  private turn = 0; // raised by everything that replaces what is shown
  private loud = false;
  private again = 0; // timer of another try
  private tries = 0;

  constructor(
    private readonly host: HTMLElement,
    readonly source: TileSource,
    private readonly changed: (s: Shown) => void,
  ) {}

  get shown(): Shown {
    return this.state;
  }
  /** picture is the moment of the picture on screen, null without one. */
  get picture(): Ms | null {
    if (this.state.kind !== "picture") return null;
    return this.video?.picture ?? this.watching?.picture ?? this.pictures?.picture ?? null;
  }
  /** behind is how far the picture was behind the clock, ms. */
  get behind(): number {
    return this.video?.behind ?? 0;
  }
  /** settled is whether nothing is being loaded. */
  get settled(): boolean {
    return this.pending === null && this.state.kind !== "loading" && (this.video === null || this.video.ready);
  }
  /** element is what shows the picture, for a test to read. */
  get element(): HTMLVideoElement | HTMLImageElement | null {
    return this.video?.el ?? this.watching?.el ?? this.pictures?.el ?? null;
  }

  sound(on: boolean) {
    this.loud = on;
    this.video?.sound(on);
    this.watching?.sound(on);
  }

  /** follow is called ten times a second, and at once after a jump. */
  follow(clock: MasterClock) {
    if (this.live) this.stop();
    const t = clock.now;
    const coverage = this.source.coverage();
    if (!coverage) return this.show({ kind: "loading" });
    const found = find(coverage, t, this.source.limits());
    if (found.kind !== "footage") {
      this.video?.follow(t, clock.rate, false);
      return this.show(found);
    }
    const quick = clock.rate >= fast;
    if (quick && this.way === "preview") return this.skim(t);
    if (this.pictures) this.stop();
    const v = this.video;
    if (v?.span && v.fast === quick && inside(v.span, t)) {
      this.giveUp(); // somebody came back before what is elsewhere had loaded
      v.follow(t, clock.rate, clock.going);
      if (v.ready || this.state.kind === "picture") this.show({ kind: "picture", way: this.way });
      this.prepare(v.span.to, clock, coverage);
      return;
    }
    const p = this.pending;
    if (p && p.quick === quick && inside(p.ask, t)) return;
    const n = this.nextVideo;
    if (n?.stretch.span && n.stretch.fast === quick && inside(n.stretch.span, t)) {
      this.nextVideo = null;
      this.put(n.stretch);
      n.stretch.follow(t, clock.rate, clock.going);
      return this.show({ kind: "picture", way: this.way });
    }
    if (this.again && this.state.kind === "failed") return;
    void this.load(found.ask, t, quick);
  }

  /** pace is the time between pictures, as seen; null: not seen yet. */
  get pace(): Ms | null {
    return this.video?.step ?? null;
  }

  /** exact shows the picture of a moment and tells which one that is. */
  async exact(t: Ms): Promise<Ms | null> {
    const v = this.video;
    return v?.span && inside(v.span, t) ? v.exact(t) : null;
  }

  /** arrived tells which picture is on screen once the last jump is over; null: none, or it has yet to be loaded. */
  async arrived(): Promise<Ms | null> {
    if (this.pending) return null;
    return this.video ? this.video.arrived() : this.picture;
  }

  /** watch shows what the camera sees now. */
  watch() {
    if (this.live && this.state.kind !== "failed") return;
    this.stop();
    this.watching = new Watching(this.host, this.source, this.way === "sub", this.loud, (s) => this.show(s));
  }

  get live(): boolean {
    return this.watching !== null;
  }

  /** tick keeps pictures of a live camera coming. */
  tick() {
    this.watching?.tick();
  }

  retry() {
    clearTimeout(this.again);
    this.again = 0;
    const live = this.live;
    this.stop();
    if (live) this.watch();
  }

  dispose() {
    this.stop();
    this.host.replaceChildren();
  }

  private show(s: Shown) {
    const same = s.kind === this.state.kind && JSON.stringify(s) === JSON.stringify(this.state);
    this.state = s;
    if (!same) this.changed(s);
  }

  private stop() {
    this.turn++;
    clearTimeout(this.again);
    this.again = 0;
    for (const x of [this.video, this.pending?.stretch, this.nextVideo?.stretch, this.watching, this.pictures]) x?.dispose();
    this.video = this.pending = this.nextVideo = this.watching = this.pictures = null;
    this.show({ kind: "loading" });
  }

  /** giveUp is for what is still loaded, and not wanted any more. */
  private giveUp() {
    if (!this.pending) return;
    this.turn++;
    this.pending.stretch?.dispose();
    this.pending = null;
  }

  private put(v: VideoStretch) {
    const old = this.video;
    this.video = v;
    v.sound(this.loud);
    this.host.append(v.el);
    old?.dispose();
  }

  private stretch(ask: Span, quick: boolean): VideoStretch {
    const stream = this.way === "sub" ? "sub" : "";
    const params = { from: iso(Math.floor(ask.from)), to: iso(Math.ceil(ask.to)), stream, frames: quick ? "key" : "", ranges: "short", viewing: this.leave };
    const preview = (s: Span) => file(this.source.camera, "preview.mp4", { from: iso(Math.floor(s.from)), to: iso(Math.ceil(s.to)), viewing: this.leave });
    return new VideoStretch(file(this.source.camera, "play.mp4", params), quick, this.way === "preview" ? preview : undefined);
  }

  private async load(ask: Span, t: Ms, quick: boolean) {
    const turn = ++this.turn;
    this.pending?.stretch?.dispose();
    this.pending = { stretch: null, ask, quick };
    this.show({ kind: "loading" });
    try {
      this.leave = await this.source.viewing(ask);
      if (turn !== this.turn) return;
      const v = this.stretch(ask, quick);
      this.pending.stretch = v;
      await v.load(t, (err) => this.failed(err, this.turn));
      if (turn !== this.turn) return;
      this.tries = 0;
      this.pending = null;
      this.put(v);
    } catch (err) {
      this.failed(err, turn);
    }
  }

  /** prepare loads the stretch after the one that is about to end. */
  private prepare(end: Ms, clock: MasterClock, coverage: Coverage) {
    if (!clock.going || this.nextVideo || (end - clock.now) / clock.rate > ahead) return;
    const found = find(coverage, end + 1, this.source.limits());
    if (found.kind !== "footage" || found.ask.to <= end) return;
    const stretch = this.stretch({ from: end, to: found.ask.to }, clock.rate >= fast);
    this.nextVideo = { from: end, stretch };
    const broken = (err: Error) => this.video === stretch && this.failed(err, this.turn);
    stretch.load(end, broken).catch(() => {
      if (this.nextVideo?.stretch === stretch) this.nextVideo = null;
      stretch.dispose();
    });
  }

  private failed(err: unknown, turn: number) {
    if (turn !== this.turn || stopped(err)) return;
    if (err instanceof Unplayable) return this.fallBack();
    this.video?.dispose();
    this.pending?.stretch?.dispose();
    this.video = this.pending = null;
    const failure = asFailure(err);
    this.tries++;
    this.show({ kind: "failed", failure });
    if (failure.status === 0 || failure.status >= 500) {
      this.again = window.setTimeout(() => (this.again = 0), Math.min(15_000, 500 * 2 ** this.tries));
    } else this.again = -1; // the server's mind is made up: a person tries again
  }

  /** fallBack is for a coding that this browser does not play: the next beat asks for another. */
  private fallBack() {
    this.stop();
    this.way = this.source.sub && this.way === "video" ? "sub" : "preview";
  }

  /** skim shows key frames one by one, decoded by the server. */
  private skim(t: Ms) {
    if (!this.pictures) {
      this.stop();
      const pictures: Pictures = new Pictures(this.source.camera, () => this.leave, {
        shown: () => this.pictures === pictures && this.show({ kind: "picture", way: "pictures" }),
        failed: (failure) => this.pictures === pictures && this.show({ kind: "failed", failure }),
      });
      this.pictures = pictures;
      this.host.append(pictures.el);
    }
    this.pictures?.follow(t);
  }
}

const inside = (s: Span, t: Ms) => t >= s.from - 50 && t < s.to;
