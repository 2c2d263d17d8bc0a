import { asFailure, type Failure } from "@/server/client";
import type { Ms } from "@/time/span";
import type { Item } from "./basket";
import { Broken, type Facts } from "./fetching";
import { NoCase } from "./leave";

/** Trouble is why a clip was not fetched. kind has words of its own, or is "" and the failure is told as everywhere. */
export interface Trouble {
  kind: (typeof told)[number] | "";
  failure: Failure | null;
}

/** told are the troubles that the page has words for; most are the server's codes. */
const told = [
  "offline", "broken", "noCase", "gaps", "no_footage", "gap_too_long", "window_too_long", "outside_case", "unknown_case", "unknown_camera", "viewing_needed", "register_unavailable",
] as const;

/** Gaps is thrown where footage is missing inside a clip and nobody said that they know. */
export class Gaps extends Error {}

export function troubleOf(err: unknown): Trouble {
  if (err instanceof NoCase) return { kind: "noCase", failure: null };
  if (err instanceof Broken) return { kind: "broken", failure: null };
  if (err instanceof Gaps) return { kind: "gaps", failure: null };
  const failure = asFailure(err);
  return { kind: told.find((k) => k === failure.code) ?? "", failure };
}

/** Saved is a file that was handed to the browser. */
export interface Saved {
  name: string;
  size: number;
  hash: string; // SHA-256; "": not computed
}

/** Row is a clip of the basket as the page has it. */
export interface Row {
  key: string;
  item: Item;
  chosen: boolean;
  asking: boolean;
  facts: (Facts & { files: number }) | null;
  agreed: number; // so many gaps inside were acknowledged
  phase: "idle" | "waiting" | "loading" | "hashing" | "done";
  received: number; // bytes, of all its files
  speed: number; // bytes a second
  trouble: Trouble | null;
  saved: Saved[];
}

export const keyOf = (x: Item) => `${x.case} ${x.camera} ${x.from} ${x.to}`;

export const rowOf = (item: Item): Row => ({
  key: keyOf(item), item, chosen: item.taken === undefined, asking: false, facts: null, agreed: 0, phase: "idle", received: 0, speed: 0, trouble: null, saved: [],
});

/** busy is whether a row is being fetched, or about to be. */
export const busy = (r: Row) => r.phase === "waiting" || r.phase === "loading" || r.phase === "hashing";

/** unknownGaps is whether footage is missing inside that nobody acknowledged. */
export const unknownGaps = (r: Row) => (r.facts?.gapCount ?? 0) > r.agreed;

export interface Group {
  key: string;
  from: Ms;
  to: Ms;
  case: string;
  rows: Row[];
}

/** grouped puts the clips of one span and case together, the newest span first. */
export function grouped(rows: readonly Row[]): Group[] {
  const groups = new Map<string, Group>();
  for (const r of rows) {
    const { from, to, case: id } = r.item;
    const key = `${id} ${from} ${to}`;
    const g = groups.get(key) ?? { key, from, to, case: id, rows: [] };
    g.rows.push(r);
    groups.set(key, g);
  }
  return [...groups.values()].sort((a, b) => b.from - a.from || b.to - a.to);
}

/** smooth is a speed over the last seconds: was, and what came in so many ms. */
export function smooth(was: number, bytes: number, ms: number): number {
  const now = (bytes * 1000) / Math.max(1, ms);
  return was === 0 ? now : was + (now - was) * Math.min(1, ms / 3000);
}
