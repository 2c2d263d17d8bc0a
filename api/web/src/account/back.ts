/** ownPath is an address of this server without its origin; null: it is no such, or would lead in a circle. */
export function ownPath(text: string, origin: string): string | null {
  if (!text.startsWith("/")) return null;
  let u: URL;
  try {
    u = new URL(text, origin);
  } catch {
    return null;
  }
  if (u.origin !== origin || u.pathname.startsWith("//") || u.pathname === "/sign-in") return null;
  return u.pathname + u.search + u.hash;
}

/** homeOf is the page of somebody's work. */
export function homeOf(roles: readonly string[]): string {
  if (roles.includes("investigator")) return "/";
  if (roles.every((r) => r === "household")) return "/me";
  return roles.every((r) => r === "auditor") ? "/audit" : "/cameras";
}

/** landing is where somebody who signed in goes: to where they came from, else to their work. */
export function landing(roles: readonly string[], back: string, origin: string): string {
  const own = ownPath(back, origin);
  return own && !/^\/([?#]|$)/.test(own) ? own : roles.includes("investigator") ? own ?? "/" : homeOf(roles);
}
