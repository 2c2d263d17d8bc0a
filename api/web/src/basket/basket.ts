import { computed, reactive, readonly } from "vue";
import type { Ms, Span } from "@/time/span";

/** Item is a clip that somebody wants to take along. The basket stays in this browser. */
export interface Item {
  camera: string;
  name: string;
  from: Ms;
  to: Ms;
  case: string; // its id; "" without accounts
  taken?: Ms; // when it was saved
}

const key = "qianshao.basket";

function stored(): Item[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    const ok = (x: unknown): x is Item =>
      typeof x === "object" && x !== null && typeof (x as Item).camera === "string" && typeof (x as Item).from === "number" && typeof (x as Item).to === "number";
    return Array.isArray(list) ? list.filter(ok) : [];
  } catch {
    return [];
  }
}

const items = reactive<Item[]>(stored());
const save = () => localStorage.setItem(key, JSON.stringify(items));

export const basket = readonly(items) as readonly Item[];
export const waiting = computed(() => items.filter((x) => x.taken === undefined).length);

export function put(cameras: readonly { id: string; name: string }[], span: Span, caseId: string): number {
  let n = 0;
  for (const c of cameras) {
    if (items.some((x) => x.camera === c.id && x.from === span.from && x.to === span.to && x.case === caseId)) continue;
    items.push({ camera: c.id, name: c.name, from: span.from, to: span.to, case: caseId });
    n++;
  }
  save();
  return n;
}

export function drop(x: Item) {
  const i = items.findIndex((y) => y.camera === x.camera && y.from === x.from && y.to === x.to && y.case === x.case);
  if (i >= 0) items.splice(i, 1);
  save();
}

export function took(x: Item, at: Ms) {
  const y = items.find((z) => z.camera === x.camera && z.from === x.from && z.to === x.to && z.case === x.case);
  if (y) y.taken = at;
  save();
}

/** taken is what of a camera was saved already. */
export const takenOf = (camera: string): Span[] => items.filter((x) => x.camera === camera && x.taken !== undefined).map((x) => ({ from: x.from, to: x.to }));
