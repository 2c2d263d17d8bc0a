import { distance } from "@/map/geometry";
import type { Point } from "@/map/types";
import type { Camera } from "@/search/cameras";
import type { Case } from "@/session/cases";
import { day, hour, iso, moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";

// What a case allows to be seen, as the server counts (registry/cases). It decides;
// this asks for no more than it will give, for one camera too many refuses a viewing.

/** What a hop adds around its camera and moment. */
export const hopRadius = 2000; // m
export const hopTime: Ms = 30 * 60_000;

/** places tells where the cameras of a case's hops stand. */
export type Places = (camera: string) => Point | null;

/** spansFor are the times at which a case allows to see a camera, joined, in order. */
export function spansFor(c: Case, camera: Camera, places: Places): Span[] {
  const list: Span[] = inArea(c, camera) ? [spanOf(c)] : [];
  const here = pointOf(camera);
  for (const h of c.hops ?? []) {
    const there = places(h.camera);
    if (h.camera !== camera.id && !(here && there && distance(here, there) <= hopRadius)) continue;
    const at = moment(h.at);
    list.push({ from: at - hopTime, to: at + hopTime });
  }
  list.sort((a, b) => a.from - b.from);
  const out: Span[] = [];
  for (const s of list) {
    const last = out[out.length - 1];
    if (last && s.from <= last.to) last.to = Math.max(last.to, s.to);
    else out.push({ ...s });
  }
  return out;
}

/** allowedAt is what of a window may be seen around a moment; null: nothing at that moment. */
export function allowedAt(spans: readonly Span[], window: Span, t: Ms): Span | null {
  const s = spans.find((x) => x.from <= t && t < x.to);
  return s ? { from: Math.max(s.from, window.from), to: Math.min(s.to, window.to) } : null;
}

/** within is what of a span may be seen, where so much is allowed; null: nothing. The server counts finer than ms. */
export function within(span: Span, allowed: Span): Span | null {
  const part = { from: Math.max(span.from, Math.ceil(allowed.from)), to: Math.min(span.to, Math.floor(allowed.to)) };
  return part.to > part.from ? part : null;
}

/** Agreed is a part of a span in which all of some cameras may be seen. */
export interface Agreed {
  part: Span;
  allowed: Span; // what the part was cut from
  ids: string[];
}

/** agreed is the part in which the most cameras may be seen together, for one viewing has one span; null: none of any camera. */
export function agreed(times: readonly { id: string; spans: readonly Span[] }[], span: Span): Agreed | null {
  let best: Agreed | null = null;
  for (const allowed of times.flatMap((x) => x.spans)) {
    const part = within(span, allowed);
    if (!part) continue;
    const ids = times.filter((x) => x.spans.some((s) => s.from <= part.from && s.to >= part.to)).map((x) => x.id);
    const more = ids.length - (best?.ids.length ?? 0);
    if (!best || more > 0 || (more === 0 && part.to - part.from > best.part.to - best.part.from)) best = { part, allowed, ids };
  }
  return best;
}

/** longest is what can be searched at once. */
export const longest: Ms = 7 * day;

/**
 * begun is what is looked at first in a case: what of its time is past. Of an emergency, whose time nobody chose, and of a
 * time that lies ahead, half an hour, the last one where that is within.
 */
export function begun(c: Case, now: Ms): Span {
  const [from, to] = [Math.ceil(moment(c.from)), Math.floor(moment(c.to))];
  const end = Math.min(to, Math.floor(now / 1000) * 1000);
  if (end > from && !(c.emergency && !c.adopted)) return { from: Math.max(from, end - longest), to: end };
  const start = Math.max(from, end - hour / 2);
  return { from: start, to: Math.min(to, start + hour / 2) };
}

/** grown is a case with the time that its hops reach to, too. */
export function grown(c: Case | null): Case | null {
  if (!c?.hops?.length) return c;
  const ends = c.hops.map((h) => moment(h.at));
  const { from, to } = spanOf(c);
  return { ...c, from: iso(Math.min(from, ...ends.map((t) => t - hopTime))), to: iso(Math.max(to, ...ends.map((t) => t + hopTime))) };
}

const spanOf = (c: Case): Span => ({ from: moment(c.from), to: moment(c.to) });
const pointOf = (c: Camera): Point | null => (c.lon === null || c.lat === null ? null : [c.lon, c.lat]);

function inArea(c: Case, camera: Camera): boolean {
  const { cameras, divisions, circles, polygons } = c.area;
  if ((cameras ?? []).some((x) => x === camera.id || x === `${camera.carrier}:${camera.carrier_device_id}`)) return true;
  if (camera.division && (divisions ?? []).some((d) => camera.division!.startsWith(stem(d)))) return true;
  const p = pointOf(camera);
  if (!p) return false;
  return (circles ?? []).some((x) => distance([x.lon, x.lat], p) <= x.radius_m) || (polygons ?? []).some((ring) => holds(ring ?? [], p));
}

/** stem is a division's code without the zeros that fill it up: 4, 6, 9 or 12 digits. */
function stem(code: string): string {
  const n = [4, 6, 9].find((n) => /^0+$/.test(code.slice(n)));
  return n ? code.slice(0, n) : code;
}

/** holds counts how often a line to the east meets the ring. */
function holds(ring: readonly (number[] | null)[], [lon, lat]: Point): boolean {
  let inside = false;
  ring.forEach((p, i) => {
    const [ax, ay] = p as Point;
    const [bx, by] = ring[(i + 1) % ring.length] as Point;
    if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}
