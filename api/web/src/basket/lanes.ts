/** lanes lets so many things happen at once; the others wait in order. */
export function lanes(most: number) {
  let busy = 0;
  const waiting: (() => void)[] = [];
  return async function run<T>(f: () => Promise<T>): Promise<T> {
    if (busy >= most) await new Promise<void>((go) => waiting.push(go));
    else busy++;
    try {
      return await f();
    } finally {
      const next = waiting.shift(); // takes the place over
      if (next) next();
      else busy--;
    }
  };
}
