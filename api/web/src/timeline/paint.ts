import type { Gap, Span } from "../time/span";
import { dateOf } from "../time/shanghai";
import { bars, first } from "./bars";
import { clipped, font, ink, widthOf } from "./ink";
import { barHeight, header, lane, mostScroll, rowHeight, scaleOf, seen, topOf, wanted } from "./layout";
import type { Patterns } from "./pattern";
import { type Scale, xOf } from "./scale";
import type { Row, Scene } from "./scene";
import { ticks } from "./ticks";

// The still part: ticks and rows. It is painted when the view or the rows
// change, not when the cursor moves.

export const narrow = 4; // pixels: below, a gap has no room for its hatch

export function paintRows(g: CanvasRenderingContext2D, s: Scene, p: Patterns): void {
  const { width, height } = s.box;
  const scale = scaleOf(s);
  g.fillStyle = ink.ground;
  g.fillRect(0, 0, width, height);
  g.textBaseline = "middle";
  g.textAlign = "left";
  g.save();
  g.beginPath();
  g.rect(0, header, width, height - header);
  g.clip();
  const [a, b] = seen(s);
  const at = s.rows.findIndex((r) => r.id === s.current);
  if (at >= 0) {
    g.fillStyle = ink.current;
    g.fillRect(0, topOf(s, at), width, rowHeight);
  }
  grid(g, s, scale);
  for (let i = a; i < b; i++) {
    const row = s.rows[i]!;
    const y = topOf(s, i);
    band(g, s, scale, row, y + (rowHeight - barHeight) / 2, p);
    label(g, row, i === at, scale.left, y);
  }
  scrollbar(g, s);
  g.restore();
  head(g, s, scale);
}

function grid(g: CanvasRenderingContext2D, s: Scene, scale: Scale): void {
  for (const k of ticks(scale)) {
    g.fillStyle = k.midnight ? ink.midnight : ink.grid;
    g.fillRect(Math.round(k.x), header, 1, s.box.height - header);
  }
}

function head(g: CanvasRenderingContext2D, s: Scene, scale: Scale): void {
  for (const k of ticks(scale)) {
    const x = Math.round(k.x);
    const face = k.midnight ? font.bold : font.normal;
    g.fillStyle = k.midnight ? ink.soft : ink.midnight;
    g.fillRect(x, 4, 1, header - 4);
    if (x + 4 + widthOf(g, face, k.text) > s.box.width) continue;
    g.font = face;
    g.fillStyle = k.midnight ? ink.text : ink.soft;
    g.fillText(k.text, x + 4, lane / 2 + 1);
  }
  g.fillStyle = ink.soft;
  g.font = font.bold;
  g.fillText(dateOf(s.span.from), 6, lane / 2 + 1);
  g.font = font.small;
  g.fillText("UTC+8", 6, lane + 9);
  g.fillStyle = ink.base;
  g.fillRect(0, header - 1, s.box.width, 1);
  g.fillRect(scale.left - 1, 0, 1, s.box.height);
}

function label(g: CanvasRenderingContext2D, row: Row, current: boolean, left: number, y: number): void {
  const mid = y + rowHeight / 2;
  if (current) {
    g.fillStyle = ink.footage;
    g.fillRect(0, y, 3, rowHeight);
  }
  let x = 7;
  if (row.number !== undefined) {
    g.fillStyle = ink.footage;
    g.fillRect(x, mid - 8, 16, 16);
    g.fillStyle = ink.ground;
    g.font = font.bold;
    g.textAlign = "center";
    g.fillText(String(row.number), x + 8, mid + 1);
    g.textAlign = "left";
    x += 21;
  }
  const face = current ? font.bold : font.normal;
  const text = clipped(g, face, row.label, left - x - 6, "front"); // names of a village begin alike
  g.font = face;
  g.fillStyle = ink.text;
  g.fillText(text, x, mid + 1);
}

