import type { Ms, Span } from "@/time/span";

/** Hop is a camera that the route passed, and when. */
export interface Hop {
  id: string;
  name: string;
  lon: number | null;
  lat: number | null;
  at: Ms;
}

/** most bounds a route, and its address. */
export const most = 60;
const minute: Ms = 60_000;

/** hopsText and readHops keep a route in the page's address: id@ms,id@ms. */
export const hopsText = (hops: readonly Pick<Hop, "id" | "at">[]) => hops.map((h) => `${h.id}@${Math.round(h.at)}`).join(",");

export function readHops(text: unknown): { id: string; at: Ms }[] {
  if (typeof text !== "string") return [];
  return text.split(",").slice(0, most).flatMap((part) => {
    const m = /^([\w.:-]{1,256})@(\d{12,14})$/.exec(part);
    return m ? [{ id: m[1]!, at: Number(m[2]) }] : [];
  });
}

/** clips are what is taken along of a route: from a minute before each hop to a minute after the next; the last up to a moment. */
export function clips(hops: readonly Hop[], now: Ms): { hop: Hop; span: Span }[] {
  return hops.map((hop, i) => {
    const end = Math.max(hops[i + 1]?.at ?? now, hop.at);
    return { hop, span: { from: hop.at - minute, to: end + minute } };
  });
}

// A route stays in this browser, one for each case.
const key = (of: string) => `qianshao.route.${of || "open"}`;

export function stored(of: string): Hop[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key(of)) ?? "[]");
    const number = (x: unknown) => x === null || typeof x === "number";
    const ok = (h: unknown): h is Hop => {
      const x = h as Hop;
      return typeof h === "object" && h !== null && typeof x.id === "string" && typeof x.name === "string" && typeof x.at === "number" && number(x.lon) && number(x.lat);
    };
    return Array.isArray(list) ? list.filter(ok).slice(0, most) : [];
  } catch {
    return []; // what is not ours to read is as good as nothing
  }
}

export const keep = (of: string, hops: readonly Hop[]) => localStorage.setItem(key(of), JSON.stringify(hops));
