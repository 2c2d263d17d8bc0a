import type { Ms, Span } from "../time/span";
import { day } from "../time/shanghai";

/** A span laid over pixels: left is where span.from is, left + width where span.to is. */
export interface Scale {
  span: Span;
  left: number;
  width: number;
}

export const shortest: Ms = 2000;
export const longest: Ms = 31 * day; // where no limits are set

export const lengthOf = (s: Span): Ms => s.to - s.from;

export const middle = (s: Span): Ms => s.from + lengthOf(s) / 2;

/** has says whether a moment is in view; the right edge counts. */
export const has = (s: Span, t: Ms) => t >= s.from && t <= s.to;

export const same = (a: Span, b: Span) => a.from === b.from && a.to === b.to;

export const bound = (t: Ms, s: Span): Ms => Math.min(Math.max(t, s.from), s.to);

export const xOf = (s: Scale, t: Ms) => s.left + ((t - s.span.from) * s.width) / lengthOf(s.span);

export const timeAt = (s: Scale, x: number): Ms => s.span.from + ((x - s.left) * lengthOf(s.span)) / s.width;

function fit(len: Ms, limits: Span | null): Ms {
  const most = limits ? Math.max(lengthOf(limits), shortest) : longest;
  return Math.min(Math.max(len, shortest), most);
}

function inside(from: Ms, len: Ms, limits: Span | null): Span {
  const a = limits ? Math.max(limits.from, Math.min(from, limits.to - len)) : from;
  return { from: a, to: a + len };
}

/** clamp brings a span to a length that can be shown and into the limits; its middle stays where it can. */
export function clamp(s: Span, limits: Span | null): Span {
  const len = fit(lengthOf(s), limits);
  return inside(len === lengthOf(s) ? s.from : middle(s) - len / 2, len, limits);
}

/** zoom makes the span factor times as long; the moment at stays at its pixel unless the limits are in the way. */
export function zoom(s: Span, factor: number, at: Ms, limits: Span | null): Span {
  const len = fit(lengthOf(s) * factor, limits);
  return inside(at - ((at - s.from) * len) / lengthOf(s), len, limits);
}

export const pan = (s: Span, by: Ms, limits: Span | null): Span => inside(s.from + by, lengthOf(s), limits);

/** A finger and the moment it holds. */
export interface Finger {
  t: Ms;
  x: number;
}

/** pinch finds the span in which both fingers still hold their moments. */
export function pinch(scale: Scale, a: Finger, b: Finger, limits: Span | null): Span {
  const [l, r] = a.t <= b.t ? [a, b] : [b, a];
  const apart = Math.max(r.x - l.x, 10); // fingers that cross would turn time round
  const len = fit(((r.t - l.t) * scale.width) / apart, limits);
  return inside(l.t - ((l.x - scale.left) * len) / scale.width, len, limits);
}

/**
 * follow keeps a moving cursor in view: one that leaves over an edge turns the
 * page. One that was out of view already, or is new, is left alone: somebody is looking elsewhere.
 */
export function follow(s: Span, before: Ms | null, t: Ms, limits: Span | null): Span {
  if (has(s, t) || before === null || !has(s, before)) return s;
  const ahead = t > before ? 0.1 : 0.9;
  return inside(t - lengthOf(s) * ahead, lengthOf(s), limits);
}
