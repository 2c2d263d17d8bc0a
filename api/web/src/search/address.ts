import type { View as MapView } from "@/map/types";
import { iso } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import type { Marks } from "@/timeline/scene";
import { fromAddress, toAddress, type Where } from "./place";

/** Sight is where somebody moved map and timeline to, and what is marked. null: they show what there is by themselves. */
export interface Sight {
  map: MapView | null;
  line: Span | null;
  marks: Marks;
}

/** unmoved is what a page begins with. */
export const unmoved: Sight = { map: null, line: null, marks: { in: null, out: null } };

/** View is what the page's address holds. */
export interface View extends Sight {
  where: Where | null;
  span: Span | null;
  tiles: string[];
  current: string; // the chosen one of the tiles
  at: Ms | null;
  live: boolean;
  rate: number;
  layout: number;
}

export function addressOf(v: View & { span: Span }): Record<string, string> {
  return {
    ...(v.where ? toAddress(v.where) : {}), from: iso(v.span.from), to: iso(v.span.to),
    ...(v.tiles.length ? { tiles: v.tiles.join(",") } : {}),
    ...(v.current && v.current !== v.tiles[0] ? { tile: v.current } : {}),
    ...(v.live ? { live: "1" } : v.at === null ? {} : { at: iso(v.at) }),
    ...(v.rate === 1 ? {} : { rate: String(v.rate) }),
    ...(v.layout === 4 ? {} : { layout: String(v.layout) }),
    ...sightText(v),
  };
}

const whole = (t: Ms | null) => (t === null ? "" : String(Math.round(t)));

/** sightText writes a sight, as all pages' addresses hold it: map=LON,LAT,ZOOM, line=MS-MS, marks=MS-MS with one of them or both. */
export function sightText({ map, line, marks }: Sight): Record<string, string> {
  return {
    ...(map ? { map: [map.lon, map.lat, map.zoom].join(",") } : {}),
    ...(line ? { line: `${whole(line.from)}-${whole(line.to)}` } : {}),
    ...(marks.in === null && marks.out === null ? {} : { marks: `${whole(marks.in)}-${whole(marks.out)}` }),
  };
}

/** readSight leaves out what makes no sense. */
export function readSight(q: Record<string, unknown>): Sight {
  const [from, to] = pairOf(q["line"]);
  const [a, b] = pairOf(q["marks"]);
  const m = typeof q["map"] === "string" && /^(-?[\d.]+),(-?[\d.]+),([\d.]+)$/.exec(q["map"]);
  const [lon, lat, zoom] = m ? m.slice(1).map(Number) as [number, number, number] : [NaN, NaN, NaN];
  return {
    map: Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 3 && zoom <= 20 ? { lon, lat, zoom } : null,
    line: from !== null && to !== null && to > from ? { from, to } : null,
    marks: a !== null && b !== null && b <= a ? { in: null, out: null } : { in: a, out: b },
  };
}

function pairOf(x: unknown): [Ms | null, Ms | null] {
  const m = typeof x === "string" && /^(\d{12,14})?-(\d{12,14})?$/.exec(x);
  return m ? [m[1] ? Number(m[1]) : null, m[2] ? Number(m[2]) : null] : [null, null];
}

export function readAddress(q: Record<string, unknown>): View {
  const text = (k: string) => (typeof q[k] === "string" ? (q[k] as string) : "");
  const time = (k: string) => {
    const t = Date.parse(text(k));
    return Number.isNaN(t) ? null : t;
  };
  const from = time("from");
  const to = time("to");
  const rate = Number(text("rate"));
  const layout = Number(text("layout"));
  const tiles = text("tiles").split(",").filter((x) => /^[\w.:-]+$/.test(x)).slice(0, 9);
  return {
    where: fromAddress(q),
    span: from !== null && to !== null && to > from ? { from, to } : null,
    tiles,
    current: tiles.includes(text("tile")) ? text("tile") : tiles[0] ?? "",
    at: time("at"),
    live: text("live") === "1",
    rate: [0.5, 1, 2, 4, 8, 16].includes(rate) ? rate : 1,
    layout: [1, 4, 9].includes(layout) ? layout : 4,
    ...readSight(q),
  };
}
