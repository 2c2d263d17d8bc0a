import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browser, refusal, soon, stubBrowser } from "./fakes";
import { liveFeed } from "./feed";

describe("what a camera sees now", () => {
  const type = 'video/mp4; codecs="avc1.64001f"';
  const head = JSON.stringify({ content_type: type, media_start: "2026-11-24T01:00:00.000000Z" });
  let page: AbortController;
  const ask = () => liveFeed("/api/v1/cameras/c/live.mp4?viewing=v", page.signal);
  const socket = () => browser.sockets[0]!;
  const bytes = (...b: number[]) => new Uint8Array(b).buffer;

  beforeEach(() => {
    vi.useFakeTimers();
    stubBrowser();
    page = new AbortController();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("comes through a socket, in order, until the server closes it", async () => {
    const coming = ask();
    expect(socket().url).toBe("ws://site.example/api/v1/cameras/c/live.mp4?viewing=v");
    socket().opens();
    socket().says(head);
    const feed = await coming;
    expect([feed.type, feed.start]).toEqual([type, "2026-11-24T01:00:00.000000Z"]);
    const first = feed.read();
    socket().says(bytes(1, 2));
    socket().says(bytes(3));
    socket().ends(true);
    expect([await first, await feed.read(), await feed.read()]).toEqual([new Uint8Array([1, 2]), new Uint8Array([3]), null]);
    await vi.advanceTimersByTimeAsync(10_000); // longer than a handshake may take
    expect([browser.asked.length, socket().closed]).toEqual([0, false]);
  });

  it("that breaks off is a failure, not an end; so is a server that stops before it began", async () => {
    const coming = ask();
    socket().opens();
    socket().says(head);
    const feed = await coming;
    const next = feed.read();
    socket().ends(false);
    await expect(next).rejects.toMatchObject({ code: "offline" });
    const another = ask();
    browser.sockets[1]!.opens();
    browser.sockets[1]!.ends(true);
    await expect(another).rejects.toMatchObject({ code: "offline" });
  });

  it("is refused in the first message where the socket stands already", async () => {
    const coming = ask();
    socket().opens();
    socket().says(JSON.stringify({ status: 503, code: "no_live_picture" }));
    await expect(coming).rejects.toMatchObject({ status: 503, code: "no_live_picture" });
    expect(browser.asked.length).toBe(0);
  });

  it("is asked for plainly, once, where no socket comes about: it plays, or is told why not", async () => {
    browser.noSockets = true;
    browser.answer = () => new Response(new Uint8Array([7]), { headers: { "Content-Type": type, "X-Media-Start": "2026-11-24T01:00:00Z" } });
    const feed = await ask();
    expect([feed.type, feed.start, await feed.read(), await feed.read()]).toEqual([type, "2026-11-24T01:00:00Z", new Uint8Array([7]), null]);
    browser.answer = () => refusal(403, "viewing_needed");
    await expect(ask()).rejects.toMatchObject({ status: 403, code: "viewing_needed" });
    expect([browser.sockets.length, browser.asked.length]).toEqual([2, 2]);
    vi.stubGlobal("WebSocket", class {
      constructor() {
        throw new DOMException("not here", "SecurityError");
      }
    });
    await expect(ask()).rejects.toMatchObject({ code: "viewing_needed" });
  });

  it("is asked for plainly where a handshake hangs, and the late socket is closed", async () => {
    const coming = ask();
    browser.answer = () => new Response(new Uint8Array([7]));
    await vi.advanceTimersByTimeAsync(4900);
    expect(browser.asked.length).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(await (await coming).read()).toEqual(new Uint8Array([7]));
    expect(socket().closed).toBe(false);
    socket().opens();
    expect(socket().closed).toBe(true);
  });

  it("is not waited for by who left: the socket closes, once it stands", async () => {
    const coming = ask();
    page.abort();
    await expect(coming).rejects.toMatchObject({ name: "AbortError" });
    expect(socket().closed).toBe(false); // a browser complains of one that is closed before
    socket().opens();
    expect(socket().closed).toBe(true);
    await expect(ask()).rejects.toMatchObject({ name: "AbortError" });
    expect([browser.sockets.length, browser.asked.length]).toEqual([1, 0]);

    page = new AbortController();
    const again = ask();
    browser.sockets[1]!.opens();
    browser.sockets[1]!.says(head);
    const next = (await again).read();
    page.abort();
    await expect(next).rejects.toMatchObject({ name: "AbortError" });
    expect(browser.sockets[1]!.closed).toBe(true);
  });

  it("that nobody reads ends, as at a server whose client is too slow", async () => {
    const coming = ask();
    socket().opens();
    socket().says(head);
    const feed = await coming;
    for (let i = 0; i < 17; i++) socket().says(new ArrayBuffer(1 << 20));
    await soon();
    expect([await feed.read(), socket().closed]).toEqual([null, true]);
  });
});
