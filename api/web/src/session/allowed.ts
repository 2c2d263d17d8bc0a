import type { Point } from "@/map/types";
import type { Camera } from "@/search/cameras";
import { answer, asFailure, server } from "@/server/client";
import type { Span } from "@/time/span";
import { current, spanOf } from "./cases";
import { grown, spansFor, within } from "./reach";
import { session } from "./session";

// What the chosen case allows, with where the cameras of its hops stand.

/** spansOfCase are the times at which the case allows to see a camera; none: nothing is said about it. */
export async function spansOfCase(camera: Camera, signal: AbortSignal): Promise<Span[]> {
  const c = current.value;
  if (session.open || !c) return [];
  await locate((c.hops ?? []).map((h) => h.camera), [camera], signal);
  return spansFor(c, camera, place);
}

/** missed is the chosen case's time, where a span lies outside it and its hops altogether; null: it does not. */
export function missed(span: Span): Span | null {
  const c = session.open ? null : grown(current.value);
  return c && !within(span, spanOf(c)) ? spanOf(current.value!) : null;
}

/** place tells where a camera stands that was located. */
export const place = (id: string) => spots.get(id) ?? null;

/** spots remembers where the cameras of hops stand. */
const spots = new Map<string, Point | null>();

export async function locate(ids: readonly string[], have: readonly Camera[], signal: AbortSignal) {
  for (const c of have) if (c.lon !== null && c.lat !== null) spots.set(c.id, [c.lon, c.lat]);
  await Promise.all([...new Set(ids)].filter((id) => !spots.has(id)).map(async (id) => {
    try {
      const c = await one(id, signal);
      spots.set(id, c.lon !== null && c.lat !== null ? [c.lon, c.lat] : null);
    } catch (err) {
      if (asFailure(err).status === 404) spots.set(id, null); // removed since
      else throw err;
    }
  }));
}

/** one is a camera by its id. */
export const one = (id: string, signal: AbortSignal): Promise<Camera> => answer(server.GET("/api/v1/cameras/{id}", { params: { path: { id } }, signal }));
