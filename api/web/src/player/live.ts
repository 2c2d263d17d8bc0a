import { moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";
import { type Feed, liveFeed } from "./feed";
import { once } from "./once";
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
    const feed = await liveFeed(this.url, this.cancel.signal);
    if (!window.MediaSource || !MediaSource.isTypeSupported(feed.type)) {
      this.cancel.abort();
      throw new Unplayable(feed.type);
    }
    this.begin = moment(feed.start);
    const source = new MediaSource();
    const url = URL.createObjectURL(source);
    this.el.src = url;
    await once(source, "sourceopen", this.cancel.signal);
    URL.revokeObjectURL(url);
    await this.pump(source.addSourceBuffer(feed.type), feed, begun);
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

  private async pump(buffer: SourceBuffer, feed: Feed, begun: () => void) {
    let first = true;
    for (;;) {
      const bytes = await feed.read();
      if (!bytes) return;
      this.came = performance.now();
      buffer.appendBuffer(bytes as Uint8Array<ArrayBuffer>);
      await once(buffer, "updateend", this.cancel.signal);
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
        await once(buffer, "updateend", this.cancel.signal);
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
}
