import { ink } from "./ink";

/** The fills that are not plain. They are made once for a pixel ratio. */
export interface Patterns {
  /** gaps: diagonal lines on white */
  hatch: CanvasPattern | string;
  /** not known yet: faint upright stripes */
  stripes: CanvasPattern | string;
}

const tile = 7; // CSS pixels

export function patterns(ratio: number): Patterns {
  return {
    hatch: tiled(ratio, ink.hatch, (g, n) => {
      // Three strokes: the corners belong to the neighbours' lines.
      for (const shift of [-n, 0, n]) {
        g.moveTo(shift - 1, n + 1);
        g.lineTo(shift + n + 1, -1);
      }
    }),
    stripes: tiled(ratio, ink.stripe, (g, n) => {
      g.moveTo(n / 2, 0);
      g.lineTo(n / 2, n);
    }),
  };
}

function tiled(ratio: number, colour: string, lines: (g: CanvasRenderingContext2D, n: number) => void): CanvasPattern | string {
  const n = Math.max(4, Math.round(tile * ratio));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = n;
  const g = canvas.getContext("2d");
  if (!g) return colour;
  g.fillStyle = ink.ground;
  g.fillRect(0, 0, n, n);
  g.strokeStyle = colour;
  g.lineWidth = 1.2 * ratio;
  g.beginPath();
  lines(g, n);
  g.stroke();
  const pattern = g.createPattern(canvas, "repeat");
  pattern?.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  return pattern ?? colour;
}
