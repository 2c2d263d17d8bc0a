import { type Ms, type Span, at } from "../time/span";
import { describe } from "./describe";
import type { TimelineEvents } from "./events";
import type { Gesture } from "./gesture";
import { listenKeys } from "./keys";
import { bookmarkAt, header, leftOf, mostScroll, rowAt, scrolledTo, timeUnder, wanted } from "./layout";
import { listenPointer } from "./pointer";
import { bound, clamp, follow, has, middle, pan, same } from "./scale";
import type { Controls, Mark, Marks, Row, Scene, Words } from "./scene";
import { Surface } from "./surface";

export type { Hovered, TimelineEvents } from "./events";
export type { Mark, Marks, Row, Words } from "./scene";

/**
 * Timeline draws rows of footage over time on one canvas that fills its host,
 * and reports what people do to it. Setters are cheap: whatever is set before
 * the next frame is painted once. Setters report nothing back, except that a
 * cursor that turns the page reports the view.
 */
export class Timeline {
  private readonly surface: Surface;
  private readonly observer = new ResizeObserver(() => this.resize());
  private readonly gesture: Gesture;
  private readonly scene: Scene;
  private stale = true; // the rows must be painted anew
  private due = 0;

  constructor(
    host: HTMLElement,
    private readonly on: TimelineEvents,
    words: Words,
  ) {
    this.scene = {
      ...{ words, box: { width: 0, height: 0, ratio: 1 }, rows: [], span: { from: 0, to: 60_000 }, limits: null },
      ...{ cursor: null, marks: { in: null, out: null }, bookmarks: [], current: null, now: null, hover: null, scroll: 0 },
    };
    this.surface = new Surface(host);
    this.surface.name(words.label);
    const controls = this.controls();
    this.gesture = listenPointer(this.surface.canvas, controls);
    listenKeys(this.surface.canvas, controls);
    this.observer.observe(host);
    this.resize();
  }

  private controls(): Controls {
    const { scene } = this;
    return {
      scene,
      show: (s) => this.show(s),
      seek: (t, final) => {
        scene.cursor = t;
        this.plan();
        this.on.seek?.(t, final);
      },
      pick: (id) => this.on.row?.(id),
      mark: (which, t) => {
        const { in: from, out: to } = scene.marks;
        const m = which === "in" ? { in: Math.min(t, to ?? t), out: to } : { in: from, out: Math.max(t, from ?? t) };
        this.setMarks(m);
        this.on.marks?.(m);
      },
      scroll: (by) => this.scrollTo(scene.scroll + by),
      hover: (p) => this.hover(p),
    };
  }

  /** The words of another language. */
  setWords(words: Words): void {
    this.scene.words = words;
    this.surface.name(words.label);
    this.plan(true);
  }

  setRows(rows: Row[]): void {
    this.scene.rows = rows;
    this.scrollTo(this.scene.scroll);
    this.plan(true);
  }

  /** setSpan says what is shown, and how far one may go; limits hold until others are given. */
  setSpan(s: Span, limits?: Span): void {
    if (limits) this.scene.limits = limits;
    const to = clamp(s, this.scene.limits);
    if (same(to, this.scene.span)) return; // the page echoes what view reported
    this.scene.span = to;
    this.plan(true);
  }

  get span(): Span {
    return this.scene.span;
  }

  /** height in pixels at which every row is in view */
  get wanted(): number {
    return wanted(this.scene.rows.length);
  }

  /** setCursor moves the cursor, 60 times a second if need be. While it is being dragged, the hand wins. */
  setCursor(t: Ms | null): void {
    const s = this.scene;
    if (this.gesture.scrubbing || t === s.cursor) return;
    const before = s.cursor;
    s.cursor = t;
    if (t !== null && !this.gesture.busy) this.show(follow(s.span, before, t, s.limits));
    this.plan();
  }

  /** reveal brings a moment into view, wherever people were looking. */
  reveal(t: Ms): void {
    const s = this.scene;
    if (!has(s.span, t)) this.show(pan(s.span, t - middle(s.span), s.limits));
  }

  setMarks(m: Marks): void {
    this.scene.marks = { in: m.in, out: m.out };
    this.plan();
  }

  setBookmarks(list: Mark[]): void {
    this.scene.bookmarks = list;
    this.plan();
  }

  /** setCurrent emphasises a row and scrolls to it. */
  setCurrent(id: string | null): void {
    if (id === this.scene.current) return;
    this.scene.current = id;
    const at = this.scene.rows.findIndex((r) => r.id === id);
    if (at >= 0) this.scrollTo(scrolledTo(this.scene, at));
    this.plan(true);
  }

  setNow(t: Ms | null): void {
    this.scene.now = t;
    this.plan();
  }

  private show(s: Span): void {
    const { span, limits } = this.scene;
    const to = clamp(s, limits);
    if (same(to, span)) return;
    this.scene.span = to;
    this.plan(true);
    this.on.view?.(to);
  }

  private scrollTo(y: number): void {
    const to = bound(y, { from: 0, to: mostScroll(this.scene) });
    // Where no row is hidden, a finger that goes up or down scrolls the page.
    this.surface.canvas.style.touchAction = mostScroll(this.scene) ? "none" : "pan-y";
    if (to === this.scene.scroll) return;
    this.scene.scroll = to;
    this.plan(true);
  }

  private hover(p: { x: number; y: number } | null): void {
    const s = this.scene;
    if (!p || p.x < leftOf(s.box.width)) {
      if (!s.hover) return;
      s.hover = null;
      this.plan();
      this.on.hover?.(null);
      return;
    }
    const t = timeUnder(s, p.x);
    const row = rowAt(s, p.y);
    const mark = p.y < header ? bookmarkAt(s, p.x) : null;
    s.hover = { x: p.x, y: p.y };
    this.plan();
    const text = mark ? mark.text : describe(s, row, t);
    this.on.hover?.({ t, id: row?.id ?? null, x: p.x, y: p.y, gap: row ? at(row.gaps, t) : null, mark, text });
  }

  private plan(rows = false): void {
    this.stale ||= rows;
    this.due ||= requestAnimationFrame(() => {
      this.due = 0;
      this.draw();
    });
  }

  /** paint paints everything at once and returns the ms it took. */
  paint(): number {
    const start = performance.now();
    this.stale = true;
    this.draw();
    return performance.now() - start;
  }

  private draw(): void {
    const { width, height, ratio } = this.scene.box;
    if (ratio !== (window.devicePixelRatio || 1)) return this.resize(); // moved to another screen
    if (!width || !height) return;
    this.surface.draw(this.scene, this.stale);
    this.stale = false;
  }

  /** resize fits the canvas to its host; it is called by itself. */
  resize(): void {
    this.scene.box = this.surface.fit();
    this.scrollTo(this.scene.scroll);
    this.stale = true;
    this.draw(); // now: an emptied canvas would flash
  }

  destroy(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.due);
    this.surface.canvas.remove();
  }
}
