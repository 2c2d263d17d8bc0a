import { polygonText } from "@/map/geometry";
import type { components } from "@/server/schema";

export type Found = components["schemas"]["PlaceItem"];

/** Where is looked for cameras. */
export type Where =
  | { kind: "near"; lon: number; lat: number; radius: number; label: string }
  | { kind: "polygon"; points: [number, number][]; label: string }
  | { kind: "division"; code: string; label: string }
  | { kind: "group"; id: string; label: string };

export const radii = [100, 200, 500, 1000, 2000, 5000] as const;
export const usualRadius = 500;

const degrees = (x: number) => x.toFixed(6).replace(/\.?0+$/, "");

/** queryOf is a place as the server takes it. */
export function queryOf(w: Where): { near?: string; radius_m?: number; polygon?: string; division?: string; group?: string } {
  switch (w.kind) {
    case "near":
      return { near: `${degrees(w.lon)},${degrees(w.lat)}`, radius_m: w.radius };
    case "polygon":
      return { polygon: polygonText(w.points) };
    case "division":
      return { division: w.code };
    case "group":
      return { group: w.id };
  }
}

/** whereOf makes a place to look at of what the search for places found. */
export function whereOf(f: Found, radius: number): Where | null {
  if (f.kind === "group") return { kind: "group", id: f.ref, label: f.name };
  const area = f.kind === "village" || f.kind === "township" || f.kind === "county" || f.kind === "prefecture";
  if (area) return { kind: "division", code: f.ref.replace(/(000){1,2}$/, ""), label: f.name };
  return f.lon !== null && f.lat !== null ? { kind: "near", lon: f.lon, lat: f.lat, radius, label: f.name } : null;
}

/** toAddress and fromAddress keep a place in the page's address. */
export function toAddress(w: Where): Record<string, string> {
  const q = Object.fromEntries(Object.entries(queryOf(w)).map(([k, v]) => [k, String(v)]));
  return { ...q, place: w.label };
}

export function fromAddress(q: Record<string, unknown>): Where | null {
  const text = (k: string) => (typeof q[k] === "string" ? (q[k] as string) : "");
  const label = text("place");
  const near = pair(text("near"));
  if (near) {
    const radius = Number(text("radius_m")) || usualRadius;
    return { kind: "near", lon: near[0], lat: near[1], radius: Math.min(Math.max(radius, 10), 20_000), label: label || text("near") };
  }
  const points = text("polygon").split(" ").map(pair).filter((p): p is [number, number] => p !== null);
  if (points.length >= 3) return { kind: "polygon", points, label };
  if (/^\d{4,12}$/.test(text("division"))) return { kind: "division", code: text("division"), label: label || text("division") };
  if (text("group")) return { kind: "group", id: text("group"), label: label || text("group") };
  return null;
}

function pair(s: string): [number, number] | null {
  const m = /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)$/.exec(s.trim());
  return m && Math.abs(Number(m[1])) <= 180 && Math.abs(Number(m[2])) <= 90 ? [Number(m[1]), Number(m[2])] : null;
}
