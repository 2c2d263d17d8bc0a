// What a browser has and the unit tests need of it, small, and driven by hand. For tests alone.
import { vi } from "vitest";

/** FakeVideo loads, seeks and shows pictures when it is told to. */
export class FakeVideo extends EventTarget {
  muted = false;
  readyState = 0;
  seeking = false;
  paused = true;
  ended = false;
  playbackRate = 1;
  error: { message: string } | null = null;
  src = "";
  gone = false;
  private time = 0;
  private tick: ((now: number, m: { mediaTime: number }) => void) | null = null;

  get currentTime() {
    return this.time;
  }
  set currentTime(t: number) {
    this.time = t;
    this.seeking = this.readyState > 0;
  }
  requestVideoFrameCallback(f: (now: number, m: { mediaTime: number }) => void) {
    this.tick = f;
    return 1;
  }
  async play() {
    this.paused = false;
  }
  pause() {
    this.paused = true;
  }
  load() {}
  removeAttribute() {
    this.src = "";
  }
  remove() {
    this.gone = true;
  }

  /** loaded: its first picture stands. */
  loaded() {
    this.time = Number(/#t=([\d.]+)/.exec(this.src)?.[1] ?? this.time);
    this.readyState = 4;
    this.dispatchEvent(new Event("loadeddata"));
  }
  /** shows a picture, at a time of the media. */
  shows(mediaTime: number) {
    this.tick?.(0, { mediaTime });
  }
  seeked() {
    this.seeking = false;
    this.dispatchEvent(new Event("seeked"));
  }
  /** plays on to a time. */
  plays(t: number) {
    this.time = t;
  }
  fails(message: string) {
    this.error = { message };
    this.dispatchEvent(new Event("error"));
  }
}

/** FakeBuffer takes bytes: the first says how many tenths of a second they last. */
class FakeBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  from = 0;
  to = 0;
  broken = false;
  get buffered() {
    return { length: this.to > this.from ? 1 : 0, start: () => this.from, end: () => this.to };
  }
  appendBuffer(b: Uint8Array) {
    this.to += b[0]! / 10;
    this.settle();
  }
  remove(_: number, to: number) {
    this.from = to;
    this.settle();
  }
  abort() {}
  private settle() {
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event(this.broken ? "error" : "updateend"));
    });
  }
}

/** FakeSource is a MediaSource of a browser that plays neither H.265 nor MJPEG. */
class FakeSource extends EventTarget {
  static isTypeSupported = (type: string) => /avc1/.test(type);
  readyState = "open";
  duration = 0;
  addSourceBuffer() {
    const b = new FakeBuffer();
    browser.buffers.push(b);
    return b;
  }
}

/** FakeSocket stands between a page and a server that is played by hand. */
export class FakeSocket extends EventTarget {
  static CONNECTING = 0;
  readyState = 0;
  binaryType = "";
  closed = false;
  constructor(readonly url: string) {
    super();
    browser.sockets.push(this);
    if (browser.noSockets) queueMicrotask(() => this.ends(false));
  }
  close() {
    this.closed = true;
  }
  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  says(data: string | ArrayBuffer) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
  ends(wasClean: boolean) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { wasClean }));
  }
}

/** Asked is a request that came to the fake server. */
interface Asked {
  url: URL;
  signal: AbortSignal;
}

/** browser is what the page under test made of it. */
export const browser = {
  videos: [] as FakeVideo[],
  buffers: [] as FakeBuffer[],
  sockets: [] as FakeSocket[],
  asked: [] as Asked[],
  noSockets: false,
  /** answer is what the server says to a request; a promise that stays open: nothing. */
  answer: (_: Asked): Response | Promise<Response> => new Response(),
};

/** footage answers a request for footage that begins and ends at two moments. */
export function footage(from: number, to: number, type = 'video/mp4; codecs="avc1.64001f"', lead = 0): Response {
  const at = (ms: number) => new Date(ms).toISOString();
  return new Response("x", { headers: { "Content-Type": type, "X-Clip-From": at(from), "X-Clip-To": at(to), "X-Clip-Lead-In": String(lead) } });
}

/** refusal answers with a problem. */
export const refusal = (status: number, code: string) => new Response(JSON.stringify({ status, code }), { status, headers: { "Content-Type": "application/problem+json" } });

/** stubBrowser puts the fakes in place; vi.unstubAllGlobals takes them away. */
export function stubBrowser() {
  Object.assign(browser, { videos: [], buffers: [], sockets: [], asked: [], noSockets: false, answer: () => new Response() });
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("location", { href: "http://site.example/" });
  vi.stubGlobal("document", {
    createElement: () => {
      const v = new FakeVideo();
      browser.videos.push(v);
      return v;
    },
  });
  vi.stubGlobal("HTMLMediaElement", { HAVE_METADATA: 1, HAVE_CURRENT_DATA: 2 });
  vi.stubGlobal("MediaSource", FakeSource);
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const asked = { url: new URL(url, "http://site.example"), signal: init.signal! };
    browser.asked.push(asked);
    const stopped = new Promise<never>((_, reject) => asked.signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError"))));
    const r = await Promise.race([browser.answer(asked), stopped]);
    return Object.defineProperty(r, "url", { value: asked.url.href });
  });
  vi.spyOn(URL, "createObjectURL").mockImplementation((source) => {
    if (source instanceof FakeSource) queueMicrotask(() => source.dispatchEvent(new Event("sourceopen")));
    return "blob:x";
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
}

/** soon lets everything happen that waits for nothing. */
export async function soon() {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
