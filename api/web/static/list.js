// List shows the cameras: name, how each fares in words, and what can be done.

import { t, word, lang } from "./i18n.js";
import { json } from "./net.js";

const most = 200;
const glyphs = { streaming: "●", degraded: "◐", connecting: "◌", awaiting: "◍", stalled: "▲", waiting: "■", paused: "‖", unassigned: "○", removed: "✕" };

const $ = (id) => document.getElementById(id);
const make = (tag, props, ...children) => {
  const el = Object.assign(document.createElement(tag), props);
  el.append(...children);
  return el;
};

export const stateOf = (camera) => (camera.lifecycle === "removed" ? "removed" : camera.state);

/** chip is a state as shape, colour and word. */
export function chip(state) {
  const el = make("span", { className: "chip s-" + state });
  el.append(make("span", { textContent: glyphs[state] || "○", ariaHidden: "true" }), make("span", { textContent: word("state", state) }));
  return el;
}

export class List {
  /** on: {pick(camera), fresh(cameras), reached(bool)}. */
  constructor(on) {
    this.on = on;
    this.items = null;
    this.selected = null;
    let timer;
    $("q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.load(), 200); });
    $("state").addEventListener("change", () => this.load());
    $("list").addEventListener("keydown", (e) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!by) return;
      e.preventDefault();
      const all = [...$("list").querySelectorAll("button")];
      all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + by))]?.focus();
    });
    this.options();
  }

  options() {
    const s = $("state"), was = s.value;
    const option = (value, textContent) => make("option", { value, textContent });
    s.replaceChildren(option("", t("allStates")), ...Object.keys(glyphs).filter((k) => k !== "removed").map((k) => option(k, word("state", k))), option("all", t("removedToo")));
    s.value = was;
  }

  select(id) {
    this.selected = id;
    this.draw();
  }

  async load() {
    this.cancel?.abort();
    const cancel = this.cancel = new AbortController();
    const q = $("q").value.trim(), state = $("state").value;
    if (!this.items) this.note(t("loading"));
    try {
      const page = await json("cameras", { limit: most, q, state }, cancel.signal);
      if (cancel.signal.aborted) return;
      this.items = page.items;
      this.more = Boolean(page.next);
      this.searched = Boolean(q || state);
      this.draw();
      this.on.reached(true);
      this.on.fresh(page.items);
    } catch (err) {
      if (err.name === "AbortError") return;
      this.on.reached(err.status !== 0);
      if (!this.items || err.status !== 0) this.note(`${t("listFailed")} ${err.problem?.next || ""}`, [t("retry"), () => this.load()], true);
    }
  }

  note(text, action, bad = false) {
    const el = $("list-note");
    el.className = bad ? "note bad" : "note";
    if (el.dataset.text === text) return; // said already
    el.dataset.text = text;
    el.replaceChildren(text);
    if (action) el.append(" ", make("button", { type: "button", textContent: action[0], onclick: action[1] }));
  }

  draw() {
    if (!this.items) return;
    const list = $("list"), focus = document.activeElement?.dataset?.id;
    // Nothing is touched that has not changed: a list that is redrawn under the
    // finger is no list.
    const key = JSON.stringify([lang, this.selected, this.items.map((c) => [c.id, c.name, stateOf(c), c.cause, c.last_error])]);
    if (key !== this.drawn) {
      this.drawn = key;
      list.replaceChildren(...this.items.map((c) => this.row(c)));
      if (focus) list.querySelector(`[data-id="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    }
    $("count").textContent = t("count", this.items.length + (this.more ? "+" : ""), this.items.filter((c) => c.state === "streaming" || c.state === "degraded").length);
    if (this.more) this.note(t("more", most));
    else if (this.items.length) this.note("");
    else if (this.searched) this.note(t("noMatch"), [t("clear"), () => { $("q").value = ""; $("state").value = ""; this.load(); $("q").focus(); }]);
    else this.note(t("noCameras") + t("noCamerasNext"));
  }

  row(c) {
    const b = make("button", { type: "button", onclick: () => this.on.pick(c) });
    b.dataset.id = c.id;
    if (c.id === this.selected) b.setAttribute("aria-current", "true");
    b.append(make("span", { className: "n", textContent: c.name || c.carrier_device_id }), chip(stateOf(c)));
    b.append(make("span", { className: "d", textContent: `${c.carrier}:${c.carrier_device_id}` }));
    if (c.cause && stateOf(c) !== "streaming") b.append(make("span", { className: "w", textContent: word("cause", c.cause) }));
    return make("li", {}, b);
  }
}
