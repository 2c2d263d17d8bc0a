import Feature from "ol/Feature.js";
import { boundingExtent, buffer, containsExtent, createEmpty, type Extent } from "ol/extent.js";
import OlPoint from "ol/geom/Point.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { resolutionAt } from "./geometry";
import { groupsOf, within } from "./groups";
import { grouped, groupCell, many } from "./looks";
import type { Spot } from "./styles";
import type { MapCamera } from "./types";

const everywhere: Extent = [-Infinity, -Infinity, Infinity, Infinity];

/**
 * Crowd is the source of all cameras that were not found. It makes features of
 * what is in view only, as groups or one by one: 100,000 features would take
 * seconds to make, and again to group at every zoom.
 */
export class Crowd extends VectorSource<Spot> {
  private list: readonly MapCamera[] = [];
  private xs = new Float64Array();
  private ys = new Float64Array();
  private level: number | null = null; // of the grid; Infinity: one by one
  private loaded: Extent = createEmpty();

  constructor() {
    super({ wrapX: false });
  }

  fill(list: readonly MapCamera[]) {
    this.list = list.filter((c) => c.lon !== null && c.lat !== null);
    this.xs = new Float64Array(this.list.length);
    this.ys = new Float64Array(this.list.length);
    this.list.forEach((c, i) => {
      [this.xs[i], this.ys[i]] = fromLonLat([c.lon!, c.lat!]) as [number, number];
    });
    this.level = null;
    this.clear(true);
    this.changed(); // a layer that shows it loads again
  }

  /** groupedAt is whether groups are shown at a zoom. */
  groupedAt(zoom: number): boolean {
    return grouped(this.list.length, zoom);
  }

  /** extent is that of all, in view or not. */
  extent(): Extent | null {
    return this.list.length === 0 ? null : boundingExtent(this.list.map((_, i) => [this.xs[i]!, this.ys[i]!]));
  }

  /** loadFeatures is called by a layer before it draws. */
  override loadFeatures(extent: Extent, resolution: number) {
    const zoom = Math.log2(resolutionAt(0) / resolution);
    const level = this.groupedAt(zoom) ? Math.round(zoom) : Infinity;
    if (level === this.level && containsExtent(this.loaded, extent)) return;
    this.level = level;
    // Half a screen more on each side: not every small move loads again.
    const more = Math.max(extent[2]! - extent[0]!, extent[3]! - extent[1]!) / 2;
    this.loaded = this.list.length <= many ? everywhere : buffer(extent, more);
    this.clear(true);
    this.addFeatures(level === Infinity ? this.spots() : this.groups(groupCell * resolutionAt(level)));
  }

  private spots(): Spot[] {
    return within(this.xs, this.ys, this.loaded).map((i) => this.spot(i));
  }

  private groups(cell: number): Spot[] {
    return groupsOf(this.xs, this.ys, this.loaded, cell).map((g) =>
      g.count === 1 ? this.spot(g.first) : new Feature({ geometry: new OlPoint([g.x, g.y]), group: g }),
    );
  }

  private spot(i: number): Spot {
    return new Feature({ geometry: new OlPoint([this.xs[i]!, this.ys[i]!]), camera: this.list[i] });
  }
}
