import { spoken } from "./describe";
import { paintOverlay } from "./overlay";
import { paintRows } from "./paint";
import { type Patterns, patterns } from "./pattern";
import type { Box, Scene } from "./scene";

/** Surface is the canvas in its host: it puts a scene on the screen, and into words for those who do not see it. */
export class Surface {
  readonly canvas = document.createElement("canvas");
  private readonly still = document.createElement("canvas"); // the rows, kept for when only the cursor moves
  private fills: Patterns | null = null;
  private said = "";

  constructor(private readonly host: HTMLElement) {
    const c = this.canvas;
    if (getComputedStyle(host).position === "static") host.style.position = "relative";
    // Out of the flow: a canvas that made its host grow would grow with it.
    Object.assign(c.style, { position: "absolute", left: "0", top: "0", width: "100%", height: "100%", outlineOffset: "-2px" });
    c.tabIndex = 0;
    c.setAttribute("role", "slider");
    host.append(c);
  }

  name(label: string): void {
    this.canvas.setAttribute("aria-label", label);
  }

  /** fit takes the size of the host, and empties the canvas. */
  fit(): Box {
    const box = { width: this.host.clientWidth, height: this.host.clientHeight, ratio: window.devicePixelRatio || 1 };
    this.fills = null;
    for (const c of [this.canvas, this.still]) {
      c.width = Math.max(1, Math.round(box.width * box.ratio));
      c.height = Math.max(1, Math.round(box.height * box.ratio));
    }
    return box;
  }

  /** draw paints a scene; rows: the rows too, not just what lies over them. */
  draw(scene: Scene, rows: boolean): void {
    const { ratio } = scene.box;
    const front = this.canvas.getContext("2d", { alpha: false });
    const back = this.still.getContext("2d", { alpha: false });
    if (!front || !back) return;
    if (rows) {
      this.fills ??= patterns(ratio);
      back.setTransform(ratio, 0, 0, ratio, 0, 0);
      paintRows(back, scene, this.fills);
    }
    front.setTransform(1, 0, 0, 1, 0, 0);
    front.drawImage(this.still, 0, 0);
    front.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintOverlay(front, scene);
    this.say(scene);
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
