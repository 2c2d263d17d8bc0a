import type { Ms } from "../time/span";
import { timeUnder } from "./layout";
import { bound, has, lengthOf, middle, pan, zoom } from "./scale";
import type { Controls, Scene } from "./scene";

/** last is the latest moment one may go to. */
function last(s: Scene): Ms {
  const end = (s.limits ?? s.span).to;
  return s.now === null ? end : Math.min(end, s.now);
}

function go(on: Controls, t: Ms): void {
  const s = on.scene;
  const from = (s.limits ?? { from: -Infinity }).from;
  const to = Math.max(s.limits ? last(s) : (s.now ?? Infinity), from);
  const goal = bound(t, { from, to });
  if (!has(s.span, goal)) on.show(pan(s.span, goal - middle(s.span), s.limits));
  on.seek(goal, true);
}

function step(on: Controls, by: 1 | -1): void {
  const { rows, current } = on.scene;
  const at = rows.findIndex((r) => r.id === current);
  const row = at < 0 ? rows[0] : rows[at + by];
  if (row) on.pick(row.id);
}

/**
 * key does what a key means on the focused timeline; false: it means nothing
 * here. Letters, digits, space and the arrows left and right belong to the page.
 */
export function key(on: Controls, name: string): boolean {
  const s = on.scene;
  const here = s.cursor ?? middle(s.span);
  const around = has(s.span, here) ? here : middle(s.span);
  const len = lengthOf(s.span);
  switch (name) {
    case "+":
    case "=":
      on.show(zoom(s.span, 0.5, around, s.limits));
      return true;
    case "-":
      on.show(zoom(s.span, 2, around, s.limits));
      return true;
    case "Home":
      go(on, (s.limits ?? s.span).from);
      return true;
    case "End":
      go(on, last(s));
      return true;
    case "PageUp":
    case "PageDown": {
      const by = name === "PageUp" ? -len : len;
      if (has(s.span, here)) on.show(pan(s.span, by, s.limits));
      go(on, here + by);
      return true;
    }
    case "ArrowUp":
      step(on, -1);
      return true;
    case "ArrowDown":
      step(on, 1);
      return true;
    case "Enter":
      on.seek(s.hover ? timeUnder(s, s.hover.x) : middle(s.span), true);
      return true;
  }
  return false;
}

export function listenKeys(canvas: HTMLCanvasElement, on: Controls): void {
  canvas.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || !key(on, e.key)) return;
    e.preventDefault();
    e.stopPropagation();
  });
}
