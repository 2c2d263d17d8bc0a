import { answer, Failure, server } from "@/server/client";
import type { components } from "@/server/schema";
import { type Coverage, joint, type Ms, type Span } from "@/time/span";
import { offsetsOf } from "@/time/offset";
import { iso, moment, wall } from "@/time/shanghai";
import { missed, spansOfCase } from "@/session/allowed";
import { agreed } from "@/session/reach";
import { most, type Viewings } from "@/session/viewings";
import { session } from "@/session/session";
import { queryOf, type Where } from "./place";

type Item = components["schemas"]["NearItem"];
type Camera = components["schemas"]["CameraJSON"];

/** Hit is a camera that stands there, and what it recorded. */
export interface Hit {
  id: string;
  name: string;
  carrier: string;
  device: string;
  lon: number | null;
  lat: number | null;
  azimuth: number | null;
  fov: number | null;
  range: number | null;
  distance: number | null; // m
  view: Item["view"];
  coverage: Coverage;
}

export interface Hits {
  items: Hit[];
  more: number; // further cameras there, beyond the limit
  span: Span; // what of it was searched
  only: Span | null; // what the case allows, where that is not all of the span
  outside: number; // cameras there that the case does not allow to be seen
}

export const spansOf = (list: readonly { from: string; to: string }[] | null | undefined): Span[] =>
  (list ?? []).map((s) => ({ from: moment(s.from), to: moment(s.to) }));

/** coverageOf reads a timeline as the server writes it. */
export const coverageOf = (x: Pick<Item, "covered" | "gaps" | "clock_offsets"> & { until?: string }, end: Ms): Coverage => ({
  covered: spansOf(x.covered),
  gaps: (x.gaps ?? []).map((g) => ({ from: moment(g.from), to: moment(g.to), cause: g.cause })),
  until: x.until ? moment(x.until) : end,
  offsets: offsetsOf(x.clock_offsets),
});

/** wholeness says what kind of footage there is: all since the camera was enrolled, part of it, nothing. */
export function wholeness(c: Coverage): "full" | "gaps" | "none" {
  if (!c.covered.length) return "none";
  return c.gaps.some((g) => g.to - g.from > joint) ? "gaps" : "full";
}

/** outside says that a span lies outside the case altogether. */
const outside = (allowed: Span) => new Failure(403, { code: "outside_time", detail: `${wall(allowed.from)} – ${wall(allowed.to)}` });

/** find looks for cameras at a place and their footage, in what of a span the case allows. An investigator's viewing is opened on the way. */
export async function find(w: Where, span: Span, viewings: Viewings, limit: number, signal: AbortSignal): Promise<Hits> {
  const place = queryOf(w);
  let viewing: string | undefined;
  let refused = 0;
  let only: Span | null = null;
  if (!session.open) {
    const allowed = missed(span);
    if (allowed) throw outside(allowed);
    // A viewing names its cameras: these are found first, by a search that shows no footage.
    const near = await answer(server.GET("/api/v1/cameras", { params: { query: { ...place, limit: Math.min(limit, most) } }, signal }));
    // Some may be known through another case of the same person: one too many refuses the viewing.
    const times = await Promise.all((near.items ?? []).map(async (c: Camera) => ({ id: c.id, spans: await spansOfCase(c, signal) })));
    const may = agreed(times, span);
    if (!may) return { items: [], more: 0, span, only, outside: times.length };
    refused = times.length - may.ids.length;
    if (may.part.from - span.from > 1000 || span.to - may.part.to > 1000) only = may.allowed;
    span = may.part;
    viewing = await viewings.cover(may.ids, span);
    limit = Math.min(limit, most);
  }
  const query = { ...place, from: iso(span.from), to: iso(span.to), limit, viewing };
  const r = await answer(server.GET("/api/v1/footage", { params: { query }, signal }));
  const items = (r.items ?? []).map((x: Item): Hit => ({
    id: x.id, name: x.name || x.carrier_device_id, carrier: x.carrier, device: x.carrier_device_id,
    lon: x.lon, lat: x.lat, azimuth: x.azimuth_deg, fov: x.fov_deg, range: x.range_m,
    distance: x.distance_m ?? null, view: x.view, coverage: coverageOf(x, Math.min(moment(r.to), span.to)),
  }));
  return { items, more: r.more, span, only, outside: refused };
}
