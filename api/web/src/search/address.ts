import { iso } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import { fromAddress, toAddress, type Where } from "./place";

/** View is what the page's address holds. */
export interface View {
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
  };
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
  };
}
