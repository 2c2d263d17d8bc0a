const remembered = "qianshao.base";

/** chosenBase is the base map that was chosen last, of those that there are; the first where nobody chose. "": none. */
export function chosenBase(there: readonly { name: string }[]): string {
  const last = localStorage.getItem(remembered);
  return last === null ? there[0]?.name ?? "" : there.some((s) => s.name === last) ? last : "";
}

export const keepBase = (name: string) => localStorage.setItem(remembered, name);
