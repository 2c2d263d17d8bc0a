import { spoken } from "./describe";
import { type Columns, moving, paintOverlay } from "./overlay";
import { paintRows } from "./paint";
import { type Patterns, patterns } from "./pattern";
import type { Box, Scene } from "./scene";

/**
 * Surface is two canvases in their host, the rows and what lies over them: it
 * puts a scene on the screen, and into words for those who do not see it. The
 * upper one takes the pointer and the keys.
 */
export class Surface {
  readonly canvas = document.createElement("canvas");
  private readonly still = document.createElement("canvas"); // the rows; untouched while only the cursor moves
  private fills: Patterns | null = null;
  private said = "";
  private lying: unknown[] = []; // what lay over the rows beside cursor and pointer
  private moved: Columns[] = []; // where those two were

  constructor(private readonly host: HTMLElement) {
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    for (const c of [this.still, this.canvas]) {
      // Out of the flow: a canvas that made its host grow would grow with it.
      Object.assign(c.style, { position: "absolute", left: "0", top: "0", width: "100%", height: "100%", outlineOffset: "-2px" });
      host.append(c);
    }
    this.still.setAttribute("aria-hidden", "true");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "slider");
  }

  name(label: string): void {
    this.canvas.setAttribute("aria-label", label);
  }

  /** fit takes the size of the host, and empties the canvases. */
  fit(): Box {
    const box = { width: this.host.clientWidth, height: this.host.clientHeight, ratio: window.devicePixelRatio || 1 };
    this.fills = null;
    this.lying = [];
    for (const c of [this.canvas, this.still]) {
      c.width = Math.max(1, Math.round(box.width * box.ratio));
      c.height = Math.max(1, Math.round(box.height * box.ratio));
    }
    return box;
  }

  /** draw paints a scene; rows: the rows too, not just what lies over them. */
  draw(scene: Scene, rows: boolean): void {
    const { ratio } = scene.box;
    const front = this.canvas.getContext("2d");
    const back = this.still.getContext("2d", { alpha: false });
    if (!front || !back) return;
    if (rows) {
      this.fills ??= patterns(ratio);
      back.setTransform(ratio, 0, 0, ratio, 0, 0);
      paintRows(back, scene, this.fills);
    }
    front.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.over(front, scene);
    this.say(scene);
  }

  /** over paints what lies over the rows: while only cursor and pointer move, no more than the columns they left and came to. */
  private over(g: CanvasRenderingContext2D, s: Scene): void {
    const lying = [s.box, s.span, s.marks, s.bookmarks, s.now, s.words];
    const all = lying.length !== this.lying.length || lying.some((x, i) => x !== this.lying[i]);
    this.lying = lying;
    const came = moving(g, s);
    const columns = all ? [{ x: 0, width: s.box.width }] : [...this.moved, ...came];
    this.moved = came;
    if (!columns.length) return;
    g.save();
    g.beginPath();
    for (const c of columns) {
      const x = Math.floor(c.x * s.box.ratio) / s.box.ratio; // whole pixels: half a one would keep half of what was there
      const width = Math.ceil((c.x + c.width) * s.box.ratio) / s.box.ratio - x;
      g.clearRect(x, 0, width, s.box.height);
      g.rect(x, 0, width, s.box.height);
    }
    g.clip();
    paintOverlay(g, s);
    g.restore();
  }

  /** say tells screen readers, at most once for a second of footage. */
  private say(scene: Scene): void {
    const w = spoken(scene);
    const all = `${w.min} ${w.max} ${w.now} ${w.text}`;
    if (all === this.said) return;
    this.said = all;
    const set = (name: string, value: string | number) => this.canvas.setAttribute(`aria-${name}`, String(value));
    set("valuemin", w.min);
    set("valuemax", w.max);
    set("valuenow", w.now);
    set("valuetext", w.text);
  }
}
