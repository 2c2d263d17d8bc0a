import { send } from "@/server/client";
import { moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";
import { Unplayable } from "./video";

const keep = 20; // seconds that stay in the buffer
const late = 0.45; // seconds behind the newest picture: hurry
const jump = 1.5; // and skip

/** LiveStream plays what a camera sees now, close to its end. It ends when the server ends it. */
export class LiveStream {
  readonly el = document.createElement("video");
  private readonly cancel = new AbortController();
  private begin: Ms = 0;
  private frame: Ms | null = null;
  private came = performance.now(); // when the server sent something last, or was asked

  constructor(private readonly url: string) {
    const v = this.el;
    v.muted = true;
    v.playsInline = true;
    v.disablePictureInPicture = true;
    v.tabIndex = -1;
    if ("requestVideoFrameCallback" in v) {
      const tick: VideoFrameRequestCallback = (_, m) => {
        if (this.begin) this.frame = this.begin + m.mediaTime * 1000;
        if (!this.cancel.signal.aborted) v.requestVideoFrameCallback(tick);
      };
      v.requestVideoFrameCallback(tick);
    } else {
      (v as HTMLVideoElement).addEventListener("timeupdate", () => (this.frame = this.begin + this.el.currentTime * 1000));
    }
  }

  /** picture is the moment of the picture on screen. */
  get picture(): Ms | null {
    return this.frame;
  }

  /** silence is for how long nothing has come, ms. */
  get silence(): number {
    return performance.now() - this.came;
  }

  /** run plays until the server ends it; begun is called with the first picture. */
  async run(begun: () => void): Promise<void> {
    const r = await send(this.url, { signal: this.cancel.signal, cache: "no-store" });
    const type = r.headers.get("Content-Type") ?? "";
    if (!window.MediaSource || !MediaSource.isTypeSupported(type) || !r.body) {
      this.cancel.abort();
      throw new Unplayable(type);
    }
    this.begin = moment(r.headers.get("X-Media-Start") ?? "");
    const source = new MediaSource();
    const url = URL.createObjectURL(source);
    this.el.src = url;
    await this.once(source, "sourceopen");
    URL.revokeObjectURL(url);
    await this.pump(source.addSourceBuffer(type), r.body.getReader(), begun);
  }

  sound(on: boolean) {
    this.el.muted = !on;
  }

  dispose() {
    this.cancel.abort();
    this.el.pause();
    this.el.removeAttribute("src");
    this.el.load();
    this.el.remove();
  }

  private async pump(buffer: SourceBuffer, reader: ReadableStreamDefaultReader<Uint8Array>, begun: () => void) {
    let first = true;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.came = performance.now();
      buffer.appendBuffer(value as Uint8Array<ArrayBuffer>);
      await this.once(buffer, "updateend");
      const ranges = buffer.buffered;
      if (!ranges.length) continue;
      const end = ranges.end(ranges.length - 1);
      if (first) {
        first = false;
        this.el.currentTime = Math.max(ranges.start(0), end - 0.1);
        void this.el.play().catch(() => {}); // a page in the background plays later
        begun();
      }
      this.chase(end, ranges);
      if (ranges.start(0) < this.el.currentTime - keep) {
        buffer.remove(0, this.el.currentTime - keep / 2);
        await this.once(buffer, "updateend");
      }
    }
  }

  /** chase keeps close to the newest picture without making it stutter. */
  private chase(end: number, ranges: TimeRanges) {
    const v = this.el;
    if (v.seeking) return;
    const start = ranges.start(ranges.length - 1);
    const behind = end - v.currentTime;
    if (behind > jump || v.currentTime < start - 0.01) v.currentTime = Math.max(start, end - 0.15);
    const rate = behind > late ? 1.08 : 1;
    if (v.playbackRate !== rate) v.playbackRate = rate;
  }

  private once(target: EventTarget, event: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.cancel;
      const stop = () => reject(new DOMException("stopped", "AbortError"));
      if (signal.aborted) return stop();
      const options = { once: true, signal };
      signal.addEventListener("abort", stop, { once: true });
      target.addEventListener(event, () => resolve(), options);
      target.addEventListener("error", () => reject(new Error("media error")), options);
    });
  }
}
