import type { Failure } from "./client";
import { isWord, say } from "@/i18n";

/**
 * told is what went wrong and what to do about it, in the reader's words. For a code that has none: whose fault it is, with what
 * the server says of it.
 */
export function told(f: Failure): { what: string; next: string } {
  const [what, next] = [`trouble.what.${f.code}`, `trouble.next.${f.code}`];
  const detail = { detail: f.message };
  if (isWord(what) && isWord(next)) return { what: say(what, detail), next: say(next) };
  return f.status >= 500 ? { what: say("trouble.failed", detail), next: say("trouble.failedNext") } : { what: say("trouble.refused", detail), next: say("trouble.refusedNext") };
}
