import { readFileSync } from "node:fs";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

/** Facts are what TestWorkbench says of the site: cmd/qianshao/workbench_test.go. */
export interface Facts {
  url: string;
  /** Cameras of every coding, recorded the day before. */
  codings: { from: number; to: number; fps: number; frames: number; cameras: { id: string; name: string; coding: string }[]; point: [number, number] };
  past: { from: number; to: number; fps: number; frames: number; gap: [number, number]; cameras: { id: string; name: string }[]; point: [number, number] };
  /** They record now, and did since live_from, with numbers like those of the day. */
  live: { id: string; name: string }[];
  live_from: number;
  /** The other site, with base maps and no footage: three cameras on a spot, a fourth beside it. */
  ground: { url: string; token: string; spot: [number, number]; cameras: { id: string; name: string }[] };
  /** A third site, whose cameras all record now: nine that every browser plays, then H.265 with a sub-stream and without, and MJPEG. */
  lens: { url: string; point: [number, number]; cameras: { id: string; name: string; coding: string }[] };
  /** With accounts: logins by what they are, all with one password; links that nobody has used. */
  people: Record<"officer" | "second" | "patrol" | "carrier" | "admin" | "auditor" | "household" | "leaver" | "other" | "phone", string>;
  password: string;
  links: { fresh: string; used: string };
  /** villages are the codes of the divisions of past and live. */
  villages: [string, string];
}

export const facts: Facts = JSON.parse(readFileSync(process.env.QIANSHAO_FACTS!, "utf8"));

/** test fails when the page complains in its console or asks anybody but its own server. */
export const test = base.extend<{ site: string; complaints: string[] }>({
  site: [facts.url, { option: true }],
  complaints: [async ({ page, site }, use) => {
    const list: string[] = [];
    page.on("console", (m) => {
      // Chromium writes a line for each answer that is an error; those are looked at by the tests themselves.
      if (m.type() === "error" && !/^(Failed to load resource|WebSocket connection to .*Unexpected response code)/.test(m.text())) list.push(m.text());
    });
    page.on("pageerror", (e) => list.push(e.message));
    page.on("request", (r) => {
      if (!r.url().startsWith(`${site}/`) && !/^(blob|data|about):/.test(r.url())) list.push(`asked ${r.url()}`);
    });
    page.on("websocket", (w) => {
      if (!w.url().startsWith(`${site.replace(/^http/, "ws")}/`)) list.push(`opened ${w.url()}`);
    });
    await use(list);
    if (list.length) throw new Error(`the page complains:\n${list.join("\n")}`);
  }, { auto: true }],
});
export { expect };

/** Hand does what a person does, and counts it: clicks, keys that stand for a button, and texts; and the seconds since the first of them. */
export class Hand {
  clicks = 0;
  texts = 0;
  private began = 0;
  constructor(readonly page: Page) {}
  get seconds() {
    return (Date.now() - this.began) / 1000;
  }
  toString() {
    return `${this.clicks} clicks, ${this.texts} texts, ${this.seconds.toFixed(1)} s`;
  }
  async click(target: string | Locator) {
    this.act();
    await (typeof target === "string" ? this.page.locator(target) : target).click();
  }
  /** press is a key instead of a click on a button, and counts as one. */
  async press(key: string) {
    this.act();
    await this.page.keyboard.press(key);
  }
  /** type writes a text in the place of what the field held. */
  async type(text: string) {
    this.texts++;
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }
  /** place looks for a place by name, and takes the first that was found. */
  async place(text: string, found: string) {
    await this.click("#place");
    await this.type(text);
    await this.page.waitForSelector(`[role=option]:has-text("${found}")`);
    await this.page.keyboard.press("Enter");
  }
  /** time writes a moment in one of the two fields of the search. */
  async time(field: "from" | "to", text: string) {
    await this.click(`#${field}`);
    await this.type(text);
  }
  private act() {
    this.clicks++;
    this.began ||= Date.now();
  }
}

/** wall is a moment as the page's fields hold it. */
export function wall(ms: number): string {
  const d = new Date(ms + 8 * 3600_000);
  return d.toISOString().slice(0, 19).replace("T", " ");
}

export const address = (q: Record<string, string | number>) => `${facts.url}/?${new URLSearchParams(Object.entries(q).map(([k, v]) => [k, String(v)]))}`;

/** coded are some of the cameras of every coding, for a page's address. */
export const coded = (cameras: { id: string }[], more: Record<string, string | number> = {}) =>
  address({
    near: facts.codings.point.join(","), radius_m: 500, place: "路口", from: new Date(facts.codings.from).toISOString(), to: new Date(facts.codings.to).toISOString(),
    tiles: cameras.map((c) => c.id).join(","), layout: cameras.length > 4 ? 9 : cameras.length > 1 ? 4 : 1, ...more,
  });

/** around is the recorded day's village, for a page's address. */
export const around = (from: number, to: number, more: Record<string, string | number> = {}) =>
  address({ near: facts.past.point.join(","), radius_m: 500, place: "路口", from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...more });

