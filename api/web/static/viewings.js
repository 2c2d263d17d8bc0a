// Viewings: an investigator sees footage in one, opened for the chosen case. It is
// opened when something is to be shown, for the whole day of the case at a time.

import { dayLength, dayOf, dayStart, iso } from "./clock.js";
import { t } from "./i18n.js";
import { json, send } from "./net.js";

const $ = (id) => document.getElementById(id);
const liveLength = 60 * 60e3; // what a viewing of the present reaches ahead

export class Viewings {
  /** on: {change()}: another case was chosen. */
  constructor(on) {
    this.needed = false;
    this.cases = [];
    this.known = []; // {id, case, camera, from, to}
    $("case").onchange = () => { this.remember(); on.change(); };
  }

  /** begin learns whether who is signed in needs viewings, and for which cases. */
  async begin(who) {
    this.needed = Boolean(who?.roles.includes("investigator"));
    $("case-row").hidden = !this.needed;
    if (this.needed) await this.load();
  }

  async load() {
    const page = await json("cases", { state: "open" }).catch(() => null);
    if (!page) return;
    this.cases = page.items.filter((c) => c.may.work);
    this.draw();
  }

  draw() {
    const s = $("case"), was = s.value || new URLSearchParams(location.hash.slice(1)).get("case") || this.kept();
    s.replaceChildren(...this.cases.map((c) => Object.assign(document.createElement("option"), {
      value: c.id, textContent: c.number ? `${c.number} ${c.class}` : `${t("emergency")}：${c.reason}`,
    })));
    if (this.cases.some((c) => c.id === was)) s.value = was;
    $("case-none").hidden = this.cases.length > 0;
    s.hidden = !this.cases.length;
  }

  kept() { try { return sessionStorage.getItem("case"); } catch { return null; } }
  remember() { try { sessionStorage.setItem("case", $("case").value); } catch { /* only for comfort */ } }

  get chosen() { return this.cases.find((c) => c.id === $("case").value); }

  /** forget is for viewings that the server has closed. */
  forget() { this.known = []; }

  /** cover returns the id of a viewing that contains a time of a camera, or "" where none is needed. */
  async cover(camera, from, to) {
    if (!this.needed) return "";
    const c = this.chosen;
    if (!c) throw Object.assign(new Error(t("caseNeeded")), { problem: { detail: t("caseNeeded"), next: t("caseNeededNext") } });
    const had = this.known.find((v) => v.case === c.id && v.camera === camera && v.from <= from && v.to >= to);
    if (had) return had.id;
    const day = dayStart(dayOf(from));
    const wide = [Math.max(day, Date.parse(c.from)), Math.min(Math.max(day + dayLength, to), Date.parse(c.to))];
    let span = wide[0] <= from && wide[1] >= to ? wide : [from, to];
    const ask = () => send("POST", "viewings", { case: c.id, cameras: [camera], from: iso(span[0]), to: iso(span[1]), reason: c.reason });
    let got;
    try {
      got = await ask();
    } catch (err) {
      if (err.problem?.code !== "outside_case" || span[0] === from && span[1] === to) throw err;
      span = [from, to];
      got = await ask();
    }
    this.known.push({ id: got.viewing, case: c.id, camera, from: span[0], to: span[1] });
    return got.viewing;
  }

  /** live returns a viewing of the present. */
  live(camera) {
    const now = Date.now(), end = this.chosen ? Date.parse(this.chosen.to) : now;
    const had = this.known.find((v) => v.case === this.chosen?.id && v.camera === camera && v.from <= now && v.to > now + 30e3);
    return had ? Promise.resolve(had.id) : this.cover(camera, now - 60e3, end > now ? Math.min(end, now + liveLength) : now + 60e3);
  }
}
