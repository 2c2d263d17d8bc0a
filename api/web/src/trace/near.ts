import type { Point } from "@/map/types";
import type { Camera } from "@/search/cameras";
import { coverageOf, type Hit } from "@/search/footage";
import { queryOf } from "@/search/place";
import { answer, server } from "@/server/client";
import type { components } from "@/server/schema";
import { current } from "@/session/cases";
import { session } from "@/session/session";
import { locate, place, spansOfCase } from "@/session/allowed";
import { allowedAt, spansFor } from "@/session/reach";
import { most, type Viewings } from "@/session/viewings";
import { iso, moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import { reach } from "./next";


type Item = components["schemas"]["NearItem"];

/** Near is what stands around a camera, and its footage in a window. */
export interface Near {
  hits: Hit[];
  cameras: Camera[];
  /** allowed is what was asked for of each camera. */
  allowed: Map<string, Span>;
  /** outside is how many stand there that the case does not allow to be seen at the moment. */
  outside: number;
}

/** A group of cameras that may be seen in the same span: a viewing. */
interface Group {
  span: Span;
  ids: string[];
}

/** lookAround finds the cameras around a place and their footage in a window around a moment. An investigator's viewings are opened on the way. */
export async function lookAround(at: Point, t: Ms, window: Span, viewings: Viewings, signal: AbortSignal): Promise<Near> {
  const around = queryOf({ kind: "near", lon: at[0], lat: at[1], radius: reach, label: "" });
  const finding = answer(server.GET("/api/v1/cameras", { params: { query: { ...around, limit: most } }, signal })).then((r) => r.items ?? []);
  const ask = async (span: Span, viewing?: string) => {
    const query = { ...around, from: iso(span.from), to: iso(span.to), limit: most, viewing };
    const r = await answer(server.GET("/api/v1/footage", { params: { query }, signal }));
    return (r.items ?? []).map((x) => hitOf(x, Math.min(moment(r.to), span.to)));
  };
  if (session.open) {
    const [cameras, hits] = await Promise.all([finding, ask(window)]);
    return { hits, cameras, allowed: new Map(hits.map((h) => [h.id, window])), outside: 0 };
  }
  const cameras = await finding;
  const groups = await grouped(cameras, t, window, signal);
  const hits = await Promise.all(groups.map(async (g) => ask(g.span, await viewings.cover(g.ids, g.span))));
  return {
    cameras, hits: hits.flat(),
    allowed: new Map(groups.flatMap((g) => g.ids.map((id) => [id, g.span] as const))),
    outside: cameras.length - groups.reduce((n, g) => n + g.ids.length, 0),
  };
}

/** allowedTo is what of a window the case allows to be seen of a camera around a moment; all of it where that is unknown, for the server to answer. */
export async function allowedTo(camera: Camera | undefined, t: Ms, window: Span, signal: AbortSignal): Promise<Span> {
  return camera ? allowedAt(await spansOfCase(camera, signal), window, t) ?? window : window;
}

/** grouped puts together the cameras that the case allows to be seen in the same part of the window. */
async function grouped(cameras: readonly Camera[], t: Ms, window: Span, signal: AbortSignal): Promise<Group[]> {
  const c = current.value;
  if (!c) return [];
  await locate((c.hops ?? []).map((h) => h.camera), cameras, signal);
  const groups = new Map<string, Group>();
  for (const camera of cameras) {
    const span = allowedAt(spansFor(c, camera, place), window, t);
    if (!span) continue;
    const key = `${span.from} ${span.to}`;
    const g = groups.get(key) ?? { span, ids: [] };
    g.ids.push(camera.id);
    groups.set(key, g);
  }
  return [...groups.values()];
}

const hitOf = (x: Item, end: Ms): Hit => ({
  id: x.id, name: x.name || x.carrier_device_id, carrier: x.carrier, device: x.carrier_device_id,
  lon: x.lon, lat: x.lat, azimuth: x.azimuth_deg, fov: x.fov_deg, range: x.range_m,
  distance: x.distance_m ?? null, view: x.view, coverage: coverageOf(x, end),
});