/** playing waits until so many tiles show a picture. */
export async function playing(page: Page, n: number) {
  await page.waitForFunction((count) => [...document.querySelectorAll('.tile[data-kind="picture"] video')].filter((v) => (v as HTMLVideoElement).readyState >= 2 && (v as HTMLVideoElement).videoWidth > 0).length >= count, n, { timeout: 20_000 });
}

/** The numbers burnt into the tiles' pictures, and what the page's clock said, at one moment. */
export interface Look {
  clock: number; // unix ms
  numbers: (number | null)[];
}

export const look = (page: Page) => read(page, ".tile video");

/** read is a look at other pictures than the tiles'. */
export async function read(page: Page, pictures: string): Promise<Look> {
  return page.evaluate((selector) => {
    const text = document.querySelector("[data-test=clock]")!.textContent!;
    const clock = Date.parse(text.replace(" ", "T") + "+08:00");
    // All are drawn before any is read: they go on meanwhile.
    const all = [...document.querySelectorAll<HTMLVideoElement | HTMLImageElement>(selector)];
    const c = document.createElement("canvas");
    c.width = 160;
    c.height = 16 * Math.max(all.length, 1);
    const g = c.getContext("2d", { willReadFrequently: true })!;
    all.forEach((p, i) => {
      const [w, h] = p instanceof HTMLVideoElement ? [p.videoWidth, p.videoHeight] : [p.naturalWidth, p.naturalHeight];
      g.drawImage(p, 0, 0, w, h / 6, 0, 16 * i, 160, 16);
    });
    const numbers = all.map((_, i) => {
      const p = g.getImageData(0, 16 * i, 160, 16).data;
      let word = 0;
      for (let k = 0; k < 10; k++) {
        let sum = 0;
        for (let r = 4; r < 12; r++) for (let x = k * 16 + 4; x < k * 16 + 12; x++) sum += p[(r * 160 + x) * 4 + 1]!;
        word = (word << 1) | (sum / 64 > 128 ? 1 : 0);
      }
      let ones = 0;
      for (let w = word; w; w >>= 1) ones += w & 1;
      return ones % 2 ? null : word >> 1;
    });
    return { clock, numbers };
  }, pictures);
}

/** off is how far a picture is from a moment, in ms: by the number that it carries. */
export function off(number: number, clock: number, { from, fps, frames }: { from: number; fps: number; frames: number } = facts.past): number {
  const loop = (frames / fps) * 1000;
  const shown = (number / fps) * 1000; // in the loop: when the picture was taken
  let d = shown - ((clock - from) % loop);
  if (d > loop / 2) d -= loop;
  if (d < -loop / 2) d += loop;
  return d;
}

export const p95 = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)]!;

/**
 * drift is how far tiles are apart and from the page's clock while they play, p95 of so many looks, ms. offs are how far each is from
 * the clock, by the numbers in the pictures; these begin anew after so many frames.
 */
export async function drift(page: Page, looks: number, { fps, frames }: { fps: number; frames: number }, offs: () => Promise<number[]>) {
  const frame = 1000 / fps;
  const apart: number[] = [];
  const wrong: number[] = [];
  for (let i = 0; i < looks; i++) {
    const list = await offs();
    // The page writes its clock ten times a second, and a picture stands until the next one comes.
    for (const d of list) wrong.push(Math.max(0, d - 100, -d - frame));
    const spread = Math.max(...list) - Math.min(...list);
    apart.push(Math.max(0, Math.min(spread, frames * frame - spread) - frame)); // one may have changed its picture just before
    await page.waitForTimeout(97);
  }
  return { apart: p95(apart), wrong: p95(wrong) };
}

/** offsOf are how far so many tiles are from the page's clock. */
export async function offsOf(page: Page, n: number, of: { from: number; fps: number; frames: number }): Promise<number[]> {
  const l = await look(page);
  expect(l.numbers.filter((x) => x !== null).length).toBe(n);
  return l.numbers.map((x) => off(x!, l.clock, of));
}

/** loudest is the loudest that the tile, which is not muted, sounds within a second. */
export async function loudest(page: Page): Promise<number> {
  const sound = await page.evaluate(async () => {
    const v = document.querySelector<HTMLVideoElement>(".tile video")!;
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    context.createMediaElementSource(v).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (let i = 0; i < 10; i++) {
      await new Promise((done) => setTimeout(done, 100));
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    return { muted: v.muted, loudest };
  });
  expect(sound.muted).toBe(false);
  return sound.loudest;
}

/** shot keeps a picture of the page where QIANSHAO_SHOTS says. */
export async function shot(page: Page, name: string) {
  if (process.env.QIANSHAO_SHOTS) await page.screenshot({ path: `${process.env.QIANSHAO_SHOTS}/${name}.png`, fullPage: true });
}

/** still hides what moves: footage, and what tells the time of the day that the test runs on. */
export async function still(page: Page, ...more: string[]) {
  await page.mouse.move(0, 0);
  await page.evaluate((selectors) => {
    for (const s of ["video", ...selectors]) for (const el of document.querySelectorAll<HTMLElement>(s)) el.style.visibility = "hidden";
    (document.activeElement as HTMLElement | null)?.blur();
  }, more);
  await page.waitForTimeout(800);
}
