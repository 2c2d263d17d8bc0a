import type { Ms } from "../time/span";
import { timeOf } from "../time/shanghai";
import { font, ink, widthOf } from "./ink";
import { flag, header, lane, scaleOf } from "./layout";
import { type Scale, xOf } from "./scale";
import type { Scene } from "./scene";

// The moving part, over the rows: live edge, marks, bookmarks, pointer, cursor.

type Pen = CanvasRenderingContext2D;

/** Columns are whole pixels from top to bottom. */
export interface Columns {
  x: number;
  width: number;
}

/** moving is where cursor and pointer are drawn. */
export function moving(g: Pen, s: Scene): Columns[] {
  const out: Columns[] = [];
  if (s.hover) out.push({ x: Math.round(s.hover.x), width: 1 });
  if (s.cursor !== null) {
    const scale = scaleOf(s);
    const x = xOf(scale, s.cursor);
    if (inView(s, scale, x)) {
      const { left, width } = plate(g, s, scale, x);
      const from = Math.floor(Math.min(left - 1, x - 7));
      out.push({ x: from, width: Math.ceil(Math.max(left + width + 1, x + 7)) - from });
    }
  }
  return out;
}

const inView = (s: Scene, scale: Scale, x: number) => x >= scale.left - 1 && x <= s.box.width + 1;

/** plate is where the cursor's time stands, within its border. */
function plate(g: Pen, s: Scene, scale: Scale, x: number): { left: number; width: number } {
  // Digits are of one width: it need not be measured anew 60 times a second.
  const width = widthOf(g, font.bold, "00:00:00.000") + 10;
  return { left: Math.min(Math.max(x - width / 2, scale.left + 1), s.box.width - width - 1), width };
}

export function paintOverlay(g: Pen, s: Scene): void {
  const scale = scaleOf(s);
  g.save();
  g.beginPath();
  g.rect(scale.left, 0, scale.width, s.box.height);
  g.clip();
  g.textBaseline = "middle";
  live(g, s, scale);
  piece(g, s, scale);
  for (const m of s.bookmarks) {
    const x = xOf(scale, m.at);
    if (x > scale.left - 6 && x < s.box.width + 6) bookmark(g, x);
  }
  if (s.hover) {
    g.fillStyle = ink.edge;
    g.fillRect(Math.round(s.hover.x), header, 1, s.box.height - header);
  }
  if (s.cursor !== null) cursor(g, s, scale, s.cursor);
  g.restore();
}

/** live draws where now is; what comes after is a shade darker. */
function live(g: Pen, s: Scene, scale: Scale): void {
  if (s.now === null || s.now >= s.span.to) return;
  const x = Math.max(xOf(scale, s.now), scale.left);
  g.fillStyle = ink.later;
  g.fillRect(x, header, s.box.width - x, s.box.height - header);
  if (s.now < s.span.from) return;
  g.fillStyle = ink.edge;
  for (let y = lane; y < s.box.height; y += 6) g.fillRect(Math.round(x), y, 1, 3);
  g.font = font.small;
  g.textAlign = "right";
  g.fillText(s.words.now, x - 3, lane + 9);
}

function piece(g: Pen, s: Scene, scale: Scale): void {
  const { in: from, out: to } = s.marks;
  if (from !== null && to !== null && to > from) {
    const a = Math.max(xOf(scale, from), scale.left);
    const b = Math.min(xOf(scale, to), s.box.width);
    g.fillStyle = ink.band;
    if (b > a) g.fillRect(a, header, b - a, s.box.height - header);
  }
  if (from !== null) handle(g, s, xOf(scale, from), "I", -flag);
  if (to !== null) handle(g, s, xOf(scale, to), "O", 0);
}

function handle(g: Pen, s: Scene, x: number, letter: string, shift: number): void {
  if (x < -flag || x > s.box.width + flag) return;
  g.fillStyle = ink.mark;
  g.fillRect(Math.round(x), lane, 1, s.box.height - lane);
  g.fillRect(x + shift, lane, flag, header - lane - 2);
  g.fillStyle = ink.ground;
  g.font = font.bold;
  g.textAlign = "center";
  g.fillText(letter, x + shift + flag / 2, (lane + header) / 2);
}

function bookmark(g: Pen, x: number): void {
  g.beginPath();
  g.moveTo(x - 5, header - 10);
  g.lineTo(x + 5, header - 10);
  g.lineTo(x, header - 1);
  g.closePath();
  g.fillStyle = ink.bookmark;
  g.fill();
  g.strokeStyle = ink.bookmarkEdge;
  g.lineWidth = 1;
  g.stroke();
}

function cursor(g: Pen, s: Scene, scale: Scale, t: Ms): void {
  const x = xOf(scale, t);
  if (!inView(s, scale, x)) return;
  g.fillStyle = ink.cursor;
  g.fillRect(x - 1, lane, 2, s.box.height - lane);
  g.beginPath();
  g.moveTo(x - 6, lane);
  g.lineTo(x + 6, lane);
  g.lineTo(x + 6, lane + 9);
  g.lineTo(x, header - 2);
  g.lineTo(x - 6, lane + 9);
  g.closePath();
  g.fill();
  const { left, width } = plate(g, s, scale, x);
  g.fillRect(left - 1, 1, width + 2, lane - 1);
  g.fillStyle = ink.ground;
  g.fillRect(left, 2, width, lane - 3);
  g.fillStyle = ink.text;
  g.font = font.bold;
  g.textAlign = "center";
  g.fillText(timeOf(t, true), left + width / 2, lane / 2 + 1);
}
