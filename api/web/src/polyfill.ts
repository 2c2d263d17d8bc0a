// Office PCs run browser shells as old as Chromium 87.
if (!Object.hasOwn) {
  Object.defineProperty(Object, "hasOwn", {
    value: (o: object, key: PropertyKey) => Object.prototype.hasOwnProperty.call(o, key),
    configurable: true,
    writable: true,
  });
}
for (const list of [Array.prototype, String.prototype] as { at?: unknown }[]) {
  if (list.at) continue;
  Object.defineProperty(list, "at", {
    value(this: ArrayLike<unknown>, i: number) {
      const n = Math.trunc(i) || 0;
      return this[n < 0 ? this.length + n : n];
    },
    configurable: true,
    writable: true,
  });
}
export {};
