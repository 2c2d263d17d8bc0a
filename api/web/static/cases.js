// The page of cases: open one, or an emergency; approve, follow up, close, review.

import { full, local } from "./clock.js";
import { apply, t, toggle as toggleLanguage, word } from "./i18n.js";
import { json, send } from "./net.js";
import { session } from "./session.js";

const $ = (id) => document.getElementById(id);
const make = (tag, props, ...children) => {
  const el = Object.assign(document.createElement(tag), props);
  el.append(...children);
  return el;
};

let who = null;
let items = null;
const names = new Map(); // camera id → what people call it
const seen = new Map(); // case id → its viewings, while they are shown

function say(text, kind = "") {
  $("note").className = `note ${kind}`;
  $("note").textContent = text;
}
const explain = (err) => `${err.problem?.detail || err.message} ${err.problem?.next || ""}`;

async function load() {
  if (!items) say(t("loading"));
  try {
    items = (await json("cases")).items;
    draw();
    say(items.length ? "" : t("casesNone"));
  } catch (err) {
    say(`${t("casesFailed")} ${explain(err)}`, "bad");
  }
}

/** act does something with a case and shows how it stands then. */
async function act(run, done) {
  try {
    await run();
    await load();
    if (done) say(done, "good");
  } catch (err) {
    say(explain(err), "bad");
  }
}

/** ask asks for a text; null: given up. */
const ask = (text, value = "") => prompt(text, value);

function areaText(a) {
  const out = [...(a.divisions || [])];
  for (const c of a.circles || []) out.push(`(${c.lon}, ${c.lat}) ${c.radius_m} m`);
  if (a.polygons?.length) out.push(t("casePolygons", a.polygons.length));
  if (a.cameras?.length) out.push(t("caseCameras", a.cameras.length));
  return out.join("、");
}

function card(c) {
  const facts = make("dl", {});
  const fact = (key, text) => text && facts.append(make("dt", { textContent: t(key) }), make("dd", { textContent: text }));
  const mark = (m) => m && [m.by, full(Date.parse(m.at)), m.note].filter(Boolean).join(" · ");
  fact("caseReason", c.reason);
  fact("caseArea", areaText(c.area));
  fact("caseSpan", `${full(Date.parse(c.from))} – ${full(Date.parse(c.to))}`);
  fact("caseExpires", full(Date.parse(c.expires)));
  fact("caseMembers", c.members.join("、"));
  fact("caseBy", `${c.by}（${c.unit}） ${full(Date.parse(c.opened))}`);
  fact("caseLarge", (c.large || []).map((l) => t("caseLargeIs", l.is, word("caseLargeWhat", l.what), l.most)).join("；"));
  fact("caseApproved", mark(c.approved));
  fact("caseAdopted", mark(c.adopted));
  fact("caseClosed", mark(c.closed));
  fact("caseHops", (c.hops || []).map((h) => `${names.get(h.camera) || h.camera} ${full(Date.parse(h.at))} (${h.by})`).join("；"));
  fact("caseReviews", (c.reviews || []).map(mark).join("；"));
  const row = make("div", { className: "actions" });
  const button = (key, run, primary) => row.append(make("button", { type: "button", textContent: t(key), className: primary ? "primary" : "", onclick: run }));
  const path = (what) => `cases/${c.id}/${what}`;
  const post = (what, body, done) => act(() => send("POST", path(what), body), done);
  if (c.may.work && c.state === "open") row.append(make("a", { className: "button primary", href: `/?case=${c.id}`, textContent: t("caseLook") }));
  if (c.may.approve) {
    button("caseApprove", () => post("approval", { approve: true, note: "" }, t("caseDone")), true);
    button("caseRefuse", () => { const note = ask(t("caseWhy")); if (note !== null) post("approval", { approve: false, note }, t("caseDone")); });
  }
  if (c.may.work && c.emergency && !c.adopted) {
    button("caseAdopt", () => {
      const number = ask(t("caseNumber"));
      const kind = number && ask(t("caseClass"));
      if (kind) post("adoption", { number, class: kind }, t("caseDone"));
    });
  }
  if (c.may.work && (c.state === "open" || c.state === "waiting")) {
    button("caseSetMembers", () => {
      const text = ask(t("caseMembers"), c.members.join(" "));
      if (text !== null) act(() => send("PUT", path("members"), { members: logins(text) }), t("caseDone"));
    });
  }
  if (c.may.work && c.growth && c.state === "open") {
    button("caseHop", () => {
      const camera = ask(t("caseHopCamera"));
      const at = camera && ask(t("caseHopAt"), full(Date.now()));
      if (at) post("hops", { camera, at: local(at) }, t("caseDone"));
    });
  }
  button("caseViewings", () => (seen.has(c.id) ? (seen.delete(c.id), draw()) : viewings(c)));
  if (c.may.work) button("caseClose", () => { const note = ask(t("caseCloseWhy")); if (note !== null) post("closing", { note }, t("caseDone")); });
  if (c.may.review) button("caseReview", () => { const note = ask(t("caseReviewNote")); if (note) post("reviews", { note }, t("caseDone")); }, true);
  const head = make("h3", {}, c.number ? `${c.number}　${c.class}` : t("emergency"), " ", make("span", { className: `state st-${c.state}`, textContent: word("caseStates", c.state) }));
  if (c.due_for_review) head.append(" ", make("span", { className: "state st-waiting", textContent: t("caseDue") }));
  const li = make("li", { className: "card" }, head, facts, row);
  if (seen.has(c.id)) li.append(table(seen.get(c.id)));
  li.dataset.id = c.id;
  return li;
}

