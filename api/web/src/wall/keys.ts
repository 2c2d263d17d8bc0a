/** Key is a key of the wall, as the table of keys shows it. */
export const keyTable = [
  ["Space K", "space"], ["J K L", "jkl"], ["← →", "arrows"], ["I O", "marks"], ["S", "s"], ["B", "b"], ["E", "e"], ["1–9", "digits"], ["G", "g"], ["T", "t"], ["N", "n"], ["R", "r"], ["M", "m"], ["− +", "speed"], ["?", "help"],
] as const;

export interface Commands {
  toggle(): void;
  skip(ms: number): void;
  step(n: 1 | -1): void;
  mark(which: "in" | "out"): void;
  still(): void;
  bookmark(): void;
  basket(): void;
  choose(n: number): void;
  goTo(): void;
  strip(): void;
  next(): void;
  live(): void;
  sound(): void;
  faster(n: 1 | -1): void;
  help(): void;
}

/** commandOf is what a key does; null: nothing of ours. */
export function commandOf(e: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "shiftKey">): ((c: Commands) => void) | null {
  if (e.ctrlKey || e.altKey || e.metaKey) return null;
  if (/^[1-9]$/.test(e.key)) return (c) => c.choose(Number(e.key));
  switch (e.key.toLowerCase()) {
    case " ": case "k": return (c) => c.toggle();
    case "j": return (c) => c.skip(-10_000);
    case "l": return (c) => c.skip(10_000);
    case "arrowleft": return (c) => c.step(-1);
    case "arrowright": return (c) => c.step(1);
    case "i": return (c) => c.mark("in");
    case "o": return (c) => c.mark("out");
    case "s": return (c) => c.still();
    case "b": return (c) => c.bookmark();
    case "e": return (c) => c.basket();
    case "g": return (c) => c.goTo();
    case "t": return (c) => c.strip();
    case "n": return (c) => c.next();
    case "r": return (c) => c.live();
    case "m": return (c) => c.sound();
    case "+": case "=": return (c) => c.faster(1);
    case "-": return (c) => c.faster(-1);
    case "?": return (c) => c.help();
  }
  return null;
}

/** typing reports whether a key belongs to what has the focus: fields take letters, buttons take the space bar. */
export function typing(e: KeyboardEvent): boolean {
  const el = e.target instanceof HTMLElement ? e.target : null;
  if (!el) return false;
  if (el.closest("input, textarea, select, dialog, [contenteditable], [role=listbox]")) return true;
  if (e.key === " " && el.closest("button, a, summary")) return true;
  // The map pans with arrows.
  return e.key.startsWith("Arrow") && el.closest("[data-arrows]") !== null;
}
