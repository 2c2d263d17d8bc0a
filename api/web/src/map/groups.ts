// Grouping of points in the map's plane (web mercator), without drawing.

/** West, south, east, north. */
export type Box = [number, number, number, number];

export interface Group {
  x: number;
  y: number;
  count: number;
  /** first is the index of its first member. */
  first: number;
  box: Box;
}

/**
 * groupsOf puts points that share a cell of a grid into groups: a pass over
 * 100,000 takes some milliseconds. Only cells that touch the box are looked at,
 * and whole; the grid stands still, so groups do not change while one pans.
 */
export function groupsOf(xs: Float64Array, ys: Float64Array, box: readonly number[], cell: number): Group[] {
  const [west, south, east, north] = box.map((v) => Math.floor(v / cell)) as Box;
  const groups = new Map<number, Group>();
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
    if (column < west || column > east || row < south || row > north) continue;
    const key = (row - south) * (east - west + 1) + (column - west);
    const g = groups.get(key);
    if (!g) {
      groups.set(key, { x, y, count: 1, first: i, box: [x, y, x, y] });
      continue;
    }
    g.x += x;
    g.y += y;
    g.count++;
    g.box = [Math.min(g.box[0], x), Math.min(g.box[1], y), Math.max(g.box[2], x), Math.max(g.box[3], y)];
  }
  for (const g of groups.values()) settle(g, cell);
  return [...groups.values()];
}

/** settle puts a group halfway between its members' mean and its cell's middle: neighbours keep apart. */
function settle(g: Group, cell: number) {
  if (g.count === 1) return;
  const mid = (v: number) => (Math.floor(v / cell) + 0.5) * cell;
  g.x = (g.x / g.count + mid(g.box[0])) / 2;
  g.y = (g.y / g.count + mid(g.box[1])) / 2;
}

/** within are the indices of the points in a box. */
export function within(xs: Float64Array, ys: Float64Array, [west, south, east, north]: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i]! >= west! && xs[i]! <= east! && ys[i]! >= south! && ys[i]! <= north!) out.push(i);
  }
  return out;
}

/** wider is whether a box is more than a point: a group on one spot cannot be zoomed apart. */
export function wider(box: readonly number[]): boolean {
  return box[2]! > box[0]! || box[3]! > box[1]!;
}
