import type { Failure } from "./client";
import { i18n } from "@/i18n";

/** told is what went wrong and what to do about it: in the reader's words where there are some for the server's code, else in its own. */
export function told(f: Failure): { what: string; next: string } {
  const { t, te } = i18n.global;
  if (!te(`trouble.what.${f.code}`, "zh-CN")) return { what: f.message, next: f.next };
  return { what: t(`trouble.what.${f.code}`, { detail: f.message }), next: t(`trouble.next.${f.code}`) };
}
