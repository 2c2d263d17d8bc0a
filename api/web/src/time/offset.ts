import type { components } from "@/server/schema";
import { moment } from "./shanghai";
import { at, type Ms, type Span } from "./span";

/** Offset is a camera's clock minus the server's, as a stretch of footage measured it. */
export interface Offset extends Span {
  ms: Ms;
  about: Ms; // how wrong it may be either way
}

/** offsetsOf reads them as the server writes them. */
export const offsetsOf = (list: components["schemas"]["NearItem"]["clock_offsets"]): Offset[] =>
  (list ?? []).map((x) => ({ from: moment(x.from), to: moment(x.to), ms: x.offset_ms, about: x.uncertainty_ms }));

/** close is how far from a stretch it still holds: what is being recorded is not measured yet, and reports may be rare. */
const close: Ms = 180_000;

/** offsetAt is how the clock stood at a moment; null: not measured then. */
export function offsetAt(list: readonly Offset[] | undefined, t: Ms): Offset | null {
  const away = (o: Offset) => Math.max(o.from - t, t - o.to);
  return list ? at(list, t) ?? list.filter((o) => away(o) <= close).sort((a, b) => away(a) - away(b))[0] ?? null : null;
}

/** offsetText writes an offset and how wrong it may be, in seconds. */
export function offsetText(ms: Ms, about: Ms | null): string {
  const digits = (Math.abs(ms) / 1000).toFixed(Math.abs(ms) < 10_000 ? 2 : 1);
  const sign = Number(digits) === 0 ? "" : ms > 0 ? "+" : "−";
  return sign + digits + (about === null ? "" : ` ± ${(about / 1000).toFixed(2)}`);
}
