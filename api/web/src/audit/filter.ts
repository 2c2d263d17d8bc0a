import { iso, moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** kinds are those of the register's entries. */
export const kinds = ["viewing.open", "viewing.more", "viewing.close", "admin", "start", "pruned"] as const;
export type Kind = (typeof kinds)[number];

/** texts are the parts of a filter that people type. */
export const texts = ["who", "unit", "case", "camera", "viewing"] as const;

/** Filter says which entries are wanted. from and to are of when they were written. */
export interface Filter extends Record<(typeof texts)[number], string> {
  kind: Kind | "";
  from: Ms | null;
  to: Ms | null;
}

/** queryOf is a filter as the server and the page's address take it. */
export function queryOf(f: Filter): Partial<Record<(typeof texts)[number] | "from" | "to", string>> & { kind?: Kind } {
  const out: ReturnType<typeof queryOf> = {};
  if (f.kind) out.kind = f.kind;
  for (const k of texts) if (f[k].trim()) out[k] = f[k].trim();
  if (f.from !== null) out.from = iso(f.from);
  if (f.to !== null) out.to = iso(f.to);
  return out;
}

/** readFilter is the filter that an address holds. */
export function readFilter(q: Record<string, unknown>): Filter {
  const text = (k: string) => (typeof q[k] === "string" ? (q[k] as string) : "");
  const time = (k: string) => {
    const t = moment(text(k));
    return Number.isNaN(t) ? null : t;
  };
  return {
    kind: kinds.find((k) => k === text("kind")) ?? "",
    who: text("who"), unit: text("unit"), case: text("case"), camera: text("camera"), viewing: text("viewing"),
    from: time("from"), to: time("to"),
  };
}
