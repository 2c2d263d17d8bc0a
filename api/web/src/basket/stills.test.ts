import { beforeEach, expect, it, vi } from "vitest";

// What was saved is still known when the browser is opened again.

const store = new Map<string, string>();
beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal("localStorage", { getItem: (k: string) => store.get(k) ?? null, setItem: (k: string, v: string) => store.set(k, v) });
});
const hash = (n: number) => n.toString(16).padStart(64, "0");
const still = (n: number) => ({ camera: "田坝口", at: Date.UTC(2026, 10, 24, 2, 0, 0, 40) + n, file: `田坝口_${n}.jpg`, hash: hash(n), case: "A522301-7" });

it("the stills are listed with their whole hash, the newest first, each once, after opening the page again", async () => {
  store.clear();
  let { keep, forgetStill, stills } = await import("./stills");
  for (const n of [1, 2, 1, 3]) keep(still(n));
  forgetStill(still(2));
  vi.resetModules();
  ({ keep, forgetStill, stills } = await import("./stills"));
  expect(stills.map((x) => x.hash)).toEqual([hash(3), hash(1)]);
  store.set("qianshao.stills", JSON.stringify(Array.from({ length: 500 }, (_, n) => still(n))));
  vi.resetModules();
  ({ keep, forgetStill, stills } = await import("./stills"));
  keep(still(700));
  expect([stills.length, stills[0]!.hash, stills[499]!.hash]).toEqual([500, hash(700), hash(498)]);
});

it("the file beside a still is what sha256sum reads, and says which picture it is", async () => {
  const { sumFile } = await import("./stills");
  const [remark, line, end] = sumFile(still(0)).split("\n");
  expect(line).toBe(`${hash(0)}  田坝口_0.jpg`);
  expect(remark).toMatch(/^# 田坝口 · 2026.11.24 10:00:00\.040 UTC\+8 · A522301-7$/);
  expect(end).toBe("");
});

it("what else lies in the store is passed over", async () => {
  store.set("qianshao.stills", '[1, {"file": 2}, null]');
  expect((await import("./stills")).stills).toEqual([]);
  store.set("qianshao.stills", "{");
  vi.resetModules();
  expect((await import("./stills")).stills).toEqual([]);
});
