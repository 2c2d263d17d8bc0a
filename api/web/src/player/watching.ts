import { standing } from "@/camera/standing";
import { answer, asFailure, file, server, stopped } from "@/server/client";
import { LiveStream } from "./live";
import { Pictures } from "./pictures";
import { hasSub, type Shown, type TileSource } from "./state";
import { serverNow } from "@/time/now";
import { moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";
import { Unplayable } from "./video";

/** patience is for how long nothing may come, ms, before the camera's state is looked up; often is how often it is, as long as nothing does. */
const patience = 3000;
const often = 2000;

type Away = Extract<Shown, { kind: "away" }>;

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
  private away: Away | null = null; // why nothing comes, as the camera's state says
  private hasSub = false; // as the camera's state says
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
    if (!this.away) this.pictures?.follow(null);
    const silent = this.pictures !== null || (this.waiting && this.stream !== null && this.stream.silence > patience);
    if (silent && performance.now() - this.asked >= often) void this.check();
  }

  /** check gives up what nothing comes of, where the camera's state says why. */
  private async check() {
    const away = await this.why();
    if (this.over) return;
    if (this.pictures) {
      this.away = away;
      if (away) this.show(away);
    } else if (away && this.waiting && this.stream!.silence > patience) {
      this.waiting = false;
      this.stream!.dispose();
      this.wait(away);
    }
  }

  /** wait shows why nothing comes, and looks again soon. A request that waits at the server would be one less for the other tiles. */
  private wait(away: Away) {
    this.away = away;
    this.show(away);
    this.again = window.setTimeout(() => void this.connect(), often);
  }

  /** why is what the camera's state says of there being no pictures; null: they may come, or it is not known. */
  private async why(): Promise<Away | null> {
    this.asked = performance.now();
    try {
      const c = await answer(server.GET("/api/v1/cameras/{id}", { params: { path: { id: this.source.camera } } }));
      this.hasSub = hasSub(c);
      if (c.lifecycle === "active" && (c.state === "streaming" || c.state === "degraded")) return null;
      const covered = this.source.coverage()?.covered ?? [];
      const before = covered[covered.length - 1]?.to ?? null;
      return { kind: "away", state: standing(c), cause: c.cause ?? "", since: c.since ? moment(c.since) : null, before };
    } catch {
      return null;
    }
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
    try {
      const now = serverNow();
      if (this.until - now < 1800_000) this.until = now + 3600_000; // one viewing does for many tries
      const [leave, away] = await Promise.all([this.source.viewing({ from: now, to: this.until }), this.why()]);
      if (this.over) return;
      this.leave = leave;
      if (away) return this.wait(away);
      this.away = null;
      this.show({ kind: "loading" });
      const s = new LiveStream(file(this.source.camera, "live.mp4", { stream: this.sub ? "sub" : "", audio: "play", viewing: this.leave }));
      this.stream = s;
      s.sound(this.loud);
      this.host.replaceChildren(s.el);
      this.waiting = true;
      await s.run(() => {
        this.tries = 0;
        this.show({ kind: "picture", way: this.sub ? "livesub" : "live" });
      });
      this.reconnect(null);
    } catch (err) {
      if (this.over || stopped(err)) return;
      if (err instanceof Unplayable) this.fallBack();
      else this.reconnect(err);
    }
  }

  private reconnect(err: unknown) {
    this.waiting = false;
    if (this.over) return;
    this.away = null;
    this.show(err ? { kind: "failed", failure: asFailure(err) } : { kind: "loading" });
    this.tries++;
    this.again = window.setTimeout(() => {
      this.stream?.dispose();
      void this.connect();
    }, Math.min(10_000, 500 * 2 ** this.tries));
  }

  /** fallBack is for a coding that this browser does not play. */
  private fallBack() {
    this.waiting = false;
    this.stream?.dispose();
    this.stream = null;
    if ((this.source.sub || this.hasSub) && !this.sub) {
      this.sub = true;
      void this.connect();
      return;
    }
    this.pictures = new Pictures(this.source.camera, () => this.leave, {
      shown: () => this.away ?? this.show({ kind: "picture", way: "livepreview" }),
      failed: (failure) => this.away ?? this.show({ kind: "failed", failure }),
    });
    this.host.append(this.pictures.el);
    this.show({ kind: "picture", way: "livepreview" });
  }
}
