import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stopped } from "@/server/client";
import { browser, type FakeVideo, footage, refusal, soon, stubBrowser } from "./fakes";
import { Unplayable, VideoStretch } from "./video";

const nine = Date.parse("2026-11-24T01:00:00Z");

describe("a stretch of footage", () => {
  let failures: Error[];
  let stretch: VideoStretch;
  let loading: Promise<void>;
  const video = () => stretch.el as unknown as FakeVideo;
  const make = (preview?: (s: { from: number; to: number }) => string) => (stretch = new VideoStretch("/play.mp4?x=1", false, preview));
  async function load(t: number) {
    loading = stretch.load(t, (err) => failures.push(err));
    loading.catch(() => {});
    await soon();
  }
  async function stands(t: number) {
    make();
    await load(t);
    video().loaded();
    await loading;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    stubBrowser();
    failures = [];
    browser.answer = () => footage(nine, nine + 60_000);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("is asked for, and is there when a picture stands: at the moment, or at its own begin", async () => {
    browser.answer = () => footage(nine, nine + 60_000, undefined, 1.5);
    make();
    await load(nine + 10_000);
    expect([browser.asked.length, stretch.span, stretch.ready]).toEqual([1, { from: nine - 1500, to: nine + 60_000 }, false]);
    expect(video().src).toBe("http://site.example/play.mp4?x=1#t=11.500");
    video().loaded();
    await loading;
    expect([stretch.ready, stretch.picture]).toEqual([true, nine + 10_000]);

    await stands(nine - 5000);
    expect(video().src).toBe("http://site.example/play.mp4?x=1");
    expect(stretch.picture).toBe(nine - 1500); // the key frame before
  });

  it("stands at a moment to the millisecond, and asks for no seek that is under way", async () => {
    await stands(nine);
    stretch.follow(nine + 5000, 1, false);
    expect([video().currentTime, video().paused, stretch.behind]).toEqual([5, true, 0]);
    stretch.follow(nine + 6000, 1, false);
    expect(video().currentTime).toBe(5);
    video().seeked();
    stretch.follow(nine + 6000, 1, false);
    expect(video().currentTime).toBe(6);
    video().seeked();
    stretch.follow(nine + 99_000, 1, false);
    expect(video().currentTime).toBe(59.999);
  });

  it("follows a clock: a little off is worked off by its rate, far off is a seek that aims ahead", async () => {
    await stands(nine);
    stretch.follow(nine, 2, true);
    expect([video().paused, video().playbackRate]).toEqual([false, 2]);
    video().plays(1);
    stretch.follow(nine + 1100, 1, true);
    expect([video().playbackRate, Math.round(stretch.behind), video().currentTime]).toEqual([1.1, 100, 1]);
    stretch.follow(nine + 900, 1, true);
    expect([video().playbackRate, Math.round(stretch.behind)]).toEqual([0.9, -100]);
    stretch.follow(nine + 10_000, 1, true);
    expect(video().currentTime).toBeGreaterThan(10);
    expect(video().currentTime).toBeLessThan(10.6);
  });

  it("tells which picture came of a seek, and not the one before it", async () => {
    await stands(nine);
    await vi.advanceTimersByTimeAsync(300);
    for (let i = 0; i < 3; i++) video().shows(i * 0.04);
    expect([stretch.step, stretch.picture, stretch.pictures]).toEqual([expect.closeTo(40, 6), expect.closeTo(nine + 80, 3), 3]);
    let told: number | null | undefined;
    void stretch.exact(nine + 5010).then((t) => (told = t));
    expect(video().paused).toBe(true);
    video().shows(0.12); // told of late
    await soon();
    expect(told).toBeUndefined();
    video().seeked();
    video().shows(5);
    await soon();
    expect(told).toBe(nine + 5000);
    // One that stands already is not told of again: the end of the seek does.
    told = undefined;
    void stretch.exact(nine + 5020).then((t) => (told = t));
    video().seeked();
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toBeUndefined();
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toBe(nine + 5000);
    // And one that takes too long is none.
    void stretch.exact(nine + 50_000).then((t) => (told = t));
    await vi.advanceTimersByTimeAsync(5000);
    expect(told).toBeNull();
  });

  it("that is refused, or cannot be decoded, fails its loading; later it says so", async () => {
    browser.answer = () => refusal(403, "outside_case");
    make();
    await load(nine);
    await expect(loading).rejects.toMatchObject({ status: 403, code: "outside_case" });

    browser.answer = () => footage(nine, nine + 60_000);
    make();
    await load(nine);
    video().fails("decode error");
    await expect(loading).rejects.toThrow("decode error");

    failures = [];
    await stands(nine);
    video().fails("decode error later");
    expect(failures.map((f) => f.message)).toEqual(["decode error later"]);
  });

  it("of a coding that no browser plays is none, but for its preview, piece by piece", async () => {
    browser.answer = ({ url }) => (url.pathname === "/play.mp4" ? footage(nine, nine + 60_000, 'video/mp4; codecs="jpeg"') : footage(nine + Number(url.searchParams.get("from")), nine + 60_000));
    make();
    await load(nine);
    await expect(loading).rejects.toBeInstanceOf(Unplayable);
    expect(video().src).toBe("");

    make((s) => `/preview.mp4?from=${s.from - nine}&to=${s.to - nine}`);
    await load(nine + 30_000);
    expect(video().src).toBe("blob:x");
    expect(video().currentTime).toBe(30);
    await soon();
    expect(browser.asked.slice(2).map((a) => a.url.search)).toEqual(["?from=30000&to=40000", "?from=40000&to=50000"]);
    expect([browser.buffers.length, browser.buffers[0]!.timestampOffset]).toEqual([1, 40]);
    video().loaded();
    await loading;
    expect(stretch.picture).toBe(nine + 30_000);
  });

  it("that is put away cancels what it asked for, and is not an error", async () => {
    browser.answer = () => new Promise(() => {});
    make();
    await load(nine);
    stretch.dispose();
    expect(browser.asked[0]!.signal.aborted).toBe(true);
    expect(stopped(await loading.catch((err) => err))).toBe(true);

    browser.answer = () => footage(nine, nine + 60_000);
    make();
    await load(nine);
    stretch.dispose();
    expect(stopped(await loading.catch((err) => err))).toBe(true);
    expect([video().gone, video().src, stretch.span, failures]).toEqual([true, "", null, []]);
  });
});
