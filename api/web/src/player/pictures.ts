import { asFailure, type Failure, file, send, stopped } from "@/server/client";
import { iso, moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** least is the shortest time between two pictures, ms: the server decodes each. */
const least = 500;

/** Pictures shows single pictures, decoded by the server, where the browser cannot play a coding. */
export class Pictures {
  readonly el = document.createElement("img");
  private readonly cancel = new AbortController();
  private frame: Ms | null = null;
  private shot = "";
  private busy = false;
  private asked = 0;
  private wanted: Ms | null = null;

  constructor(
    private readonly camera: string,
    private readonly viewing: () => string | undefined,
    private readonly on: { shown(): void; failed(f: Failure): void },
  ) {
    this.el.alt = "";
  }

  get picture(): Ms | null {
    return this.frame;
  }

  /** follow shows the picture of a moment; null: the newest. */
  follow(t: Ms | null) {
    const now = performance.now();
    if (this.busy || now - this.asked < least) return;
    if (t !== null && t === this.wanted) return;
    this.wanted = t;
    this.asked = now;
    void this.load(t);
  }

  private async load(t: Ms | null) {
    this.busy = true;
    try {
      const url = file(this.camera, "snapshot.jpg", { at: t === null ? "" : iso(t), width: 960, viewing: this.viewing() });
      const r = await send(url, { signal: this.cancel.signal, cache: "no-store" });
      const blob = await r.blob();
      if (this.cancel.signal.aborted) return;
      const old = this.shot;
      this.shot = URL.createObjectURL(blob);
      this.el.src = this.shot;
      if (old) URL.revokeObjectURL(old);
      this.frame = moment(r.headers.get("X-Picture-Time") ?? "");
      this.on.shown();
    } catch (err) {
      if (!stopped(err)) this.on.failed(asFailure(err));
    } finally {
      this.busy = false;
    }
  }

  dispose() {
    this.cancel.abort();
    if (this.shot) URL.revokeObjectURL(this.shot);
    this.el.remove();
  }
}
