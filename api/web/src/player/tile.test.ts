import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Coverage, Span } from "@/time/span";
import { MasterClock } from "./clock";
import { browser, type FakeVideo, footage, refusal, soon, stubBrowser } from "./fakes";
import type { Shown } from "./state";
import { Tile } from "./tile";

const nine = Date.parse("2026-11-24T01:00:00Z");
const minute = 60_000;

describe("a tile", () => {
  let clock: MasterClock;
  let coverage: Coverage | null;
  let sub: boolean;
  let tile: Tile;
  let shown: Shown[];
  let viewings: Span[];
  let host: FakeVideo[];
  const last = () => shown[shown.length - 1]!;
  const asked = () => browser.asked.map((a) => a.url.pathname.split("/").pop()! + (a.url.searchParams.get("stream") ? ` ${a.url.searchParams.get("stream")}` : ""));
  /** beat is what the wall does ten times a second. */
  async function beat() {
    tile.follow(clock);
    await soon();
  }
  /** moves to a moment after nine, and loads what is there. */
  async function at(t: number) {
    clock.seek(nine + t);
    await beat();
    host_newest()?.loaded();
    await soon();
    await beat();
  }
  /** host_newest is the element made last. */
  const host_newest = () => browser.videos[browser.videos.length - 1];
  /** loads answers a request for footage with what it asks for. */
  const loads = (type?: string) => (a: { url: URL }) =>
    footage(Date.parse(a.url.searchParams.get("from")!), Date.parse(a.url.searchParams.get("to")!), type);

  beforeEach(() => {
    vi.useFakeTimers();
    stubBrowser();
    clock = new MasterClock();
    sub = false;
    shown = [];
    viewings = [];
    host = [];
    coverage = {
      covered: [{ from: nine, to: nine + 30 * minute }, { from: nine + 50 * minute, to: nine + 180 * minute }],
      gaps: [{ from: nine + 30 * minute, to: nine + 50 * minute, cause: "camera_offline" }],
      until: nine + 180 * minute,
    };
    browser.answer = loads();
    const element = {
      append: (v: FakeVideo) => host.push(v),
      replaceChildren: (...list: FakeVideo[]) => (host = list),
    };
    tile = new Tile(element as unknown as HTMLElement, {
      camera: "c",
      get sub() {
        return sub;
      },
      viewing: async (s) => (viewings.push(s), "v"),
      coverage: () => coverage,
      limits: () => ({ from: nine - 60 * minute, to: nine + 240 * minute }),
    }, (s) => shown.push(s));
  });
  afterEach(() => {
    tile.dispose();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("loads until it is known what there is, then says what: nothing, a gap with its cause, not recorded yet; nothing is asked for", async () => {
    coverage = { ...coverage! };
    const known = coverage;
    coverage = null;
    clock.seek(nine - minute);
    await beat();
    expect(last()).toEqual({ kind: "loading" });
    coverage = known;
    await beat();
    expect(last()).toEqual({ kind: "none", before: null, after: nine });
    await at(40 * minute);
    expect(last()).toEqual({ kind: "gap", span: known.gaps[0], cause: "camera_offline", before: nine + 30 * minute, after: nine + 50 * minute });
    await at(181 * minute);
    expect(last()).toEqual({ kind: "ahead", before: nine + 180 * minute });
    expect([browser.asked.length, viewings.length, tile.settled, tile.picture]).toEqual([0, 0, true, null]);
  });

  it("shows footage, in a viewing, once its picture stands", async () => {
    clock.seek(nine + 10 * minute);
    await beat();
    expect([last().kind, tile.settled]).toEqual(["loading", false]);
    await beat();
    await beat();
    expect([asked(), viewings.length, browser.asked[0]!.url.searchParams.get("viewing")]).toEqual([["play.mp4"], 1, "v"]);
    await at(10 * minute);
    expect(last()).toEqual({ kind: "picture", way: "video" });
    expect([tile.settled, tile.picture, host.length]).toEqual([true, nine + 10 * minute, 1]);
    // Elsewhere in the same stretch it only seeks.
    clock.seek(nine + 20 * minute);
    await beat();
    expect([asked().length, host[0]!.seeking, tile.settled]).toEqual([1, true, false]);
    tile.sound(true);
    expect(host[0]!.muted).toBe(false);
  });

  it("keeps what it shows until what is elsewhere has loaded", async () => {
    await at(10 * minute);
    const old = host[0]!;
    clock.seek(nine + 150 * minute);
    await beat();
    expect([last().kind, old.gone, tile.element]).toEqual(["loading", false, old]);
    await at(150 * minute);
    expect([last().kind, old.gone, host.length]).toEqual(["picture", true, 2]);
    // Whoever is back before it has loaded is not taken away again.
    browser.answer = () => new Promise(() => {});
    clock.seek(nine + 60 * minute);
    await beat();
    expect([asked().length, last().kind]).toEqual([3, "loading"]);
    clock.seek(nine + 151 * minute);
    await beat();
    expect([browser.asked[2]!.signal.aborted, host[1]!.currentTime]).toEqual([true, 180]);
    host[1]!.seeked();
    await beat();
    expect([asked().length, last().kind, tile.settled, host.length]).toEqual([3, "picture", true, 2]);
  });

  it("has the next stretch ready when one ends", async () => {
    coverage = { covered: [{ from: nine, to: nine + 180 * minute }], gaps: [], until: nine + 180 * minute };
    await at(10 * minute);
    const end = viewings[0]!.to;
    clock.play();
    await at(end - nine - 5000);
    expect(asked().length).toBe(1);
    await at(end - nine - 3900);
    expect(asked().length).toBe(2);
    expect(Date.parse(browser.asked[1]!.url.searchParams.get("from")!)).toBe(end);
    await at(end - nine - 3000);
    const before = shown.length;
    await at(end - nine + 100);
    expect([asked().length, host.length, tile.element === (host[1] as unknown), shown.slice(before)]).toEqual([2, 2, true, []]);
  });

  it("that is refused says so, and leaves it at that until a person tries again", async () => {
    browser.answer = () => refusal(403, "outside_case");
    await at(10 * minute);
    expect(last()).toMatchObject({ kind: "failed", failure: { status: 403, code: "outside_case" } });
    await vi.advanceTimersByTimeAsync(60_000);
    await beat();
    expect(asked().length).toBe(1);
    browser.answer = loads();
    tile.retry();
    await at(10 * minute);
    expect([asked().length, last().kind]).toEqual([2, "picture"]);
  });

  it("tries again by itself where the server has trouble or is not reached, ever later", async () => {
    browser.answer = () => refusal(503, "busy");
    clock.seek(nine + 10 * minute);
    const tries: number[] = [];
    for (let t = 0; t < 16_000; t += 100) {
      await beat();
      tries[browser.asked.length] ??= t;
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(tries.slice(1)).toEqual([0, 1000, 3000, 7000, 15_000]);
    expect(last()).toMatchObject({ kind: "failed", failure: { code: "busy" } });
    browser.answer = () => Promise.reject(new TypeError("Failed to fetch"));
    await vi.advanceTimersByTimeAsync(16_000);
    await beat();
    expect(last()).toMatchObject({ kind: "failed", failure: { status: 0, code: "offline" } });
    browser.answer = loads();
    await vi.advanceTimersByTimeAsync(16_000);
    await at(10 * minute);
    expect(last().kind).toBe("picture");
  });

  it("whose picture breaks in the middle loads again", async () => {
    await at(10 * minute);
    host[0]!.fails("decode error");
    expect(last()).toMatchObject({ kind: "failed" });
    await vi.advanceTimersByTimeAsync(1000);
    await at(10 * minute);
    expect([last().kind, asked().length]).toEqual(["picture", 2]);
  });

  it("of a coding that the browser does not play shows the sub-stream, and without one a preview", async () => {
    const jpeg = 'video/mp4; codecs="jpeg"';
    const typed = (a: { url: URL }) => loads(a.url.searchParams.get("stream") === "sub" ? undefined : a.url.pathname.endsWith("play.mp4") ? jpeg : undefined)(a);
    browser.answer = typed;
    sub = true;
    clock.seek(nine + 10 * minute);
    await beat();
    expect(last()).toEqual({ kind: "loading" });
    await at(10 * minute);
    expect(last()).toEqual({ kind: "picture", way: "sub" });
    expect(asked()).toEqual(["play.mp4", "play.mp4 sub"]);

    browser.answer = loads(jpeg); // neither is
    await at(150 * minute);
    browser.answer = typed;
    await beat();
    await at(150 * minute);
    expect(last()).toEqual({ kind: "picture", way: "preview" });
    expect(asked().slice(2)).toEqual(["play.mp4 sub", "play.mp4", "preview.mp4", "preview.mp4"]);
  });

  it("asks for key frames alone where the clock is fast, and for pictures in place of a preview", async () => {
    clock.setRate(8);
    await at(10 * minute);
    expect(browser.asked[0]!.url.searchParams.get("frames")).toBe("key");
    clock.setRate(1);
    await at(10 * minute);
    expect([browser.asked[1]!.url.searchParams.get("frames"), last().kind]).toEqual([null, "picture"]);

    browser.answer = loads('video/mp4; codecs="jpeg"');
    await at(150 * minute); // falls back to a preview
    clock.setRate(8);
    browser.answer = () => new Response("x", { headers: { "X-Picture-Time": new Date(nine + 150 * minute).toISOString() } });
    await vi.advanceTimersByTimeAsync(1000);
    await beat();
    expect([asked().slice(-1), last()]).toEqual([["snapshot.jpg"], { kind: "picture", way: "pictures" }]);
    expect(tile.picture).toBe(nine + 150 * minute);
  });

  it("is live until the clock is followed again", async () => {
    await at(10 * minute);
    browser.answer = () => new Response(JSON.stringify({ lifecycle: "active", state: "streaming" }), { headers: { "Content-Type": "application/json" } });
    tile.watch();
    await soon();
    expect([tile.live, last(), host.length]).toEqual([true, { kind: "loading" }, 1]);
    browser.sockets[0]!.opens();
    tile.watch();
    expect(browser.sockets.length).toBe(1);
    await beat();
    expect([tile.live, browser.sockets[0]!.closed]).toEqual([false, true]);
  });

  it("that is put away cancels what it asked for, and says nothing any more", async () => {
    browser.answer = () => new Promise(() => {});
    clock.seek(nine + 10 * minute);
    await beat();
    tile.dispose();
    const said = shown.length;
    await soon();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([browser.asked[0]!.signal.aborted, host.length, shown.length]).toEqual([true, 0, said]);
  });
});
