import { shallowReactive } from "vue";
import { named } from "@/search/cameras";
import { may } from "@/session/session";

const names = shallowReactive(new Map<string, string>());
const asked = new Set<string>();
const full = (code: string) => code.padEnd(12, "0");

/** learn asks for the names of divisions, each once; who may not look for places sees their codes. */
export async function learn(codes: readonly string[]) {
  const fresh = codes.map(full).filter((c) => !asked.has(c));
  if (!may("search")) return;
  for (const c of fresh) asked.add(c);
  await Promise.all(fresh.map(async (c) => {
    try {
      const [found] = await named([c]);
      if (found) names.set(c, found.label);
    } catch {
      // Its code will do.
    }
  }));
}

/** division is a division's name with its code. */
export const division = (code: string) => [names.get(full(code)), code].filter(Boolean).join(" ");
