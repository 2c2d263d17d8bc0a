import { answer, server } from "@/server/client";
import type { components } from "@/server/schema";
import type { Where } from "./place";

export type Camera = components["schemas"]["CameraJSON"];

/** pagesMost bounds what is loaded for the map. */
const pagesMost = 100;

/** allCameras loads the cameras that one may know of, page by page; each is called back as it comes. */
export async function allCameras(signal: AbortSignal, page: (list: Camera[]) => void) {
  let after: string | undefined;
  for (let i = 0; i < pagesMost; i++) {
    const r = await answer(server.GET("/api/v1/cameras", { params: { query: { limit: 1000, after } }, signal }));
    page(r.items ?? []);
    after = r.next || undefined;
    if (!after) return;
  }
}

/** villagesOf are the divisions that most cameras stand in, by their codes. */
export function villagesOf(list: readonly Camera[], most: number): string[] {
  const count = new Map<string, number>();
  for (const c of list) if (c.division && c.lifecycle === "active") count.set(c.division, (count.get(c.division) ?? 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, most).map(([code]) => code);
}

/** named looks up divisions by code, as places to search. */
export async function named(codes: readonly string[]): Promise<Where[]> {
  const found = await Promise.all(codes.map(async (code) => {
    const r = await answer(server.GET("/api/v1/places", { params: { query: { q: code, limit: 3 } } }));
    const f = (r.items ?? []).find((x) => x.ref === code);
    return f ? { kind: "division", code: code.replace(/(000){1,2}$/, ""), label: f.name } as Where : null;
  }));
  return found.filter((w): w is Where => w !== null);
}
