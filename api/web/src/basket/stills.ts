import { reactive, readonly } from "vue";
import { dateOf, timeOf } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** Still is a picture that was saved, with what tells later which one it is. The list stays in this browser. */
export interface Still {
  camera: string; // its name
  at: Ms; // when it was taken
  file: string;
  hash: string; // SHA-256
  case: string; // what people call it; "" without accounts
}

const key = "qianshao.stills";
/** most bounds the list: the oldest go first. */
const most = 500;

function stored(): Still[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    const ok = (x: unknown): x is Still => typeof x === "object" && x !== null && typeof (x as Still).file === "string" && typeof (x as Still).hash === "string" && typeof (x as Still).at === "number";
    return Array.isArray(list) ? list.filter(ok) : [];
  } catch {
    return [];
  }
}

const items = reactive<Still[]>(stored());
const same = (a: Still, b: Still) => a.file === b.file && a.hash === b.hash;

/** stills are those that were saved, the newest first. */
export const stills = readonly(items) as readonly Still[];

export function keep(x: Still) {
  const rest = items.filter((y) => !same(x, y)).slice(0, most - 1);
  items.splice(0, items.length, x, ...rest);
  write();
}

export function forgetStill(x: Still) {
  const i = items.findIndex((y) => same(x, y));
  if (i >= 0) items.splice(i, 1);
  write();
}

function write() {
  try {
    localStorage.setItem(key, JSON.stringify(items));
  } catch {
    // Full: the picture is saved all the same, and the list goes with the page.
  }
}

/** taken is the moment of a still as it is told, to the millisecond. */
export const taken = (x: Still) => `${dateOf(x.at)} ${timeOf(x.at, true)}`;

/** sumFile is what `sha256sum --check` reads beside the picture; lines with # are for people. */
export const sumFile = (x: Still) => `# ${[x.camera, `${taken(x)} UTC+8`, x.case].filter(Boolean).join(" · ")}\n${x.hash}  ${x.file}\n`;