function band(g: CanvasRenderingContext2D, s: Scene, scale: Scale, row: Row, y: number, p: Patterns): void {
  const { ratio } = s.box;
  const pixels = Math.round(scale.width * ratio);
  const runs = (list: readonly Span[], min: number) => bars(list, scale.span, pixels, Math.round(min * ratio));
  const each = (list: number[], draw: (x: number, w: number) => void) => {
    for (let i = 0; i < list.length; i += 2) draw(scale.left + list[i]! / ratio, (list[i + 1]! - list[i]!) / ratio);
  };
  const covered = runs(row.covered, 1);
  const gaps = runs(row.gaps, 2);
  if (row.loading) {
    g.fillStyle = p.stripes;
    g.fillRect(scale.left, y, scale.width, barHeight);
  } else dots(g, scale, y + barHeight / 2);
  g.fillStyle = ink.footage;
  each(covered, (x, w) => g.fillRect(x, y, w, barHeight));
  // Gaps lie over footage, so that the shortest is a slit in it.
  g.fillStyle = ink.ground;
  each(gaps, (x, w) => g.fillRect(x, y, w, barHeight));
  g.fillStyle = p.hatch;
  each(gaps, (x, w) => w >= narrow && g.fillRect(x, y, w, barHeight));
  g.fillStyle = ink.edge;
  each(gaps, (x, w) => frame(g, x, y, w));
  causes(g, s, scale, row.gaps, y);
  if (row.taken) {
    g.fillStyle = ink.taken;
    each(runs(row.taken, 2), (x, w) => g.fillRect(x, y + barHeight + 1, w, 2));
  }
  const text = row.error ?? (row.loading && !covered.length && !gaps.length ? s.words.loading : "");
  if (text) plate(g, clipped(g, font.small, text, scale.width - 12), scale.left + 4, y, row.error ? ink.error : ink.soft);
}

/** frame draws the thin border of a gap; a narrow one has but its left edge, to leave white beside it. */
function frame(g: CanvasRenderingContext2D, x: number, y: number, w: number): void {
  if (w < narrow) {
    g.fillRect(x, y, 1, barHeight);
    return;
  }
  g.fillRect(x, y, 1, barHeight);
  g.fillRect(x + w - 1, y, 1, barHeight);
  g.fillRect(x, y, w, 1);
  g.fillRect(x, y + barHeight - 1, w, 1);
}

/** causes writes into a gap why there is one, where there is room. */
function causes(g: CanvasRenderingContext2D, s: Scene, scale: Scale, gaps: readonly Gap[], y: number): void {
  for (let i = first(gaps, scale.span.from); i < gaps.length && gaps[i]!.from < scale.span.to; i++) {
    const x = Math.max(xOf(scale, gaps[i]!.from), scale.left);
    const room = Math.min(xOf(scale, gaps[i]!.to), s.box.width) - x;
    if (room < 30) continue;
    const text = s.words.cause(gaps[i]!.cause);
    const w = widthOf(g, font.small, text);
    if (w + 16 <= room) plate(g, text, x + (room - w) / 2 - 4, y, ink.text);
  }
}

function plate(g: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string): void {
  g.fillStyle = ink.ground;
  g.fillRect(x, y + 1, widthOf(g, font.small, text) + 8, barHeight - 2);
  g.font = font.small;
  g.fillStyle = colour;
  g.fillText(text, x + 4, y + barHeight / 2 + 0.5);
}

function dots(g: CanvasRenderingContext2D, scale: Scale, y: number): void {
  g.strokeStyle = ink.base;
  g.lineWidth = 1;
  g.setLineDash([1, 4]);
  g.beginPath();
  g.moveTo(scale.left, y + 0.5);
  g.lineTo(scale.left + scale.width, y + 0.5);
  g.stroke();
  g.setLineDash([]);
}

function scrollbar(g: CanvasRenderingContext2D, s: Scene): void {
  if (!mostScroll(s)) return;
  const tall = s.box.height - header;
  const part = tall / (wanted(s.rows.length) - header);
  g.fillStyle = ink.edge;
  g.fillRect(s.box.width - 4, header + s.scroll * part, 3, Math.max(tall * part, 12));
}
