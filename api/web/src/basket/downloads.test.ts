import { beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";

// A browser's worth of what is asked for, and a server that tells what it was asked.

type Answer = { status?: number; length?: number; send?: number; headers?: Record<string, string | undefined>; json?: unknown };
const saved: string[] = [];
vi.mock("@/wall/still", () => ({ save: (_: Blob, name: string) => saved.push(name), fileName: (name: string, t: number, end: string) => `${name}_${t}.${end}` }));

const from = Date.UTC(2026, 10, 24, 1);
const to = from + 600_000;
const stamp = (t: number) => new Date(t).toISOString();

async function site(accounts: boolean, answers: (camera: string, q: URLSearchParams, method: string) => Answer) {
  vi.resetModules();
  saved.length = 0;
  const store = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (k: string) => store.get(k) ?? null, setItem: (k: string, v: string) => store.set(k, v) });
  vi.stubGlobal("window", { addEventListener() {}, removeEventListener() {}, setTimeout: (f: () => void) => setTimeout(f, 0) });
  vi.stubGlobal("location", { pathname: "/", search: "", assign() {} });
  const RealRequest = Request;
  vi.stubGlobal("Request", class extends RealRequest { constructor(url: string, init?: RequestInit) { super(new URL(url, "http://x"), init); } });
  const calls: string[] = [];
  let viewing = 0;
  vi.stubGlobal("fetch", async (input: string | Request, init: RequestInit = {}) => {
    const url = new URL(typeof input === "string" ? input : input.url, "http://x");
    const method = init.method ?? (typeof input === "string" ? "GET" : input.method);
    const json = (x: unknown, status = 200) => new Response(JSON.stringify(x), { status, headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json" } });
    if (url.pathname === "/api/v1/session") return accounts ? json({ login: "wang.wei", roles: ["investigator"] }) : json({ code: "no_such_route" }, 404);
    if (url.pathname === "/api/v1/cases") return json({ items: [{ id: "k_1", number: "A1", state: "open", from: stamp(from - 1e6), to: stamp(to + 1e6), area: {}, may: { work: true, approve: false, review: false } }] });
    if (url.pathname === "/api/v1/viewings") {
      const body = await (input as Request).json() as { cameras: string[] };
      calls.push(`viewing ${body.cameras.join()}`);
      return json({ viewing: `v_${++viewing}` }, 201);
    }
    const camera = url.pathname.split("/")[4]!;
    calls.push(`${method} ${camera} ${url.searchParams.get("viewing") ?? ""}`.trim());
    const a = answers(camera, url.searchParams, method);
    if (a.json) return method === "HEAD" ? new Response(null, { status: a.status }) : json(a.json, a.status);
    const length = a.length ?? 10;
    const head: Record<string, string | undefined> = { "X-Clip-From": stamp(from), "X-Clip-To": stamp(to), ETag: '"x"', "Content-Length": String(length), ...a.headers };
    return new Response(method === "HEAD" ? null : new Uint8Array(a.send ?? length), { headers: head as Record<string, string> });
  });
  const { begin } = await import("@/session/session");
  const { loadCases } = await import("@/session/cases");
  const { put } = await import("./basket");
  const { useDownloads } = await import("./useDownloads");
  await begin();
  await loadCases();
  return { calls, put, downloads: useDownloads(), settled: async () => { for (let i = 0; i < 20; i++) { await nextTick(); await new Promise((f) => setTimeout(f, 1)); } } };
}
const named = (...ids: string[]) => ids.map((id) => ({ id, name: id }));
beforeEach(() => vi.unstubAllGlobals());

describe("the list of downloads", () => {
  it("opens one viewing for a span, fetches one after the other, and goes on past a failure", async () => {
    const s = await site(true, (camera, _, method) => (camera === "c_b" && method === "GET" ? { length: 10, send: 4 } : {}));
    s.put(named("c_a", "c_b", "c_c"), { from, to }, "k_1");
    await s.settled();
    expect(s.calls).toEqual(["viewing c_a,c_b,c_c", "HEAD c_a v_1", "HEAD c_b v_1", "HEAD c_c v_1"]);
    expect(s.downloads.rows.map((r) => r.facts?.size)).toEqual([10, 10, 10]);
    await s.downloads.start(s.downloads.rows);
    expect(s.downloads.rows.map((r) => [r.phase, r.trouble?.kind ?? ""])).toEqual([["done", ""], ["idle", "broken"], ["done", ""]]);
    expect(saved).toEqual([`c_a_${from}.mp4`, `c_c_${from}.mp4`]);
    expect(s.downloads.rows.map((r) => r.item.taken !== undefined)).toEqual([true, false, true]);
    expect(s.downloads.rows[0]!.saved[0]!.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(s.calls.filter((c) => c.startsWith("GET"))).toEqual(["GET c_a v_1", "GET c_b v_1", "GET c_b v_1", "GET c_b v_1", "GET c_c v_1"]);
  });
  it("fetches nothing with gaps that nobody acknowledged, even those that came up since", async () => {
    let gaps = 1;
    const s = await site(false, () => ({ headers: { "X-Clip-Gap-Count": String(gaps), "X-Clip-Gaps": `${stamp(from)}/${stamp(from + 1000)}` } }));
    s.put(named("c_a"), { from, to }, "");
    await s.settled();
    const row = s.downloads.rows[0]!;
    await s.downloads.start([row]);
    expect(row.trouble?.kind).toBe("gaps");
    row.agreed = 1;
    gaps = 2;
    await s.downloads.start([row]);
    expect([row.trouble?.kind, row.facts?.gapCount]).toEqual(["gaps", 2]);
    row.agreed = 2;
    await s.downloads.start([row]);
    expect([row.phase, row.trouble, saved.length]).toEqual(["done", null, 1]);
  });
  it("takes all files of a clip whose coding changes", async () => {
    const half = stamp(from + 300_000);
    const s = await site(false, (_, q) => (q.get("from") === half ? { length: 7, headers: { "X-Clip-From": half } } : { headers: { "X-Clip-Parts": `${stamp(from)}/${half};h264, ${half}/${stamp(to)};h265` } }));
    s.put(named("c_a"), { from, to }, "");
    await s.settled();
    expect(s.downloads.rows[0]!.facts).toMatchObject({ size: 17, files: 2 });
    await s.downloads.start(s.downloads.rows);
    expect(saved).toEqual([`c_a_${from}.mp4`, `c_a_${from + 300_000}.mp4`]);
    expect(s.downloads.rows[0]!.received).toBe(17);
  });
  it("opens another viewing when the server closed the one there was", async () => {
    const s = await site(true, (_, q, method) => (method === "GET" && q.get("viewing") === "v_1" ? { status: 403, json: { code: "viewing_needed", detail: "…" } } : {}));
    s.put(named("c_a"), { from, to }, "k_1");
    await s.settled();
    await s.downloads.start(s.downloads.rows);
    expect(s.calls).toEqual(["viewing c_a", "HEAD c_a v_1", "GET c_a v_1", "viewing c_a", "GET c_a v_2"]);
    expect(s.downloads.rows[0]!.phase).toBe("done");
  });
  it("asks again for the size where the viewing was closed", async () => {
    const s = await site(true, (_, q) => (q.get("viewing") === "v_1" ? { status: 403, json: { code: "viewing_needed", detail: "…" } } : {}));
    s.put(named("c_a"), { from, to }, "k_1");
    await s.settled();
    expect([s.downloads.rows[0]!.facts?.size, s.calls.filter((c) => c.startsWith("HEAD"))]).toEqual([10, ["HEAD c_a v_1", "HEAD c_a v_2"]]);
  });
  it("says when the case is not open any more", async () => {
    const s = await site(true, () => ({}));
    s.put(named("c_a"), { from, to }, "k_gone");
    await s.settled();
    expect([s.downloads.rows[0]!.trouble?.kind, s.calls]).toEqual(["noCase", []]);
  });
});
