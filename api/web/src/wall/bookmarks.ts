import { reactive } from "vue";
import type { Ms } from "@/time/span";

/** Bookmark is a moment that somebody wants to find again. They stay in this browser, a list for each case. */
export interface Bookmark {
  at: Ms;
  camera: string;
  name: string;
  text: string;
}

const key = (of: string) => `qianshao.bookmarks.${of || "open"}`;

export function useBookmarks(of: () => string) {
  const list = reactive<Bookmark[]>([]);
  function load() {
    let stored: unknown = [];
    try {
      stored = JSON.parse(localStorage.getItem(key(of())) ?? "[]");
    } catch {
      // What is not ours to read is as good as nothing.
    }
    const ok = (b: unknown): b is Bookmark => typeof b === "object" && b !== null && typeof (b as Bookmark).at === "number" && typeof (b as Bookmark).text === "string";
    list.splice(0, list.length, ...(Array.isArray(stored) ? stored.filter(ok) : []));
  }
  const save = () => localStorage.setItem(key(of()), JSON.stringify(list));
  function add(b: Bookmark) {
    list.push(b);
    list.sort((a, c) => a.at - c.at);
    save();
  }
  function remove(b: Bookmark) {
    const i = list.indexOf(b);
    if (i >= 0) list.splice(i, 1);
    save();
  }
  load();
  return { list, load, add, remove };
}
