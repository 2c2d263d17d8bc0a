import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stopped } from "@/server/client";
import { browser, type FakeVideo, soon, stubBrowser } from "./fakes";
import { LiveStream } from "./live";
import { Unplayable } from "./video";

const start = Date.parse("2026-11-24T01:00:00Z");

describe("a live stream", () => {
  let live: LiveStream;
  let over: Promise<void>;
  let begun: number;
  const video = () => live.el as unknown as FakeVideo;
  const socket = () => browser.sockets[0]!;
  const buffer = () => browser.buffers[0]!;
  /** sends some tenths of a second of it. */
  async function sends(tenths: number) {
    socket().says(new Uint8Array([tenths]).buffer);
    await soon();
  }
  async function begins(type = 'video/mp4; codecs="avc1.64001f"') {
    over = live.run(() => begun++);
    over.catch(() => {});
    socket().opens();
    socket().says(JSON.stringify({ content_type: type, media_start: "2026-11-24T01:00:00.000000Z" }));
    await soon();
  }

  beforeEach(() => {
    vi.useFakeTimers();
    stubBrowser();
    begun = 0;
    live = new LiveStream("/live.mp4");
    video().readyState = 4;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("begins just before its newest picture, plays muted, and knows its pictures' moments", async () => {
    await begins();
    expect([begun, live.picture]).toEqual([0, null]);
    await sends(20);
    expect([begun, video().currentTime, video().paused, video().muted]).toEqual([1, 1.9, false, true]);
    video().shows(1.92);
    expect(live.picture).toBe(start + 1920);
    await sends(1);
    expect(begun).toBe(1);
    live.sound(true);
    expect(video().muted).toBe(false);
  });

  it("hurries where it is a little behind, jumps where it is far, and leaves a seek alone", async () => {
    await begins();
    await sends(20);
    video().seeked();
    await sends(4);
    expect([video().playbackRate, video().currentTime]).toEqual([1.08, 1.9]);
    video().plays(2.3);
    await sends(1);
    expect(video().playbackRate).toBe(1);
    await sends(20);
    expect(video().currentTime).toBeCloseTo(4.5 - 0.15, 6);
    await sends(40); // the jump is under way
    expect(video().currentTime).toBeCloseTo(4.5 - 0.15, 6);
    video().seeked();
    await sends(1);
    expect(video().currentTime).toBeCloseTo(8.6 - 0.15, 6);
  });

  it("jumps over what is not there", async () => {
    await begins();
    await sends(20);
    video().seeked();
    buffer().from = 1.95;
    await sends(1);
    expect(video().currentTime).toBeCloseTo(1.95, 6);
  });

  it("keeps twenty seconds, and lets go of what is older", async () => {
    await begins();
    for (let i = 0; i <= 22; i++) {
      await sends(10);
      video().seeked();
      if (i < 20) expect(buffer().from).toBe(0);
    }
    const { from } = buffer();
    expect(from).toBeGreaterThan(9);
    expect(video().currentTime - from).toBeGreaterThan(10);
    expect(video().currentTime - from).toBeLessThan(20);
  });

  it("ends when the server ends it, and fails when the connection or the buffer does", async () => {
    await begins();
    await sends(20);
    socket().ends(true);
    await expect(over).resolves.toBeUndefined();

    stubBrowser();
    live = new LiveStream("/live.mp4");
    await begins();
    socket().ends(false);
    await expect(over).rejects.toMatchObject({ code: "offline" });

    stubBrowser();
    live = new LiveStream("/live.mp4");
    await begins();
    buffer().broken = true;
    await sends(1);
    await expect(over).rejects.toThrow("media error");
  });

  it("of a coding that this browser does not play says so, and holds nothing", async () => {
    await begins('video/mp4; codecs="hvc1.1.6.L93.B0"');
    await expect(over).rejects.toBeInstanceOf(Unplayable);
    expect(socket().closed).toBe(true);
  });

  it("knows for how long nothing has come", async () => {
    await vi.advanceTimersByTimeAsync(700);
    expect(live.silence).toBe(700);
    await begins();
    await sends(20);
    expect(live.silence).toBe(0);
    await vi.advanceTimersByTimeAsync(300);
    expect(live.silence).toBe(300);
  });

  it("that is put away closes its socket, and is not an error", async () => {
    await begins();
    await sends(20);
    live.dispose();
    expect([socket().closed, video().gone, video().src, video().paused]).toEqual([true, true, "", true]);
    expect(stopped(await over.catch((err) => err))).toBe(true);
  });
});
