// Timeline draws one day of one camera on a canvas: footage solid, gaps hatched
// with their cause in words, the moment that is playing, and the marks of a clip.
// It knows spans of milliseconds and nothing of the server.

import { dayLength, hms, full } from "./clock.js";
import { t, word } from "./i18n.js";

const shortest = 60e3; // the least that the view shows
const ruler = 20, foot = 16; // pixels above and below the band
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600].map((s) => s * 1e3);

export class Timeline {
  /** on: {seek(t), hover(t or null, words)}. */
  constructor(canvas, on) {
    this.canvas = canvas;
    this.on = on;
    this.day = 0; // first moment of the day
    this.view = [0, dayLength]; // shown, relative to day
    this.data = null; // {covered: [[from, to]], gaps: [[from, to, cause]], until}
    this.now = null; // the moment on screen
    this.cursor = null; // the moment under keyboard or pointer
    this.marks = [null, null];
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.listen();
  }

  show(day) {
    if (day !== this.day) { this.view = [0, dayLength]; this.cursor = null; }
    this.day = day;
    this.data = null;
    this.draw();
  }

  set(data) { this.data = data; this.draw(); }
  playing(at) { this.now = at; if (this.cursor === null || !this.canvas.matches(":focus")) this.tell(at); this.draw(); }
  mark(from, to) { this.marks = [from, to]; this.draw(); }

  /** at says what there is at a moment: {kind: "footage" | "gap" | "nothing", cause}. */
  at(m) {
    const d = this.data;
    if (d) {
      for (const [a, b] of d.covered) if (m >= a && m < b) return { kind: "footage" };
      for (const [a, b, cause] of d.gaps) if (m >= a && m < b) return { kind: "gap", cause };
    }
    return { kind: "nothing" };
  }

  words(m) {
    const w = this.at(m);
    const what = w.kind === "gap" ? t("isGap", word("cause", w.cause)) : w.kind === "footage" ? t("footage") : t("nothingHere");
    return `${full(m)}　${what}`;
  }

  tell(m) {
    const c = this.canvas;
    if (m === null || m < this.day || m >= this.day + dayLength) return;
    c.setAttribute("aria-valuenow", String(Math.floor((m - this.day) / 1e3)));
    c.setAttribute("aria-valuetext", this.words(m));
  }

  zoom(factor, around) {
    const [a, b] = this.view;
    const inView = this.now !== null && this.now - this.day >= a && this.now - this.day <= b;
    const mid = around ?? (inView ? this.now - this.day : (a + b) / 2);
    const len = Math.min(dayLength, Math.max(shortest, (b - a) * factor));
    this.pan(mid - (mid - a) * len / (b - a), len);
  }

  pan(from, len = this.view[1] - this.view[0]) {
    const a = Math.min(Math.max(0, from), dayLength - len);
    this.view = [a, a + len];
    this.draw();
  }

  all() { this.view = [0, dayLength]; this.draw(); }

  x(m) { return (m - this.day - this.view[0]) / (this.view[1] - this.view[0]) * this.canvas.clientWidth; }
  moment(x) { return this.day + this.view[0] + Math.min(1, Math.max(0, x / this.canvas.clientWidth)) * (this.view[1] - this.view[0]); }

