import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Failure } from "@/server/client";
import type { Shown, TileSource } from "./state";
import { Unplayable } from "./video";
import { Watching } from "./watching";

/** The camera as the server knows it, and what becomes of the stream. */
const world = vi.hoisted(() => ({ camera: {} as Record<string, unknown>, streams: [] as Stream[] }));
interface Stream {
  url: string;
  began: () => void;
  end(err?: Error): void;
  came: number;
}
vi.mock("./live", () => ({
  LiveStream: class implements Stream {
    el = {};
    picture = null;
    came = performance.now();
    began = () => {};
    end = (_?: Error) => {};
    constructor(readonly url: string) {
      world.streams.push(this);
    }
    get silence() {
      return performance.now() - this.came;
    }
    run(begun: () => void) {
      this.began = () => {
        this.came = performance.now();
        begun();
      };
      return new Promise<void>((done, fail) => (this.end = (err) => (err ? fail(err) : done())));
    }
    sound() {}
    dispose() {}
  },
}));
vi.mock("@/server/client", async (real) => ({ ...(await real<object>()), server: { GET: async () => ({ data: world.camera, response: new Response() }) } }));

describe("live", () => {
  let shown: Shown[];
  let beat = 0;
  let w: Watching;
  let viewings = 0;
  const last = () => shown[shown.length - 1]!;
  const films = { lifecycle: "active", state: "streaming" };
  const offline = { lifecycle: "active", state: "waiting", cause: "camera_offline", since: "2026-11-24T01:00:00.000000Z" };
  const away = { kind: "away", state: "waiting", cause: "camera_offline", since: Date.parse(offline.since), before: 2000 };
  function begin() {
    const spans = new Set<number>();
    const source: TileSource = {
      camera: "c", sub: false, coverage: () => ({ covered: [{ from: 1000, to: 2000 }], gaps: [], until: 3000 }), limits: () => ({ from: 0, to: 9000 }),
      viewing: async ({ to }) => (spans.add(to), (viewings = spans.size), "v"),
    };
    w = new Watching({ replaceChildren() {}, append() {} } as unknown as HTMLElement, source, false, false, (s) => shown.push(s));
  }
  const stream = () => world.streams[world.streams.length - 1]!;

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal("window", globalThis);
    world.streams = [];
    shown = [];
    viewings = 0;
    world.camera = films;
    begin();
    beat = window.setInterval(() => w.tick(), 100);
    await vi.advanceTimersByTimeAsync(0);
  });
  afterEach(() => {
    clearInterval(beat);
    w.dispose();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("of a camera that is away says so at once, asks the server for nothing that waits, and is there by itself", async () => {
    world.camera = offline;
    w.dispose();
    world.streams = [];
    begin();
    await vi.advanceTimersByTimeAsync(100);
    expect(last()).toEqual(away);
    const before = shown.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shown.slice(before).every((s) => s.kind === "away")).toBe(true);
    expect([world.streams.length, viewings]).toEqual([0, 1]);
    world.camera = films;
    await vi.advanceTimersByTimeAsync(2000);
    stream().began();
    expect(last()).toEqual({ kind: "picture", way: "live" });
    await vi.advanceTimersByTimeAsync(2000);
    expect(last().kind).toBe("picture");
  });

  it("that falls silent says why, and is back when the camera is", async () => {
    stream().began();
    await vi.advanceTimersByTimeAsync(2900);
    world.camera = offline;
    expect(last().kind).toBe("picture");
    await vi.advanceTimersByTimeAsync(1000);
    expect(last()).toEqual(away);
    world.camera = films;
    await vi.advanceTimersByTimeAsync(2000);
    expect([world.streams.length, last().kind]).toEqual([2, "loading"]);
    stream().began();
    expect(last()).toEqual({ kind: "picture", way: "live" });
  });

  it("that is only slow loads, and a refusal is not hidden by a state", async () => {
    await vi.advanceTimersByTimeAsync(5000);
    expect(shown.every((s) => s.kind === "loading")).toBe(true);
    world.camera = offline;
    stream().end(new Failure(403, { code: "outside_case" }));
    await vi.advanceTimersByTimeAsync(900);
    expect(last().kind).toBe("failed");
  });

  it("of a coding that the browser does not play takes the sub-stream, of which the camera's state tells", async () => {
    world.camera = { ...films, streams: [{ role: "main", codec: "h265" }, { role: "sub", codec: "h264+aac" }] };
    w.dispose();
    begin();
    await vi.advanceTimersByTimeAsync(100);
    stream().end(new Unplayable("hvc1"));
    await vi.advanceTimersByTimeAsync(100);
    expect(stream().url).toContain("stream=sub");
    stream().began();
    expect(last()).toEqual({ kind: "picture", way: "livesub" });
  });
});
