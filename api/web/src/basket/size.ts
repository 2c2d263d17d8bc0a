/** sizeText writes bytes as disks count them: 1.2 GB. */
export function sizeText(bytes: number): string {
  for (const [unit, n] of [["GB", 1e9], ["MB", 1e6], ["KB", 1e3]] as const) {
    if (bytes >= n) return `${(bytes / n).toFixed(bytes / n < 10 ? 1 : 0)} ${unit}`;
  }
  return `${bytes} B`;
}