  listen() {
    const c = this.canvas;
    let down = null;
    const px = (e) => e.clientX - c.getBoundingClientRect().left;
    c.addEventListener("pointerdown", (e) => {
      if (e.button) return;
      down = { x: px(e), from: this.view[0], moved: false };
      c.setPointerCapture(e.pointerId);
    });
    c.addEventListener("pointermove", (e) => {
      const x = px(e);
      if (down && Math.abs(x - down.x) > 5) down.moved = true;
      if (down?.moved) this.pan(down.from - (x - down.x) / c.clientWidth * (this.view[1] - this.view[0]));
      this.point(this.moment(x));
    });
    c.addEventListener("pointerup", (e) => {
      if (down && !down.moved) this.on.seek(this.moment(px(e)));
      down = null;
    });
    c.addEventListener("pointercancel", () => { down = null; });
    c.addEventListener("pointerleave", () => { if (!down) this.point(null); });
    c.addEventListener("wheel", (e) => {
      if (!e.deltaY && !e.deltaX) return;
      e.preventDefault();
      if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) this.pan(this.view[0] + (e.deltaX || e.deltaY) / c.clientWidth * (this.view[1] - this.view[0]));
      else this.zoom(e.deltaY > 0 ? 1.25 : 0.8, this.moment(px(e)) - this.day);
    }, { passive: false });
    c.addEventListener("keydown", (e) => {
      const by = { ArrowLeft: -10, ArrowRight: 10, ArrowDown: -10, ArrowUp: 10, PageUp: -600, PageDown: 600 }[e.key];
      const m = this.cursor ?? this.now ?? this.day;
      if (by) this.keyed(m + by * 1e3 * (e.shiftKey ? 6 : 1));
      else if (e.key === "Home") this.keyed(this.day);
      else if (e.key === "End") this.keyed(Math.min(this.data?.until ?? Infinity, this.day + dayLength - 1e3));
      else if (e.key === "Enter") this.on.seek(m);
      else if (e.key === "Escape" && this.cursor !== null) this.point(null);
      else if (e.key === "+" || e.key === "=") this.zoom(0.5, m - this.day);
      else if (e.key === "-") this.zoom(2, m - this.day);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
    c.addEventListener("blur", () => this.point(null));
  }

  keyed(m) {
    const at = Math.min(Math.max(this.day, m), this.day + dayLength - 1e3);
    const r = at - this.day, len = this.view[1] - this.view[0];
    if (r < this.view[0] || r > this.view[1]) this.pan(r - len / 2);
    this.point(at);
    this.tell(at);
  }

  point(m) {
    this.cursor = m;
    this.on.hover(m, m === null ? "" : this.words(m));
    this.draw();
  }

  draw() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => { this.due = 0; this.paint(); });
  }

  paint() {
    const c = this.canvas, w = c.clientWidth, h = c.clientHeight, scale = window.devicePixelRatio || 1;
    if (!w || !h) return;
    if (c.width !== Math.round(w * scale) || c.height !== Math.round(h * scale)) { c.width = Math.round(w * scale); c.height = Math.round(h * scale); }
    const g = c.getContext("2d");
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, w, h);
    const top = ruler, tall = h - ruler - foot;
    g.fillStyle = "#eef1f4";
    g.fillRect(0, top, w, tall);
    this.band(g, w, top, tall);
    this.hours(g, w, top, tall);
    g.strokeStyle = "#8494a3";
    g.lineWidth = 1;
    g.strokeRect(0.5, top + 0.5, w - 1, tall - 1);
    this.lines(g, w, h, top, tall);
  }

  band(g, w, top, tall) {
    const d = this.data;
    if (!d) return;
    const part = (a, b) => {
      const x0 = Math.max(0, this.x(a)), x1 = Math.min(w, this.x(b));
      return x1 > 0 && x0 < w ? [x0, Math.max(x1 - x0, 0)] : null;
    };
    g.fillStyle = "#0b5cad";
    for (const [a, b] of d.covered) {
      const p = part(a, b);
      if (p) g.fillRect(p[0], top, Math.max(p[1], 1), tall);
    }
    for (const [a, b, cause] of d.gaps) {
      const p = part(a, b);
      if (!p) continue;
      const wide = Math.max(p[1], 2); // never so short that it cannot be seen
      g.save();
      g.beginPath();
      g.rect(p[0], top, wide, tall);
      g.clip();
      g.fillStyle = "#fbeed5";
      g.fillRect(p[0], top, wide, tall);
      g.strokeStyle = "#8a5a00";
      g.lineWidth = 1.5;
      g.beginPath();
      for (let x = Math.floor(p[0] / 8) * 8 - tall; x < p[0] + wide; x += 8) { g.moveTo(x, top + tall); g.lineTo(x + tall, top); }
      g.stroke();
      this.label(g, word("cause", cause), p[0], wide, top, tall);
      g.restore();
    }
  }

  label(g, text, x, wide, top, tall) {
    g.font = '13px system-ui, "Noto Sans CJK SC", sans-serif';
    const need = g.measureText(text).width + 12;
    if (need > wide) return;
    const at = x + (wide - need) / 2;
    g.fillStyle = "#fffaf0";
    g.fillRect(at, top + tall / 2 - 11, need, 22);
    g.fillStyle = "#5c3d00";
    g.textBaseline = "middle";
    g.textAlign = "left";
    g.fillText(text, at + 6, top + tall / 2 + 0.5);
  }

  hours(g, w, top, tall) {
    const len = this.view[1] - this.view[0];
    const step = steps.find((s) => s / len * w >= 64) || steps[steps.length - 1];
    g.font = '12px system-ui, "Noto Sans CJK SC", sans-serif';
    g.textBaseline = "alphabetic";
    for (let m = Math.ceil(this.view[0] / step) * step; m <= this.view[1]; m += step) {
      const x = this.x(this.day + m);
      g.fillStyle = "#ffffff66";
      g.fillRect(Math.round(x), top, 1, tall);
      g.fillStyle = "#8494a3";
      g.fillRect(Math.round(Math.min(x, w - 1)), top - 5, 1, 5);
      const text = m === dayLength ? "24:00" : hms(this.day + m).slice(0, step < 60e3 ? 8 : 5);
      g.fillStyle = "#44515e";
      g.textAlign = x < 20 ? "left" : x > w - 20 ? "right" : "center";
      g.fillText(text, x, top - 7);
    }
  }

  lines(g, w, h, top, tall) {
    const [a, b] = this.marks;
    const xa = a === null ? null : this.x(a), xb = b === null ? null : this.x(b);
    if (xa !== null && xb !== null && b > a) {
      g.fillStyle = "#e69f0055";
      g.fillRect(xa, top, xb - xa, tall);
    }
    for (const [x, dir] of [[xa, 1], [xb, -1]]) {
      if (x === null || x < -8 || x > w + 8) continue;
      g.fillStyle = "#8a5a00";
      g.fillRect(x - 1, top - 2, 2, tall + 4);
      g.fillRect(dir > 0 ? x : x - 8, top - 2, 8, 3);
      g.fillRect(dir > 0 ? x : x - 8, top + tall, 8, 3);
    }
    if (this.cursor !== null) {
      g.fillStyle = "#1c2733";
      g.fillRect(Math.round(this.x(this.cursor)), top, 1, tall);
    }
    if (this.now === null) return;
    const x = this.x(this.now);
    if (x < -1 || x > w + 1) return;
    g.fillStyle = "#fff";
    g.fillRect(x - 2.5, top, 5, tall);
    g.fillStyle = "#b3261e";
    g.fillRect(x - 1.25, top - 3, 2.5, tall + 5);
    g.beginPath();
    g.moveTo(x - 6, top - 4); g.lineTo(x + 6, top - 4); g.lineTo(x, top + 4);
    g.fill();
    g.font = '600 12px system-ui, "Noto Sans CJK SC", sans-serif';
    g.textAlign = x < 30 ? "left" : x > w - 30 ? "right" : "center";
    g.textBaseline = "alphabetic";
    g.fillText(hms(this.now), Math.min(Math.max(x, 1), w - 1), h - 3);
  }
}
