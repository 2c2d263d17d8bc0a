import type { operations } from "@/server/schema";

export type State = NonNullable<NonNullable<operations["listCameras"]["parameters"]["query"]>["state"]>;

/** states are what a camera's main stream may be in; all: removed cameras too. */
export const states = ["streaming", "degraded", "connecting", "awaiting", "stalled", "waiting", "paused", "unassigned", "removed", "all"] as const satisfies readonly State[];

/** Filter says which cameras are wanted, and from where in the list on. */
export interface Filter {
  q: string;
  state: State | "";
  /** A division's code, and what it is called. */
  in: string;
  place: string;
  after: string;
}

/** queryOf is a filter as the page's address takes it; the server takes the same without place. */
export function queryOf(f: Filter): Partial<Record<keyof Filter, string>> & { state?: State } {
  const out: ReturnType<typeof queryOf> = {};
  for (const k of ["q", "in", "place", "after"] as const) if (f[k].trim()) out[k] = f[k].trim();
  if (f.state) out.state = f.state;
  if (!out.in) delete out.place;
  return out;
}

/** readFilter is the filter that an address holds. */
export function readFilter(q: Record<string, unknown>): Filter {
  const text = (k: string) => (typeof q[k] === "string" ? (q[k] as string) : "");
  const code = /^\d{4,12}$/.test(text("in")) ? text("in") : "";
  return { q: text("q"), state: states.find((s) => s === text("state")) ?? "", in: code, place: code && (text("place") || code), after: text("after") };
}
