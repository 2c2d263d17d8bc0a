// The page of the access register: who saw which footage, and whether the
// register is as it was written.

import { dayOf, full, hms } from "./clock.js";
import { apply, t, toggle as toggleLanguage, word } from "./i18n.js";
import { address, json } from "./net.js";
import { session } from "./session.js";

const $ = (id) => document.getElementById(id);
const kinds = ["viewing.open", "viewing.more", "viewing.close", "admin", "start", "pruned"];
const names = new Map(); // camera id → what people call it

let items = []; // shown
let next = ""; // cursor of the older ones

const filter = () => ({ kind: $("kind").value, camera: $("camera").value.trim(), who: $("who").value.trim(), case: $("case").value.trim(), viewing: $("viewing").value.trim() });
const key = (kind) => kind.replace(".", "_");

/** load asks for entries: the newest, or those older than what is shown. */
async function load(older) {
  $("note").className = "note";
  $("note").textContent = t("loading");
  $("csv").href = address("register.csv", filter());
  try {
    const page = await json("register", { ...filter(), limit: 100, after: older ? next : "" });
    items = older ? items.concat(page.items) : page.items;
    next = page.next || "";
    await name(page.items);
    draw();
    $("note").textContent = items.length ? "" : t("registerNone");
    if (page.damaged) { $("note").className = "note bad"; $("note").textContent = t("registerDamaged", page.damaged); }
  } catch (err) {
    $("note").className = "note bad";
    $("note").textContent = `${t("registerFailed")} ${err.problem?.detail || err.message} ${err.problem?.next || ""}`;
  }
  $("more").hidden = !next;
}

/** name learns what the cameras of entries are called. */
async function name(list) {
  const ids = new Set(list.flatMap((e) => e.cameras || []).filter((id) => !names.has(id)));
  await Promise.all([...ids].slice(0, 50).map(async (id) => {
    const c = await json(`cameras/${encodeURIComponent(id)}`).catch(() => null);
    names.set(id, c ? c.name || c.carrier_device_id : id);
  }));
}

function draw() {
  const cell = (text, title = "") => Object.assign(document.createElement("td"), { textContent: text, title });
  const time = (s) => (s ? full(Date.parse(s)) : "");
  $("rows").replaceChildren(...items.map((e) => {
    const tr = document.createElement("tr");
    const cameras = e.cameras || [];
    tr.append(
      cell(time(e.at), e.at),
      cell(word("registerKinds", key(e.kind))),
      cell([e.who === "operator" ? t("registerOperator") : e.who, e.unit, e.address].filter(Boolean).join(" · ")),
      cell([e.act ? word("registerActs", key(e.act)) : "", e.kind === "viewing.more" ? "" : e.note].filter(Boolean).join(" · "), e.note || ""),
      cell([e.case, e.reason].filter(Boolean).join(" · ")),
      cell(cameras.map((id) => names.get(id) || id).join("、"), cameras.join(" ")),
      cell(footage(e)),
      cell(e.kind === "viewing.close" ? t("registerSent", e.requests || 0, ((e.bytes || 0) / 1e6).toFixed(1)) : ""),
      cell(e.viewing || ""),
      cell(String(e.seq), e.hash),
    );
    return tr;
  }));
}

/** footage writes the span that could be seen; its day once where that will do. */
function footage(e) {
  if (!e.from) return "";
  const from = Date.parse(e.from), to = Date.parse(e.to || "");
  if (!e.to) return `${full(from)} – ${t("registerOnward")}`;
  if (dayOf(from) === dayOf(to)) return `${dayOf(from)} ${hms(from)} – ${hms(to)}`;
  return `${full(from)} – ${full(to)}`;
}

/** verify lets the server read everything and says what it found. */
async function verify() {
  const out = $("verified");
  out.className = "note";
  out.textContent = t("registerVerifying");
  $("verify").disabled = true;
  try {
    const found = await json("register/verify", { store: "true" });
    const text = found.chains.map((c) => {
      if (c.fault) return t("registerBroken", c.chain, c.fault.seq, word("registerWrong", c.fault.wrong), c.fault.detail);
      return t("registerIntact", c.chain, c.entries, c.stored, c.hash);
    });
    out.className = found.intact ? "note good" : "note bad";
    out.textContent = text.join(" ");
  } catch (err) {
    out.className = "note bad";
    out.textContent = `${t("registerFailed")} ${err.problem?.detail || err.message} ${err.problem?.next || ""}`;
  }
  $("verify").disabled = false;
}

function options() {
  const s = $("kind"), was = s.value;
  const option = (value, textContent) => Object.assign(document.createElement("option"), { value, textContent });
  s.replaceChildren(option("", t("registerAll")), ...kinds.map((k) => option(k, word("registerKinds", key(k)))));
  s.value = was;
}

$("filter").onsubmit = (e) => { e.preventDefault(); load(false); };
$("kind").onchange = () => load(false);
$("more").onclick = () => load(true);
$("verify").onclick = verify;
$("lang").onclick = () => { toggleLanguage(); start(); };

function start() {
  apply();
  document.title = `${t("title").split(" · ")[0]} · ${t("register")}`;
  $("lang").textContent = t("other");
  $("lang").lang = t("other") === "English" ? "en" : "zh-CN";
  options();
  draw();
}
start();
session();
load(false);
