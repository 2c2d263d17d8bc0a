import type { Ms } from "@/time/span";

/** MasterClock is the one clock that all tiles follow: a moment that stands, or goes on at a rate. */
export class MasterClock {
  private base: Ms = 0;
  private since = 0;
  private speed = 1;
  private running = false;
  private held = false;

  /** time tells a steady clock's milliseconds. */
  constructor(private readonly time: () => number = () => performance.now()) {}

  get now(): Ms {
    return this.going ? this.base + (this.time() - this.since) * this.speed : this.base;
  }
  get rate(): number {
    return this.speed;
  }
  /** playing is what was asked for; it may be held for tiles that load. */
  get playing(): boolean {
    return this.running;
  }
  /** going is whether the moment moves. */
  get going(): boolean {
    return this.running && !this.held;
  }

  play() {
    this.set(this.now, () => (this.running = true));
  }
  pause() {
    this.set(this.now, () => (this.running = false));
  }
  seek(t: Ms) {
    this.set(t, () => {});
  }
  setRate(rate: number) {
    this.set(this.now, () => (this.speed = rate));
  }
  /** hold stops the moment until tiles have loaded. */
  hold(on: boolean) {
    if (on !== this.held) this.set(this.now, () => (this.held = on));
  }

  private set(t: Ms, change: () => void) {
    change();
    this.base = t;
    this.since = this.time();
  }
}
