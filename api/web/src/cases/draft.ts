import type { Where } from "@/search/place";
import type { components } from "@/server/schema";
import type { NewCase } from "@/session/cases";
import { day, iso, startOfDay } from "@/time/shanghai";
import type { Ms } from "@/time/span";

type Area = components["schemas"]["Area"];

/** Draft is a case before it is opened. */
export interface Draft {
  number: string;
  class: string;
  reason: string;
  places: Where[];
  cameras: string; // carrier:device, as people list them
  from: Ms;
  to: Ms;
  days: number; // that it stays open
  members: string; // logins
  growth: boolean;
}

/** emptyDraft is of the footage of today: a day is what one officer may open alone. */
export const emptyDraft = (now: Ms): Draft => ({
  number: "", class: "", reason: "", places: [], cameras: "", from: startOfDay(now), to: startOfDay(now) + day, days: 30, members: "", growth: false,
});

/** listOf reads what people list: by spaces, commas of any kind, or lines. */
export const listOf = (text: string): string[] => text.split(/[\s,，、;；]+/).filter(Boolean);

/** areaOf is an area of places and single cameras. */
export function areaOf(places: readonly Where[], cameras: readonly string[]): Area {
  const out: Area = {};
  for (const w of places) {
    if (w.kind === "division") (out.divisions ??= []).push(w.code);
    else if (w.kind === "near") (out.circles ??= []).push({ lon: w.lon, lat: w.lat, radius_m: w.radius });
    else if (w.kind === "polygon") (out.polygons ??= []).push(w.points);
  }
  if (cameras.length) out.cameras = [...cameras];
  return out;
}

/** placeOf is a place of an area, as it is searched: the first division, else a circle or a shape. null: single cameras. */
export function placeOf(a: Area, name: (division: string) => string, drawn: string): Where | null {
  const [division, circle, polygon] = [a.divisions?.[0], a.circles?.[0], a.polygons?.[0]];
  if (division) return { kind: "division", code: division, label: name(division) };
  if (circle) return { kind: "near", lon: circle.lon, lat: circle.lat, radius: circle.radius_m, label: `${circle.lon.toFixed(5)},${circle.lat.toFixed(5)}` };
  return polygon ? { kind: "polygon", points: polygon as [number, number][], label: drawn } : null;
}

/** Lack is what a draft has not. */
export type Lack = "area" | "order";

export function lackOf(d: Draft): Lack | null {
  if (!d.places.length && !listOf(d.cameras).length) return "area";
  return d.to <= d.from ? "order" : null;
}

/** caseOf is the draft as the server takes it. */
export const caseOf = (d: Draft, now: Ms): NewCase => ({
  number: d.number.trim(), class: d.class.trim(), reason: d.reason.trim(), area: areaOf(d.places, listOf(d.cameras)),
  from: iso(d.from), to: iso(d.to), expires: iso(now + d.days * day), growth: d.growth, members: listOf(d.members),
});
