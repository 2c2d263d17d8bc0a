// Colours and lettering. They are constant: footage looks the same wherever it
// is shown, and no colour is the only sign of anything.

export const ink = {
  ground: "#ffffff",
  footage: "#0072B2",
  cursor: "#D55E00",
  bookmark: "#E69F00",
  bookmarkEdge: "#5c3d00",
  hatch: "#7d8a97",
  edge: "#5b6b7a",
  stripe: "#dfe5ea",
  base: "#9aa7b3",
  grid: "#e6ebf0",
  midnight: "#a9b5c0",
  text: "#1c2733",
  soft: "#4a5866",
  current: "#e3eef6",
  error: "#b3261e",
  taken: "#1c2733",
  mark: "#8a5a00",
  band: "rgba(230, 159, 0, 0.2)",
  later: "rgba(28, 39, 51, 0.06)",
} as const;

const family = 'system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

export const font = {
  normal: `12px ${family}`,
  bold: `600 12px ${family}`,
  small: `11px ${family}`,
} as const;

/** Something that letters can be measured with. */
export interface Measure {
  font: string;
  measureText(text: string): { width: number };
}

const widths = new Map<string, number>();

/** widthOf remembers what it has measured: measuring costs more than drawing. */
export function widthOf(g: Measure, face: string, text: string): number {
  const key = `${face}\n${text}`;
  let w = widths.get(key);
  if (w === undefined) {
    if (widths.size > 5000) widths.clear();
    g.font = face;
    w = g.measureText(text).width;
    widths.set(key, w);
  }
  return w;
}

/** clipped is as much of a text as fits, with an ellipsis where some is missing: behind, or in front. */
export function clipped(g: Measure, face: string, text: string, width: number, where: "behind" | "front" = "behind"): string {
  if (widthOf(g, face, text) <= width) return text;
  const letters = Array.from(text);
  const part = (n: number) => (where === "front" ? `…${letters.slice(letters.length - n).join("").trimStart()}` : `${letters.slice(0, n).join("").trimEnd()}…`);
  let lo = 0;
  let hi = letters.length;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (widthOf(g, face, part(mid)) <= width) lo = mid;
    else hi = mid - 1;
  }
  return part(lo);
}
