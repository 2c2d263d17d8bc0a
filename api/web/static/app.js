// The page: joins the list, the viewer, the timeline and the export.

import { dayLength, dayOf, dayStart, full, hms, iso, parseHms } from "./clock.js";
import { apply, duration, t, toggle as toggleLanguage, word } from "./i18n.js";
import { address, head, json } from "./net.js";
import { session } from "./session.js";
import { List, chip, stateOf } from "./list.js";
import { Timeline } from "./timeline.js";
import { Viewer } from "./viewer.js";
import { Viewings } from "./viewings.js";

const every = 4000; // ms between looks at the server
const $ = (id) => document.getElementById(id);

let camera = null; // selected
let day = dayStart(dayOf(Date.now())); // shown on the timeline
let marks = [null, null];
const days = new Map(); // day → its timeline, of this camera

const list = new List({ pick: (c) => select(c), fresh: refreshCamera, reached });
const timeline = new Timeline($("timeline"), {
  seek: (at) => viewer.play(at),
  hover: (at, words) => { $("hover").textContent = words || "\u00a0"; },
});
const viewings = new Viewings({ change: () => { exportNote(); if (camera) viewer.again_(); } });
const viewer = new Viewer({
  viewings,
  time: (at) => {
    if (at !== null && following && dayStart(dayOf(at)) !== day) showDay(dayStart(dayOf(at)));
    timeline.playing(at);
  },
  mode: controls,
  timeline: (at) => loadDay(dayStart(dayOf(at)), true),
});
let following = true; // the timeline goes along to the day that plays

// Cameras.

function select(c, from = null) {
  camera = c;
  days.clear();
  marks = [null, null];
  $("from").value = $("to").value = "";
  list.select(c.id);
  document.body.classList.add("open");
  $("empty").hidden = true;
  $("camera").hidden = false;
  viewer.open(c);
  refreshCamera([c]);
  following = true;
  showDay(dayStart(dayOf(from ?? Date.now())));
  if (from === null) viewer.watch();
  else viewer.play(from);
  exportNote();
  address_();
  if (matchMedia("(max-width: 860px)").matches) { scrollTo(0, 0); $("viewer").focus({ preventScroll: true }); }
}

function refreshCamera(cameras) {
  const c = camera && cameras.find((x) => x.id === camera.id);
  if (!c) return;
  camera = viewer.camera = c;
  $("name").textContent = c.name || c.carrier_device_id;
  const facts = [chip(stateOf(c))];
  const say = (text) => text && facts.push(Object.assign(document.createElement("span"), { textContent: text }));
  say(`${c.carrier}:${c.carrier_device_id}`);
  if (c.since) say(t("since", full(Date.parse(c.since))));
  if (c.cause && c.state !== "streaming") {
    const fix = t("fix." + c.cause);
    say(word("cause", c.cause) + (fix.startsWith("fix.") ? "" : `。${fix}`));
  }
  if (c.codec) say([c.codec, c.fps && `${c.fps.toFixed(1)} fps`, c.bitrate && `${(c.bitrate / 1e6).toFixed(1)} Mbit/s`].filter(Boolean).join(" · "));
  const off = c.streams[0]?.clock_offset_ms;
  if (off !== null && off !== undefined) say(t("offset", t("second", seconds(off))));
  if (c.last_error && c.state !== "streaming") say(c.last_error);
  $("facts").replaceChildren(...facts);
}

/** seconds writes a clock's offset: "+1.5", "−0.2", "0.0". */
function seconds(ms) {
  const text = Math.abs(ms / 1000).toFixed(1);
  return (Number(text) === 0 ? "" : ms > 0 ? "+" : "−") + text;
}

function back() {
  document.body.classList.remove("open");
  viewer.open(null);
  const id = camera?.id;
  camera = null;
  list.select(null);
  $("camera").hidden = true;
  $("empty").hidden = false;
  history.replaceState(null, "", "#");
  document.querySelector(`[data-id="${CSS.escape(id || "")}"]`)?.focus();
}

function reached(yes) {
  const el = $("offline");
  el.hidden = yes;
  el.textContent = yes ? "" : t("offline");
}

// The day.

function showDay(start) {
  day = start;
  $("date").value = dayOf(start);
  $("date").max = dayOf(Date.now());
  const today = dayStart(dayOf(Date.now()));
  $("next").disabled = start >= today;
  $("today").disabled = start === today;
  timeline.show(start);
  timeline.mark(...marks);
  gapList(null);
  if (camera) loadDay(start, false).catch((err) => gapList(null, err));
}

