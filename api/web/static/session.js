// Who is signed in, in the header of every page. A server that runs with
// --no-auth has no such place, and nobody is asked for.

import { json, send } from "./net.js";

/** session shows who is signed in, and returns them; what their roles have no use for is hidden. */
export async function session() {
  const me = document.getElementById("me");
  if (!me) return null;
  document.getElementById("sign-out").onclick = async () => {
    await send("DELETE", "session").catch(() => {});
    location.assign("/sign-in");
  };
  const who = await json("session").catch(() => null);
  if (!who) return null;
  me.textContent = who.unit ? `${who.name} · ${who.unit}` : who.name;
  me.title = `${who.login} (${who.roles.join(", ")})`;
  const register = document.getElementById("to-register");
  if (register) register.hidden = !who.roles.includes("auditor");
  const files = document.getElementById("to-cases");
  if (files) files.hidden = !who.roles.includes("auditor") && !who.roles.includes("investigator");
  const cameras = document.getElementById("to-cameras");
  if (cameras) cameras.hidden = who.roles.every((r) => r === "auditor" || r === "household");
  return who;
}
