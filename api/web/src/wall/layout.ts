/**
 * laid says which tiles there are when their number is changed to n: of those that stood there the first, the chosen one
 * in any case, then what was found, best first.
 */
export function laid(n: number, shown: readonly string[], chosen: string, found: readonly string[]): string[] {
  const first = shown.slice(0, n);
  if (shown.includes(chosen) && !first.includes(chosen)) first[n - 1] = chosen;
  return [...first, ...found.filter((id) => !first.includes(id))].slice(0, n);
}
