// The page to sign in. With #link=l_… it sets a password, with #setup=l_… it makes
// the first administrator: what stands behind # is never sent in an address.

import { apply, t, toggle as toggleLanguage, word } from "./i18n.js";
import { send } from "./net.js";

const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1));
const setup = given.get("setup"), link = setup || given.get("link");
if (link) history.replaceState(null, "", location.pathname + location.search); // not for the next at this desk

const title = () => (setup ? "setUp" : link ? "setPassword" : "signIn");

function start() {
  apply();
  for (const id of ["what", "go"]) $(id).textContent = t(title());
  document.title = `${t("title").split(" · ")[0]} · ${t(title())}`;
  $("lang").textContent = t("other");
  $("lang").lang = t("other") === "English" ? "en" : "zh-CN";
  $("link-what").hidden = $("again-row").hidden = $("rule").hidden = !link;
  $("name-row").hidden = !setup;
  $("login-row").hidden = Boolean(link) && !setup;
  if (link) $("password").autocomplete = "new-password";
}

let as = ""; // whose password it is

function note(text, bad) {
  $("note").className = bad ? "note bad" : "note";
  $("note").textContent = text;
}

/** home is the page of somebody's work. */
function home(who) {
  const back = new URLSearchParams(location.search).get("back") || "/";
  const own = new URL(back, location.origin);
  if (own.origin !== location.origin) return "/";
  if (own.pathname === "/" && who.roles.every((r) => r === "household")) return "/me";
  const auditor = who.roles.every((r) => r === "auditor");
  if (own.pathname === "/" && !auditor && !who.roles.includes("investigator")) return "/cameras";
  return auditor && own.pathname === "/" ? "/register" : own.pathname + own.search + own.hash;
}

$("form").onsubmit = async (e) => {
  e.preventDefault();
  const login = $("login").value.trim().toLowerCase(), password = $("password").value;
  if (link && password !== $("again").value) {
    note(t("passwordsDiffer"), true);
    return;
  }
  $("go").disabled = true;
  note(t("loading"));
  try {
    if (!link) as = login;
    else if (!as) { // the link is used up by this
      const made = await send("POST", "links", setup ? { link, password, login, name: $("name").value.trim() } : { link, password });
      as = made.login;
    }
    const code = $("code").value.trim();
    const who = await send("POST", "session", code ? { login: as, password, code } : { login: as, password });
    location.assign(home(who));
  } catch (err) {
    if (err.problem?.code === "need_code") {
      $("code-row").hidden = false;
      $("code").focus();
      note(t("codeHint"));
    } else {
      note(`${t("signInFailed")} ${err.problem?.detail || err.message} ${err.problem?.next || ""}`, true);
    }
  }
  $("go").disabled = false;
};
$("lang").onclick = () => { toggleLanguage(); start(); why(); };

const directory = $("directory");
if (directory) {
  directory.hidden = Boolean(link);
  const back = new URLSearchParams(location.search).get("back");
  if (back) directory.href += `?back=${encodeURIComponent(back)}`;
}

/** why says why the directory let nobody in. */
function why() {
  const failed = new URLSearchParams(location.search).get("failed");
  if (failed) note(word("signInFailures", failed), true);
}
start();
why();