/** viewings shows who saw what in a case: colleagues, too. */
async function viewings(c) {
  try {
    const list = (await json(`cases/${c.id}/viewings`)).items;
    await name(list.flatMap((e) => e.cameras || []));
    seen.set(c.id, list);
    draw();
  } catch (err) {
    say(explain(err), "bad");
  }
}

async function name(ids) {
  await Promise.all([...new Set(ids)].filter((id) => !names.has(id)).slice(0, 50).map(async (id) => {
    const c = await json(`cameras/${encodeURIComponent(id)}`).catch(() => null);
    if (c) names.set(id, c.name || c.carrier_device_id);
  }));
}

function table(list) {
  if (!list.length) return make("p", { className: "muted", textContent: t("caseUnseen") });
  const body = make("tbody", {}, ...list.map((e) => make("tr", {}, ...[
    full(Date.parse(e.at)),
    e.who === who?.login ? t("caseMe") : t("caseSeenBy", e.who),
    e.kind === "viewing.close" ? t("registerSent", e.requests || 0, ((e.bytes || 0) / 1e6).toFixed(1)) : word(e.kind === "admin" ? "registerActs" : "registerKinds", (e.kind === "admin" ? e.act : e.kind).replace(".", "_")),
    (e.cameras || []).map((id) => names.get(id) || id).join("、"),
    e.from ? `${full(Date.parse(e.from))} – ${e.to ? full(Date.parse(e.to)) : t("registerOnward")}` : "",
    e.viewing,
  ].map((textContent) => make("td", { textContent })))));
  const keys = ["registerAt", "registerWho", "registerAct", "registerCamera", "registerFootage", "registerViewing"];
  return make("div", { className: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...keys.map((k) => make("th", { textContent: t(k) })))), body));
}

let counted = []; // emergencies by officer, for auditors

async function count() {
  if (!who?.roles.includes("auditor")) return;
  counted = (await json("emergencies").catch(() => ({ items: [] }))).items;
  drawCount();
}

function drawCount() {
  $("count-box").hidden = !counted.length;
  const row = (tag, cells) => make("tr", {}, ...cells.map((textContent) => make(tag, { textContent: String(textContent) })));
  $("count").replaceChildren(make("div", { className: "scroll" }, make("table", {},
    make("thead", {}, row("th", ["officer", "unit", "opened", "adopted", "due", "reviewed"].map((k) => t(`countHead.${k}`)))),
    make("tbody", {}, ...counted.map((o) => row("td", [o.login, o.unit, o.opened, o.adopted, o.due_for_review, o.reviewed]))))));
}

function draw() {
  $("opening").hidden = !who?.roles.includes("investigator");
  $("files").replaceChildren(...(items || []).map(card));
}

const logins = (text) => text.split(/[\s,，、]+/).filter(Boolean);

$("emergency").onsubmit = (e) => {
  e.preventDefault();
  const f = e.target;
  act(async () => {
    await send("POST", "cases", { emergency: true, reason: f.reason.value });
    f.reset();
    $("emergency-box").open = false;
  }, t("emergencyDone"));
};

$("new").onsubmit = (e) => {
  e.preventDefault();
  const f = e.target.elements, area = {};
  const divisions = f.divisions.value.split(/[\s,，、]+/).filter(Boolean);
  if (divisions.length) area.divisions = divisions;
  if (f.cameras.value.trim()) area.cameras = logins(f.cameras.value);
  if (f.circle.value.trim()) {
    const [lon, lat, radius_m] = f.circle.value.split(/[,，]/).map(Number);
    if (![lon, lat, radius_m].every(Number.isFinite)) { say(t("caseBadCircle"), "bad"); f.circle.focus(); return; }
    area.circles = [{ lon, lat, radius_m }];
  }
  act(async () => {
    await send("POST", "cases", {
      number: f.number.value.trim(), class: f.class.value.trim(), reason: f.reason.value.trim(), area,
      from: local(f.from.value), to: local(f.to.value), expires: new Date(Date.now() + Number(f.days.value) * 864e5).toISOString(),
      growth: f.growth.checked, members: logins(f.members.value),
    });
    e.target.reset();
    $("new-box").open = false;
  }, t("caseDone"));
};

$("lang").onclick = () => { toggleLanguage(); start(); };

function start() {
  apply();
  document.title = `${t("title").split(" · ")[0]} · ${t("cases")}`;
  $("lang").textContent = t("other");
  $("lang").lang = t("other") === "English" ? "en" : "zh-CN";
  draw();
  drawCount();
}
start();
who = await session();
await load();
await count();