/** loadDay brings a day's timeline. What is complete is not asked for again unless fresh. */
async function loadDay(start, fresh) {
  const id = camera.id, kept = days.get(start);
  if (kept && (!fresh || kept.until >= start + dayLength)) {
    if (start === day) { timeline.set(kept); gapList(kept); }
    if (!fresh) return kept;
  }
  const got = await json(`cameras/${encodeURIComponent(id)}/timeline`, { from: iso(start), to: iso(start + dayLength) });
  if (!camera || camera.id !== id) throw new DOMException("another camera", "AbortError");
  const ms = (s) => Date.parse(s);
  const data = {
    covered: got.covered.map((s) => [ms(s.from), ms(s.to)]),
    gaps: got.gaps.map((s) => [ms(s.from), ms(s.to), s.cause]),
    until: ms(got.until),
  };
  days.set(start, data);
  if (start === day) { timeline.set(data); gapList(data); exportNote(); }
  return data;
}

function gapList(data, err) {
  const box = $("gaps"), sum = $("gaps-sum");
  if (!data) {
    if (err?.name === "AbortError") return;
    sum.textContent = err ? `${t("timelineFailed")}：${err.problem?.next || err.message}` : t("loading");
    $("gaps-list").replaceChildren();
    return;
  }
  const total = (spans) => spans.reduce((n, [a, b]) => n + b - a, 0);
  sum.textContent = `${t("covered", duration(total(data.covered)))} · ${data.gaps.length ? t("gapsSum", data.gaps.length, duration(total(data.gaps))) : t("noGaps")}`;
  const key = JSON.stringify(data.gaps.slice(-200));
  if (key === box.dataset.key) return;
  box.dataset.key = key;
  $("gaps-list").replaceChildren(...data.gaps.slice(-200).map(([a, b, cause]) => {
    const li = document.createElement("li");
    li.append(Object.assign(document.createElement("button"), {
      type: "button", textContent: `${hms(a)} – ${hms(b)}　${duration(b - a)}　${word("cause", cause)}`,
      onclick: () => viewer.play(Math.max(day, a - 10e3)),
    }));
    return li;
  }));
}

function move(days_) {
  following = false;
  const start = day + days_ * dayLength;
  if (start <= Date.now()) showDay(start);
}

// Export.

function mark(i, at = viewer.time) {
  if (at === null) return;
  marks[i] = at;
  $(i ? "to" : "from").value = hms(at, true).replace(/\.000$/, "");
  exportNote();
}

function typed(i) {
  const el = $(i ? "to" : "from"), ms = parseHms(el.value);
  marks[i] = el.value.trim() === "" || Number.isNaN(ms) ? null : day + ms;
  el.setAttribute("aria-invalid", String(el.value.trim() !== "" && Number.isNaN(ms)));
  exportNote();
}

/** exportNote says what the marked clip would be, and whether it can be had. */
function exportNote() {
  timeline.mark(...marks);
  const [a, b] = marks, note = $("export-note"), save = $("save");
  const bad = ["from", "to"].some((id) => $(id).getAttribute("aria-invalid") === "true");
  note.className = "muted";
  let ok = false;
  if (bad) { note.className = "bad"; note.textContent = t("badTime"); }
  else if (a === null || b === null) note.textContent = t("needMarks");
  else if (b <= a) { note.className = "bad"; note.textContent = t("badOrder"); }
  else {
    const within = (spans) => spans.map(([x, y]) => Math.min(y, b) - Math.max(x, a)).filter((n) => n > 0);
    const sum = (list) => list.reduce((n, v) => n + v, 0);
    const data = days.get(dayStart(dayOf(a)));
    const have = data ? sum(within(data.covered)) : 1, gaps = data ? within(data.gaps) : [];
    note.textContent = t("length", duration(b - a));
    ok = have > 0 || dayOf(a) !== dayOf(b);
    if (!ok) { note.className = "bad"; note.textContent += t("noneThere"); }
    else if (gaps.length) { note.className = "warn"; note.textContent += t("hasGaps", gaps.length, duration(sum(gaps))); }
  }
  save.setAttribute("aria-disabled", String(!ok));
  if (ok) save.href = clipURL();
  else save.removeAttribute("href");
}

const clipURL = (viewing) => address(`cameras/${encodeURIComponent(camera.id)}/clip.mp4`, { from: iso(marks[0]), to: iso(marks[1]), viewing });

