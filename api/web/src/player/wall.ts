import { serverNow } from "@/time/now";
import type { Ms } from "@/time/span";
import { MasterClock } from "./clock";
import { neighbour } from "./neighbour";
import { p95 } from "./sync";
import type { Tile } from "./tile";

/** beat is how often tiles are held against the clock, ms. */
const beat = 100;
/** patience is how long the clock is held for tiles that load, ms. */
const patience = 1500;
/** starting is how long tiles are given to get going, ms. */
const starting = 250;
/** measured is how many differences are kept for the figures: ten seconds of nine tiles. */
const measured = 900;

export interface WallEvents {
  /** tick is called with every beat and jump. */
  tick(now: Ms): void;
  /** state is called when it plays, stands, or waits. */
  state(): void;
}

/** Wall keeps tiles at one clock. */
export class Wall {
  readonly clock: MasterClock;
  private tiles: Tile[] = [];
  private timer = 0;
  private waiting = 0; // since when, performance.now(); 0: not
  private isLive = false;
  private drifts: number[] = [];
  private stepping = false;
  private steps: (1 | -1)[] = []; // asked for while one was under way
  private jumps = 0; // counted, so that a step does not take a later one back
  private started = 0; // when the clock went on after it was held, performance.now(); 0: it is level with the tiles

  constructor(
    private readonly on: WallEvents,
    clock = new MasterClock(),
  ) {
    this.clock = clock;
    this.timer = window.setInterval(() => this.beat(), beat);
  }

  get live(): boolean {
    return this.isLive;
  }
  /** held is whether the clock waits for tiles that load. */
  get held(): boolean {
    return this.waiting > 0;
  }
  /** drift is the 95th percentile of how far tiles were from the clock lately, ms. */
  get drift(): number {
    return p95(this.drifts);
  }

  set(tiles: Tile[]) {
    this.tiles = tiles;
    if (this.isLive) for (const t of tiles) t.watch();
    else this.wait();
    this.beat();
  }

  play() {
    if (this.isLive) return;
    this.clock.play();
    this.wait();
    this.changed();
  }
  pause() {
    if (this.isLive) return this.seek(this.liveMoment());
    this.clock.pause();
    this.changed();
  }
  toggle() {
    if (this.clock.playing || this.isLive) this.pause();
    else this.play();
  }
  seek(t: Ms, playing = this.clock.playing) {
    if (this.isLive) {
      this.isLive = false;
      this.clock.pause();
    }
    this.jumps++;
    this.steps = [];
    this.clock.seek(t);
    if (playing) this.clock.play();
    this.wait();
    this.changed();
  }
  setRate(rate: number) {
    this.clock.setRate(rate);
    this.drifts = [];
    this.changed();
  }
  /** watch shows all tiles live. */
  watch() {
    this.isLive = true;
    this.clock.pause();
    this.release();
    for (const t of this.tiles) t.watch();
    this.changed();
  }

  /** step shows the picture before or after the one a tile shows, and moves the clock there. */
  async step(tile: Tile, n: 1 | -1, fps: number) {
    if (this.isLive) return;
    if (this.stepping) { // a key that is held down does not go on when it is let go
      if (this.steps.length < 2) this.steps.push(n);
      return;
    }
    this.stepping = true;
    try {
      this.clock.pause();
      for (let next: 1 | -1 | undefined = n; next; next = this.steps.shift()) {
        const jumps = this.jumps;
        const frame = tile.pace ?? 1000 / (fps > 0 ? fps : 25);
        const from = (await tile.arrived()) ?? this.clock.now;
        const shown = await neighbour(async (t) => (jumps === this.jumps ? tile.exact(t) : null), from, next, frame);
        if (jumps === this.jumps) this.clock.seek(shown ?? from + next * frame);
        else for (const t of this.tiles) t.follow(this.clock); // somebody went elsewhere meanwhile
        this.changed();
      }
    } finally {
      this.stepping = false;
      this.steps = [];
    }
  }

  dispose() {
    clearInterval(this.timer);
    for (const t of this.tiles) t.dispose();
    this.tiles = [];
  }

  /** liveMoment is the newest picture on screen. */
  private liveMoment(): Ms {
    const times = this.tiles.map((t) => t.picture).filter((t): t is Ms => t !== null);
    return times.length ? Math.min(...times) : serverNow();
  }

  private changed() {
    this.on.state();
    this.beat();
  }

  /** wait holds the clock until tiles have loaded, or for so long. */
  private wait() {
    this.waiting = performance.now();
    this.drifts = [];
    this.clock.hold(true);
  }
  private release() {
    if (!this.waiting) return;
    this.waiting = 0;
    this.started = performance.now();
    this.clock.hold(false);
    this.on.state();
  }

  /** level takes from the clock what all tiles took to get going: nobody sees a clock that starts a moment later. */
  private level() {
    if (performance.now() - this.started < starting) return;
    this.started = 0;
    const behind = this.tiles.filter((t) => t.shown.kind === "picture").map((t) => t.behind).sort((a, b) => a - b);
    const middle = behind[behind.length >> 1] ?? 0;
    if (this.clock.going && middle > 0 && middle < 2 * starting * this.clock.rate) this.clock.seek(this.clock.now - middle);
  }

  private beat() {
    if (this.isLive) {
      for (const t of this.tiles) t.tick();
      this.on.tick(this.liveMoment());
      return;
    }
    if (this.stepping) return;
    for (const t of this.tiles) t.follow(this.clock);
    if (this.waiting && (this.tiles.every((t) => t.settled) || performance.now() - this.waiting > patience)) this.release();
    if (this.started) this.level();
    else if (this.clock.going && !this.waiting) {
      for (const t of this.tiles) if (t.shown.kind === "picture" && t.behind !== 0) this.drifts.push(Math.abs(t.behind));
      if (this.drifts.length > measured) this.drifts.splice(0, this.drifts.length - measured);
    }
    this.on.tick(this.clock.now);
  }
}
