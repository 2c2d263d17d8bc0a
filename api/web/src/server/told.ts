import type { Failure } from "./client";
import { isWord, say } from "@/i18n";

/** told is what went wrong and what to do about it: in the reader's words where there are some for the server's code, else in its own. */
export function told(f: Failure): { what: string; next: string } {
  const [what, next] = [`trouble.what.${f.code}`, `trouble.next.${f.code}`];
  return isWord(what) && isWord(next) ? { what: say(what, { detail: f.message }), next: say(next) } : { what: f.message, next: f.next };
}
