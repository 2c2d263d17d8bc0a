// The page of one's own account: password and second factor.

import { full } from "./clock.js";
import { apply, t, toggle as toggleLanguage } from "./i18n.js";
import { chip, stateOf } from "./list.js";
import { json, send } from "./net.js";
import { session } from "./session.js";

const $ = (id) => document.getElementById(id);
let who = null;
let url = ""; // of the second factor that waits to be confirmed

function start() {
  apply();
  document.title = `${t("title").split(" · ")[0]} · ${t("me")}`;
  $("lang").textContent = t("other");
  $("lang").lang = t("other") === "English" ? "en" : "zh-CN";
  show();
}

function show() {
  const on = Boolean(who && who.totp);
  $("second-state").textContent = t(on ? "secondOn" : "secondOff");
  $("second-go").textContent = t(url ? "secondConfirm" : on ? "secondAgain" : "secondNew");
  $("ask").hidden = Boolean(url);
  $("scan").hidden = !url;
  for (const row of document.querySelectorAll(".code")) row.hidden = !on;
}

function note(id, text, bad) {
  $(id).className = bad ? "note bad" : "note good";
  $(id).textContent = text;
}

const failed = (id, err) => note(id, `${t("changeFailed")} ${err.problem?.detail || err.message} ${err.problem?.next || ""}`, true);
const code = (id) => $(id).value.trim() || undefined;

$("password-form").onsubmit = async (e) => {
  e.preventDefault();
  if ($("new").value !== $("again").value) {
    note("password-note", t("passwordsDiffer"), true);
    return;
  }
  try {
    await send("PUT", "session/password", { password: $("old").value, code: code("password-code"), new: $("new").value });
    note("password-note", t("changed"));
    e.target.reset();
  } catch (err) {
    failed("password-note", err);
  }
};

$("second-form").onsubmit = async (e) => {
  e.preventDefault();
  try {
    if (url) {
      await send("PUT", "session/second-factor", { url, code: $("shown").value.trim() });
      url = "";
      who.totp = true;
      note("second-note", t("secondDone"));
    } else {
      const made = await send("POST", "session/second-factor", { password: $("second-old").value, code: code("second-code") });
      const bytes = Uint8Array.from(atob(made.png), (c) => c.charCodeAt(0));
      $("qr").src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
      $("secret").textContent = new URL(made.url).searchParams.get("secret");
      url = made.url;
      note("second-note", "");
    }
    $("second-form").reset();
  } catch (err) {
    failed("second-note", err);
  }
  show();
};

let own = []; // cameras of a household, each with who looked at its footage

/** household shows what a household may know of its cameras. */
async function household() {
  if (!who?.roles.includes("household")) return;
  $("own").hidden = false;
  $("own-note").textContent = t("loading");
  try {
    const page = await json("cameras");
    own = await Promise.all(page.items.map(async (c) => ({ camera: c, seen: await json(`cameras/${encodeURIComponent(c.id)}/viewings`) })));
    $("own-note").textContent = own.length ? "" : t("ownNone");
    drawOwn();
  } catch (err) {
    failed("own-note", err);
  }
}

function drawOwn() {
  const make = (tag, props, ...children) => { const el = Object.assign(document.createElement(tag), props); el.append(...children); return el; };
  $("own-list").replaceChildren(...own.map(({ camera: c, seen }) => {
    const li = make("li", { className: "card" }, make("h3", {}, c.name || c.carrier_device_id, " ", chip(stateOf(c))));
    for (const v of seen.items) {
      const span = v.from && v.to ? t("ownSpan", full(Date.parse(v.from)), full(Date.parse(v.to))) : "";
      li.append(make("p", { textContent: [full(Date.parse(v.at)), v.unit, v.class, span].filter(Boolean).join(" · ") }));
    }
    if (!seen.items.length && !seen.later) li.append(make("p", { className: "muted", textContent: t("ownUnseen") }));
    if (seen.later) li.append(make("p", { className: "muted", textContent: t("ownLater", seen.later) }));
    return li;
  }));
}
$("lang").onclick = () => { toggleLanguage(); start(); drawOwn(); };

start();
session();
json("session").then((me) => { who = me; show(); return household(); }).catch(() => {});
