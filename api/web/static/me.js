// The page of one's own account: password and second factor.

import { apply, t, toggle as toggleLanguage } from "./i18n.js";
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
$("lang").onclick = () => { toggleLanguage(); start(); };

start();
session();
json("session").then((me) => { who = me; show(); }).catch(() => {});