async function download(e) {
  e?.preventDefault();
  if ($("save").getAttribute("aria-disabled") === "true") return;
  const note = $("export-note");
  note.className = "muted";
  note.textContent = t("checking");
  try {
    const r = await head(clipURL(await viewings.cover(camera.id, marks[0], marks[1]))); // an error is shown here, not saved as a file
    const a = Object.assign(document.createElement("a"), { href: r.url, download: "" });
    document.body.append(a);
    a.click();
    a.remove();
    note.textContent = t("started");
  } catch (err) {
    note.className = "bad";
    note.textContent = `${err.problem?.detail || (err.status === 404 ? t("noneThere") : err.message)} ${err.problem?.next || ""}`;
  }
}

// Controls and keys.

function controls() {
  const live = viewer.mode === "live" || viewer.mode === "pictures" && viewer.span === null;
  $("live").setAttribute("aria-pressed", String(live));
  $("toggle").textContent = t(viewer.paused ? "play" : "pause");
  $("rate").disabled = viewer.mode === "live";
  address_();
}

/** address_ keeps camera and moment in the page's address. */
function address_() {
  if (!camera) return;
  const at = viewer.mode === "play" && viewer.time !== null ? `&t=${iso(viewer.time)}` : "";
  history.replaceState(null, "", `#c=${encodeURIComponent(camera.id)}${at}`);
}

function goTo() {
  const text = prompt(t("goTo"), viewer.time === null ? "" : hms(viewer.time));
  const ms = parseHms(text || "");
  if (!Number.isNaN(ms)) viewer.play(day + ms);
}

const keys = {
  " ": () => viewer.toggle(), k: () => viewer.toggle(), j: () => viewer.skip(-10e3), l: () => viewer.skip(10e3),
  ArrowLeft: () => viewer.step(-1), ArrowRight: () => viewer.step(1),
  i: () => mark(0), o: () => mark(1), e: () => download(), g: goTo, r: () => goLive(),
};

function goLive() {
  following = true;
  showDay(dayStart(dayOf(Date.now())));
  viewer.watch();
}

document.addEventListener("keydown", (e) => {
  if (!camera || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  if (e.key === " " && /^(BUTTON|A|SUMMARY)$/.test(e.target.tagName)) return;
  const run = keys[e.key.length === 1 ? e.key.toLowerCase() : e.key];
  if (!run) return;
  e.preventDefault();
  run();
});

$("lang").onclick = () => {
  toggleLanguage();
  $("lang").textContent = t("other");
  $("lang").lang = t("other") === "English" ? "en" : "zh-CN";
  list.options();
  list.draw();
  viewings.draw();
  $("gaps").dataset.key = "";
  if (camera) { refreshCamera([camera]); gapList(days.get(day) || null); exportNote(); viewer.label(viewer.text); controls(); timeline.draw(); }
};
$("back").onclick = back;
$("live").onclick = goLive;
$("toggle").onclick = () => viewer.toggle();
$("minus").onclick = () => viewer.skip(-10e3);
$("plus").onclick = () => viewer.skip(10e3);
$("rate").onchange = () => viewer.rate();
$("sound").onchange = () => viewer.sound();
$("prev").onclick = () => move(-1);
$("next").onclick = () => move(1);
$("today").onclick = () => { following = true; showDay(dayStart(dayOf(Date.now()))); };
$("date").onchange = () => { const s = dayStart($("date").value); if (!Number.isNaN(s)) { following = false; showDay(s); } };
$("zoom-in").onclick = () => timeline.zoom(0.5);
$("zoom-out").onclick = () => timeline.zoom(2);
$("zoom-all").onclick = () => timeline.all();
$("mark-in").onclick = () => mark(0);
$("mark-out").onclick = () => mark(1);
for (const i of [0, 1]) $(i ? "to" : "from").addEventListener("input", () => typed(i));
$("save").onclick = download;

async function start() {
  apply();
  const who = session();
  $("lang").textContent = t("other");
  list.options();
  await viewings.begin(await who);
  const at = new URLSearchParams(location.hash.slice(1));
  await list.load();
  const id = at.get("c");
  if (id) {
    const moment = Date.parse(at.get("t") || "");
    const c = await json(`cameras/${encodeURIComponent(id)}`).catch(() => null);
    if (c) select(c, Number.isNaN(moment) ? null : moment);
  }
  setInterval(() => {
    if (document.hidden) return;
    list.load();
    if (camera && day + dayLength > Date.now()) loadDay(day, true).catch(() => {});
    if (camera && viewer.mode === "play") address_();
  }, every);
}
start();
