import { asFailure, send, stopped } from "@/server/client";
import { moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import { once } from "./once";

/** piece is how much footage is asked for at a time, ms: the server codes it anew. */
const piece = 10_000;
/** ahead is how much is kept ready after the picture on screen, ms. */
const ahead = 12_000;
/** behind is how much stays before it, ms. */
const behind = 60_000;
/** busy is how long a server that has no hand free is left alone, ms. */
const busy = 2000;

/** due is the moment from which on the next piece is needed; null: enough is there. */
export function due(done: readonly Span[], t: Ms, end: Ms): Ms | null {
  let at = t;
  for (let moved = true; moved; ) {
    moved = false;
    for (const s of done) {
      if (s.from <= at && at < s.to) {
        at = s.to;
        moved = true;
      }
    }
  }
  return at < end && at - t < ahead ? at : null;
}

/** PreviewFeed feeds a video element with previews, piece by piece, where the browser does not play what the camera sends. */
export class PreviewFeed {
  private readonly source = new MediaSource();
  private readonly over = new AbortController();
  private buffer: SourceBuffer | null = null;
  private done: Span[] = []; // what was asked for and came
  private turn: { from: Ms; cancel: AbortController } | null = null;
  private again = 0;

  constructor(
    private readonly el: HTMLVideoElement,
    private readonly span: Span, // of the element's whole time
    start: number, // seconds into it
    private readonly address: (s: Span) => string,
    private readonly failed: (err: Error) => void,
  ) {
    const url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(url);
      this.source.duration = (span.to - span.from) / 1000;
      el.currentTime = start;
      this.fill();
    }, { once: true });
    for (const e of ["seeking", "timeupdate"]) el.addEventListener(e, () => this.fill(), { signal: this.over.signal });
    el.src = url;
  }

  dispose() {
    clearTimeout(this.again);
    this.over.abort();
    this.turn?.cancel.abort();
  }

  private fill() {
    if (this.over.signal.aborted || this.source.readyState !== "open" || this.again) return;
    const t = this.span.from + this.el.currentTime * 1000;
    const from = due(this.done, t, this.span.to - 20);
    if (from === null) return;
    if (this.turn) {
      if (t >= this.turn.from && t < this.turn.from + piece) return; // it comes
      this.turn.cancel.abort(); // somebody went elsewhere
    }
    const turn = { from, cancel: new AbortController() };
    this.turn = turn;
    this.load(from, turn.cancel.signal)
      .then(() => this.turn === turn && (this.turn = null))
      .then(() => this.fill())
      .catch((err) => this.stumbled(err, turn));
  }

  private stumbled(err: unknown, turn: { from: Ms }) {
    if (this.turn === turn) this.turn = null;
    if (stopped(err) || this.over.signal.aborted) return;
    const f = asFailure(err);
    if (f.code === "no_footage") {
      this.done.push({ from: turn.from, to: turn.from + piece });
      return this.fill();
    }
    if (f.code !== "busy") return this.failed(f);
    this.again = window.setTimeout(() => {
      this.again = 0;
      this.fill();
    }, busy);
  }

  private async load(from: Ms, signal: AbortSignal): Promise<void> {
    const asked = { from, to: Math.min(from + piece, this.span.to) };
    const r = await send(this.address(asked), { signal, cache: "no-store" });
    const buffer = this.buffer ?? this.source.addSourceBuffer(r.headers.get("Content-Type") ?? "");
    this.buffer = buffer;
    await settled(buffer);
    signal.throwIfAborted();
    buffer.abort(); // what an abandoned piece left half
    buffer.timestampOffset = (moment(r.headers.get("X-Clip-From") ?? "") - this.span.from) / 1000;
    const reader = r.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      buffer.appendBuffer(value as Uint8Array<ArrayBuffer>);
      await settled(buffer);
      signal.throwIfAborted();
    }
    this.done.push(asked);
    await this.forget(buffer);
  }

  /** forget lets go of what was played long ago. */
  private async forget(buffer: SourceBuffer) {
    const least = this.el.currentTime * 1000 - behind;
    if (least < behind) return;
    this.done = this.done.filter((s) => s.to > this.span.from + least);
    buffer.remove(0, least / 1000);
    await settled(buffer);
  }
}

/** settled waits until a buffer has taken what it was given. */
async function settled(buffer: SourceBuffer): Promise<void> {
  if (buffer.updating) await once(buffer, "updateend");
}
