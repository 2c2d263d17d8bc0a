// Live plays an endless fragmented MP4 through Media Source Extensions and keeps
// close to its end. When the server ends it (another coding, a reconnect of the
// camera, a slow line) on.end is called once.

import { open } from "./net.js";

const keep = 20; // seconds that stay in the buffer
const late = 0.45, jump = 1.5; // seconds behind the newest picture: hurry, and skip

export class Live {
  constructor(video) {
    this.video = video;
    this.run = null;
  }

  stop() {
    if (!this.run) return;
    this.run.cancel.abort();
    this.run = null;
  }

  /** on: {begin(start in ms), end(err or null), refuse(mime)}. */
  async start(url, on) {
    this.stop();
    const run = { cancel: new AbortController(), on };
    this.run = run;
    try {
      const r = await open(url, run.cancel.signal);
      const mime = r.headers.get("Content-Type") || "";
      if (!window.MediaSource || !MediaSource.isTypeSupported(mime)) {
        run.cancel.abort();
        this.run = null;
        on.refuse(mime);
        return;
      }
      const start = Date.parse(r.headers.get("X-Media-Start"));
      await this.pump(run, r.body.getReader(), mime, start);
      this.done(run, null);
    } catch (err) {
      if (err.name !== "AbortError") this.done(run, err);
    }
  }

  done(run, err) {
    if (this.run !== run) return;
    this.run = null;
    run.cancel.abort();
    run.on.end(err);
  }

  async pump(run, reader, mime, start) {
    const source = new MediaSource(), video = this.video;
    const url = URL.createObjectURL(source);
    video.src = url;
    await once(source, "sourceopen", run.cancel.signal);
    URL.revokeObjectURL(url);
    const buffer = source.addSourceBuffer(mime);
    let begun = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.run !== run) return;
      buffer.appendBuffer(value);
      await once(buffer, "updateend", run.cancel.signal);
      const ranges = buffer.buffered;
      if (!ranges.length) continue;
      const end = ranges.end(ranges.length - 1);
      if (!begun) {
        begun = true;
        video.currentTime = Math.max(ranges.start(0), end - 0.1);
        run.on.begin(start);
        video.play().catch(() => { /* a page in the background: the button plays */ });
      }
      this.chase(end, ranges);
      if (ranges.start(0) < video.currentTime - keep) {
        buffer.remove(0, video.currentTime - keep / 2);
        await once(buffer, "updateend", run.cancel.signal);
      }
    }
  }

  /** chase keeps close to the newest picture without making it stutter. */
  chase(end, ranges) {
    const v = this.video;
    if (v.paused || v.seeking) return;
    const behind = end - v.currentTime;
    if (behind > jump || v.currentTime < ranges.start(ranges.length - 1) - 0.01) v.currentTime = Math.max(ranges.start(ranges.length - 1), end - 0.15);
    const rate = behind > late ? 1.08 : 1;
    if (v.playbackRate !== rate) v.playbackRate = rate;
  }
}

function once(target, event, signal) {
  return new Promise((resolve, reject) => {
    const clean = () => {
      target.removeEventListener(event, ok);
      target.removeEventListener("error", bad);
      signal.removeEventListener("abort", gone);
    };
    const ok = () => { clean(); resolve(); };
    const bad = () => { clean(); reject(new Error("media error")); };
    const gone = () => { clean(); reject(new DOMException("stopped", "AbortError")); };
    if (signal.aborted) return gone();
    target.addEventListener(event, ok);
    target.addEventListener("error", bad);
    signal.addEventListener("abort", gone);
  });
}
