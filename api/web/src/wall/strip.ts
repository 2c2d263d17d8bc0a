import { file, send } from "@/server/client";
import { iso, moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";

/** Sprite is many small pictures in one, with the moment of each. */
export interface Sprite {
  url: string;
  columns: number;
  width: number;
  height: number;
  times: (Ms | null)[];
}

/** most is how many pictures are asked for at once. */
export const most = 60;

/** pieces cuts a span into parts of so many pictures. */
export function pieces(span: Span, every: Ms): { span: Span; n: number }[] {
  const out: { span: Span; n: number }[] = [];
  for (let from = span.from; from < span.to; from += most * every) {
    const to = Math.min(span.to, from + most * every);
    out.push({ span: { from, to }, n: Math.max(1, Math.round((to - from) / every)) });
  }
  return out;
}

/** sprite fetches the pictures of a part. */
export async function sprite(camera: string, part: { span: Span; n: number }, width: number, viewing: string | undefined, signal: AbortSignal): Promise<Sprite> {
  const params = { from: iso(part.span.from), to: iso(part.span.to), n: part.n, width, viewing };
  const r = await send(file(camera, "sprite.jpg", params), { signal });
  const [w, h] = (r.headers.get("X-Sprite-Tile") ?? "160x90").split("x").map(Number);
  const times = (r.headers.get("X-Sprite-Times") ?? "").split(",").map((s) => (s.trim() ? moment(s.trim()) : null));
  return { url: URL.createObjectURL(await r.blob()), columns: Number(r.headers.get("X-Sprite-Columns") ?? 1), width: w || 160, height: h || 90, times };
}

/** Cell is one picture of a sprite. */
export interface Cell {
  sprite: Sprite;
  index: number;
  at: Ms;
}

/** minutesOf are the pictures of several cameras, side by side: one row for each minute that any of them has a picture of. */
export function minutesOf(parts: readonly (readonly (Sprite | null)[])[]): (Cell | null)[][] {
  return parts.flatMap((sprites) => {
    const n = Math.max(0, ...sprites.map((s) => s?.times.length ?? 0));
    const rows = Array.from({ length: n }, (_, index) => sprites.map((sprite): Cell | null => {
      const at = sprite?.times[index] ?? null;
      return sprite && at !== null ? { sprite, index, at } : null;
    }));
    return rows.filter((row) => row.some((c) => c !== null));
  });
}
