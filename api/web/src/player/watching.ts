import { asFailure, file, stopped } from "@/server/client";
import { LiveStream } from "./live";
import { Pictures } from "./pictures";
import type { Shown, TileSource } from "./state";
import type { Ms } from "@/time/span";
import { Unplayable } from "./video";

/** Watching shows in a host what a camera sees now, and connects again when that ends. */
export class Watching {
  private stream: LiveStream | null = null;
  private pictures: Pictures | null = null;
  private leave: string | undefined;
  private over = false;
  private tries = 0;
  private again = 0; // timer of another try

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

  /** tick keeps single pictures coming. */
  tick() {
    this.pictures?.follow(null);
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
    this.show({ kind: "loading" });
    const way = this.sub ? "livesub" : "live";
    try {
      const now = Date.now();
      this.leave = await this.source.viewing({ from: now, to: now + 3600_000 });
      if (this.over) return;
      const s = new LiveStream(file(this.source.camera, "live.mp4", { stream: this.sub ? "sub" : "", audio: "play", viewing: this.leave }));
      this.stream = s;
      s.sound(this.loud);
      this.host.replaceChildren(s.el);
      await s.run(() => {
        this.tries = 0;
        this.show({ kind: "picture", way });
      });
      this.reconnect(null);
    } catch (err) {
      if (this.over || stopped(err)) return;
      if (err instanceof Unplayable) this.fallBack();
      else this.reconnect(err);
    }
  }

  private reconnect(err: unknown) {
    if (this.over) return;
    this.show(err ? { kind: "failed", failure: asFailure(err) } : { kind: "loading" });
    this.tries++;
    this.again = window.setTimeout(() => {
      this.stream?.dispose();
      void this.connect();
    }, Math.min(10_000, 500 * 2 ** this.tries));
  }

  /** fallBack is for a coding that this browser does not play. */
  private fallBack() {
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
