import { answer, asFailure, file, server, stopped } from "@/server/client";
import { LiveStream } from "./live";
import { Pictures } from "./pictures";
import type { Shown, TileSource } from "./state";
import { serverNow } from "@/time/now";
import { moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";
import { Unplayable } from "./video";

/** The server waits long for a first picture. Nothing for so long, ms, and the camera's state is looked up: at the start, and between pictures. */
const patience = { first: 600, next: 3000 };
/** often is how often it is, as long as nothing comes, ms. */
const often = 3000;

/** Watching shows in a host what a camera sees now, and connects again when that ends. */
export class Watching {
  private stream: LiveStream | null = null;
  private pictures: Pictures | null = null;
  private leave: string | undefined;
  private until: Ms = 0; // where the viewing ends
  private over = false;
  private tries = 0;
  private again = 0; // timer of another try
  private waiting = false; // for what the server sends
  private playing = false; // pictures came of this stream
  private away: Shown | null = null; // why none come, as the camera's state says
  private asked = -Infinity; // when that was looked up last

  /** sub: the main stream is known to be of a coding that this browser does not play. */
  constructor(
    private readonly host: HTMLElement,
    private readonly source: TileSource,
    private sub: boolean,
    private loud: boolean,
    private readonly changed: (s: Shown) => void,
  ) {
    void this.connect();
  }

  get picture(): Ms | null {
    return this.stream?.picture ?? this.pictures?.picture ?? null;
  }
  get el(): HTMLVideoElement | HTMLImageElement | null {
    return this.stream?.el ?? this.pictures?.el ?? null;
  }

  sound(on: boolean) {
    this.loud = on;
    this.stream?.sound(on);
  }

  /** tick keeps single pictures coming, and finds out why others do not. */
  tick() {
    this.pictures?.follow(null);
    if (!this.waiting || !this.stream) return;
    const silent = this.stream.silence > (this.playing ? patience.next : patience.first);
    if (!silent && this.playing && this.away) this.begun();
    else if (silent && performance.now() - this.asked >= often) void this.ask();
  }

  /** ask shows what the camera's state says, where that is why nothing comes. What was asked for goes on being waited for. */
  private async ask() {
    this.asked = performance.now();
    try {
      const c = await answer(server.GET("/api/v1/cameras/{id}", { params: { path: { id: this.source.camera } } }));
      if (this.over || !this.waiting || (this.playing && this.stream!.silence < patience.next)) return;
      if (c.lifecycle === "active" && (c.state === "streaming" || c.state === "degraded")) {
        if (this.away) this.show({ kind: "loading" });
        this.away = null;
        return;
      }
      const covered = this.source.coverage()?.covered ?? [];
      const before = covered[covered.length - 1]?.to ?? null;
      this.away = { kind: "away", state: c.lifecycle === "removed" ? "removed" : c.state, cause: c.cause ?? "", since: c.since ? moment(c.since) : null, before };
      this.show(this.away);
    } catch {
      // What becomes of the stream itself is shown.
    }
  }

  private begun() {
    this.tries = 0;
    this.playing = true;
    this.away = null;
    this.show({ kind: "picture", way: this.sub ? "livesub" : "live" });
  }

  dispose() {
    this.over = true;
    clearTimeout(this.again);
    this.stream?.dispose();
    this.pictures?.dispose();
  }

  private show(s: Shown) {
    if (!this.over) this.changed(s);
  }

  private async connect() {
    this.show(this.away ?? { kind: "loading" });
    this.playing = false;
    try {
      const now = serverNow();
      if (this.until - now < 1800_000) this.until = now + 3600_000; // one viewing does for many tries
      this.leave = await this.source.viewing({ from: now, to: this.until });
      if (this.over) return;
      const s = new LiveStream(file(this.source.camera, "live.mp4", { stream: this.sub ? "sub" : "", audio: "play", viewing: this.leave }));
      this.stream = s;
      s.sound(this.loud);
      this.host.replaceChildren(s.el);
      this.waiting = true;
      await s.run(() => this.begun());
      this.reconnect(null);
    } catch (err) {
      if (this.over || stopped(err)) return;
      if (err instanceof Unplayable) this.fallBack();
      else this.reconnect(err);
    }
  }

  private reconnect(err: unknown) {
    if (this.over) return;
    const failure = err ? asFailure(err) : null;
    const none = failure?.code === "no_live_picture"; // the server waited for one: to be asked again at once
    this.waiting = none;
    if (none && !this.away) void this.ask();
    if (failure && !none) this.away = null;
    this.show(failure && !none ? { kind: "failed", failure } : this.away ?? { kind: "loading" });
    if (!none) this.tries++;
    this.again = window.setTimeout(() => {
      this.stream?.dispose();
      void this.connect();
    }, none ? 1000 : Math.min(10_000, 500 * 2 ** this.tries));
  }

  /** fallBack is for a coding that this browser does not play. */
  private fallBack() {
    this.waiting = false;
    this.away = null;
    this.stream?.dispose();
    this.stream = null;
    if (this.source.sub && !this.sub) {
      this.sub = true;
      void this.connect();
      return;
    }
    this.pictures = new Pictures(this.source.camera, () => this.leave, {
      shown: () => this.show({ kind: "picture", way: "livepreview" }),
      failed: (failure) => this.show({ kind: "failed", failure }),
    });
    this.host.append(this.pictures.el);
    this.show({ kind: "picture", way: "livepreview" });
  }
}
