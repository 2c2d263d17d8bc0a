// Pictures of cameras, painted once each on a small canvas.
import Icon from "ol/style/Icon.js";
import Style from "ol/style/Style.js";
import { ink, prominent, rankMost, rankText, signOf, type Sign } from "./looks";
import type { MapCamera } from "./types";

/** Two canvas pixels per CSS pixel: sharp on office screens and phones. */
const density = 2;

/** A glyph's ring: current is the camera that is looked at, next one that may be gone on to. */
export type Ring = "current" | "next" | null;

const cache = new Map<string, Style>();

export function glyphOf(c: MapCamera, ring: Ring = null): Style {
  const big = prominent(c) || ring !== null;
  const rank = (c.rank ?? 0) <= rankMost ? rankText(c) : "";
  const key = `${signOf(c)} ${big} ${c.number ?? ""} ${rank} ${ring ?? ""}`;
  let style = cache.get(key);
  if (!style) {
    const img = paint(signOf(c), big ? 8 : 5.5, c.number, ring, rank);
    style = new Style({ image: new Icon({ img, scale: 1 / density }), zIndex: c.number !== undefined ? 1 : 0 });
    cache.set(key, style);
  }
  return style;
}

/** pictureOf is a camera's glyph for the page, large and without its number, on a canvas of its own. */
export function pictureOf(c: MapCamera): HTMLCanvasElement {
  const canvas = paint(signOf(c), 8, undefined, null);
  canvas.style.width = canvas.style.height = `${canvas.width / density}px`;
  return canvas;
}

function paint(sign: Sign, radius: number, number: number | undefined, ring: Ring, rank = ""): HTMLCanvasElement {
  const half = number !== undefined || rank ? 30 : ring ? 18 : radius + 3;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * half * density;
  const p = canvas.getContext("2d")!;
  p.scale(density, density);
  p.translate(half, half);
  disc(p, radius + 2, ink.white);
  dots[sign](p, radius);
  if (ring === "current") {
    circle(p, radius + 5, 6, ink.white);
    circle(p, radius + 5, 3.5, ink.dark);
  } else if (ring === "next") {
    circle(p, radius + 5, 5, ink.white);
    p.setLineDash([5, 3]);
    circle(p, radius + 5, 3, ink.amber);
    p.setLineDash([]);
  }
  if (number !== undefined) badge(p, radius + 5, -radius - 5, String(number));
  if (rank) beside(p, radius + 1, -radius - 1, rank);
  return canvas;
}

const dots: Record<Sign, (p: CanvasRenderingContext2D, r: number) => void> = {
  plain: (p, r) => disc(p, r, ink.blue),
  full: (p, r) => disc(p, r, ink.blue),
  gaps(p, r) {
    p.beginPath();
    p.arc(0, 0, r, Math.PI / 2, -Math.PI / 2);
    p.closePath();
    p.fillStyle = ink.blue;
    p.fill();
    p.beginPath();
    p.arc(0, 0, r - 1.25, -Math.PI / 2, Math.PI / 2);
    stroke(p, 2.5, ink.amber);
  },
  none(p, r) {
    circle(p, r - 1.25, 2.5, ink.red);
    const a = r * 0.36;
    p.beginPath();
    p.moveTo(-a, -a);
    p.lineTo(a, a);
    p.moveTo(a, -a);
    p.lineTo(-a, a);
    stroke(p, 1.8, ink.red);
  },
  off: (p, r) => circle(p, r - 1.25, 2.5, ink.blue),
};

function badge(p: CanvasRenderingContext2D, x: number, y: number, text: string) {
  p.fillStyle = ink.white;
  p.fillRect(x - 7, y - 8, 14, 16);
  p.strokeStyle = ink.dark;
  p.lineWidth = 1;
  p.strokeRect(x - 7, y - 8, 14, 16);
  p.fillStyle = ink.dark;
  p.font = "bold 13px sans-serif";
  p.textAlign = "center";
  p.textBaseline = "middle";
  p.fillText(text, x, y + 0.5);
}

/** beside is a text without a frame: what has one is a tile's number. */
function beside(p: CanvasRenderingContext2D, x: number, y: number, text: string) {
  p.font = "bold 11px sans-serif";
  p.textAlign = "left";
  p.textBaseline = "middle";
  p.lineWidth = 3;
  p.lineJoin = "round";
  p.strokeStyle = ink.white;
  p.strokeText(text, x, y);
  p.fillStyle = ink.dark;
  p.fillText(text, x, y);
}

function disc(p: CanvasRenderingContext2D, r: number, colour: string) {
  p.beginPath();
  p.arc(0, 0, r, 0, 2 * Math.PI);
  p.fillStyle = colour;
  p.fill();
}

function circle(p: CanvasRenderingContext2D, r: number, width: number, colour: string) {
  p.beginPath();
  p.arc(0, 0, r, 0, 2 * Math.PI);
  stroke(p, width, colour);
}

function stroke(p: CanvasRenderingContext2D, width: number, colour: string) {
  p.lineWidth = width;
  p.strokeStyle = colour;
  p.stroke();
}
