import { afterEach, describe, expect, it, vi } from "vitest";
import { Broken, factsOf, Fetching, hashOf, look } from "./fetching";

const bytes = (n: number, from = 0) => Uint8Array.from({ length: n }, (_, i) => (from + i) % 251);

/** body gives chunks, and breaks after them where it shall. */
function body(chunks: Uint8Array[], broken = false) {
  const list = [...chunks];
  return new ReadableStream<Uint8Array>({
    pull(c) {
      const next = list.shift();
      if (next) c.enqueue(next);
      else if (broken) c.error(new TypeError("network error"));
      else c.close();
    },
  });
}
const head = { "X-Clip-From": "2026-11-24T01:00:00.040000Z", "X-Clip-To": "2026-11-24T01:10:00.000000Z", ETag: '"a"' };

type Call = { url: string; method: string; headers: Record<string, string> };
function serve(answers: ((c: Call) => Response)[]): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    const c = { url, method: init.method ?? "GET", headers: (init.headers ?? {}) as Record<string, string> };
    calls.push(c);
    return answers[calls.length - 1]!(c);
  });
  return calls;
}
afterEach(() => vi.unstubAllGlobals());

describe("what a clip says about itself", () => {
  it("is read from its headers", () => {
    const f = factsOf(new Headers({
      ...head, "Content-Length": "1000", "X-Clip-Gap-Count": "40", "X-Clip-Clock-Offset-Us": "-1200000;uncertainty=5000",
      "X-Clip-Gaps": "2026-11-24T01:01:00.000000Z/2026-11-24T01:02:00.000000Z, 2026-11-24T01:03:00.000000Z/2026-11-24T01:04:00.000000Z",
      "X-Clip-Parts": "2026-11-24T01:00:00.040000Z/2026-11-24T01:05:00.000000Z;h264+aac, 2026-11-24T01:05:00.000250Z/2026-11-24T01:10:00.000000Z;h265",
    }));
    expect(f).toMatchObject({ size: 1000, gapCount: 40, offset: -1200, from: Date.UTC(2026, 10, 24, 1, 0, 0, 40), rest: "2026-11-24T01:05:00.000250Z" });
    expect(f.gaps.map((g) => g.to - g.from)).toEqual([60_000, 60_000]);
    expect(factsOf(new Headers(head))).toMatchObject({ size: NaN, gaps: [], gapCount: 0, offset: null, rest: null });
  });
  it("has no gap where a mark lies between two frames, nor one shorter than a frame inside", () => {
    const between = "2026-11-24T01:00:00.000000Z/2026-11-24T01:00:00.026000Z, 2026-11-24T01:03:00.000000Z/2026-11-24T01:03:00.050000Z";
    expect(factsOf(new Headers({ ...head, "X-Clip-Gap-Count": "2", "X-Clip-Gaps": between }))).toMatchObject({ gaps: [], gapCount: 0 });
    const real = `${between}, 2026-11-24T01:05:00.000000Z/2026-11-24T01:05:00.051000Z`;
    expect(factsOf(new Headers({ ...head, "X-Clip-Gap-Count": "40", "X-Clip-Gaps": real }))).toMatchObject({ gaps: [{ from: Date.UTC(2026, 10, 24, 1, 5) }], gapCount: 38 });
  });
  it("counts all files of a clip whose coding changes", async () => {
    const parts = "x/y;h264, 2026-11-24T01:05:00.000250Z/z;h265";
    const calls = serve([
      () => new Response(null, { headers: { ...head, "Content-Length": "1000", "X-Clip-Parts": parts, "X-Clip-Gap-Count": "2" } }),
      () => new Response(null, { headers: { ...head, "Content-Length": "500", "X-Clip-To": "2026-11-24T01:20:00.000000Z", "X-Clip-Gap-Count": "1" } }),
    ]);
    expect(await look("c_a", "A", "B", "v_1")).toMatchObject({ size: 1500, files: 2, gapCount: 2, to: Date.UTC(2026, 10, 24, 1, 20) });
    expect(calls.map((c) => [c.method, new URL(c.url, "http://x").searchParams.get("from")])).toEqual([["HEAD", "A"], ["HEAD", "2026-11-24T01:05:00.000250Z"]]);
  });
});

it("a refused look says why, though HEAD has no body", async () => {
  const calls = serve([
    () => new Response(null, { status: 404 }),
    () => new Response(JSON.stringify({ status: 404, code: "no_footage", detail: "…" }), { status: 404, headers: { "Content-Type": "application/problem+json" } }),
  ]);
  await expect(look("c_a", "A", "B", undefined)).rejects.toMatchObject({ status: 404, code: "no_footage" });
  expect(calls.map((c) => [c.method, c.headers.Range])).toEqual([["HEAD", undefined], ["GET", "bytes=0-0"]]);
});

describe("a download", () => {
  const go = (f: Fetching, progress = (_: number) => {}) => f.run("v_1", new AbortController().signal, progress);

  it("gives every byte, and tells how far it is", async () => {
    serve([() => new Response(body([bytes(300), bytes(200, 300)]), { headers: { ...head, "Content-Length": "500" } })]);
    const seen: number[] = [];
    const blob = await go(new Fetching("c_a", "A", "B"), (n) => seen.push(n));
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes(500));
    expect(seen).toEqual([300, 500]);
  });
  it("goes on where it broke off, with the same bytes", async () => {
    const calls = serve([
      () => new Response(body([bytes(300)], true), { headers: { ...head, "Content-Length": "500" } }),
      () => new Response(body([bytes(200, 300)]), { status: 206, headers: { ...head, "Content-Length": "200", "Content-Range": "bytes 300-499/500" } }),
    ]);
    const f = new Fetching("c_a", "A", "B");
    await expect(go(f)).rejects.toMatchObject({ name: "Broken", received: 300, size: 500 });
    expect(new Uint8Array(await (await go(f)).arrayBuffer())).toEqual(bytes(500));
    expect(calls[1]!.headers).toEqual({ Range: "bytes=300-", "If-Range": '"a"' });
  });
  it("begins again when the bytes are others by now", async () => {
    serve([
      () => new Response(body([bytes(300)]), { headers: { ...head, "Content-Length": "500" } }),
      () => new Response(body([bytes(400, 7)]), { headers: { ...head, "Content-Length": "400" } }),
    ]);
    const f = new Fetching("c_a", "A", "B");
    await expect(go(f)).rejects.toBeInstanceOf(Broken);
    expect(new Uint8Array(await (await go(f)).arrayBuffer())).toEqual(bytes(400, 7));
  });
  it("takes no file whose length was not told", async () => {
    serve([() => new Response(body([bytes(10)]), { headers: head })]);
    await expect(go(new Fetching("c_a", "A", "B"))).rejects.toBeInstanceOf(Broken);
  });
  it("fetches nothing where its headers are refused", async () => {
    serve([() => new Response(body([bytes(10)]), { headers: { ...head, "Content-Length": "10" } })]);
    const f = new Fetching("c_a", "A", "B");
    await expect(f.run("v_1", new AbortController().signal, () => {}, () => { throw new Error("gaps"); })).rejects.toThrow("gaps");
    expect(f.received).toBe(0);
  });
});

it("a hash is that of the bytes", async () => {
  expect(await hashOf(new Blob(["abc"]))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
