import Feature, { type FeatureLike } from "ol/Feature.js";
import { extend, type Extent } from "ol/extent.js";
import OlPoint from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import type Style from "ol/style/Style.js";
import { Crowd } from "./crowd";
import { glyphOf, type Ring } from "./glyph";
import type { Box } from "./groups";
import { groupRadius, nameZoom, prominent, wedgeZoom } from "./looks";
import { cameraOf, dotStyle, groupOf, nameOf, nameStyle, wedgeStyle, type Spot } from "./styles";
import { together } from "./together";
import type { MapCamera } from "./types";

/** A layer's minZoom is left out of its range; this much lower takes it in. */
const justBelow = (zoom: number) => zoom - 1e-3;

/** How far, in pixels, what was found draws a click away from its neighbours. */
const pull = 6;

/** No group is drawn wider than this from its middle, pixels. */
const groupMost = 40;

const pointedWedge = wedgeStyle(0.5);

/** What lies under a pointer: a camera, or the box of a group of them. */
export type Hit = { camera: MapCamera } | { group: Box } | null;

/**
 * Cameras are the layers of all cameras. What was found is drawn one by one,
 * the others in groups where they are many and the map is far away.
 */
export class Cameras {
  private byID = new Map<string, MapCamera>();
  private next: readonly MapCamera[] = [];
  private current: string | null = null;
  private pointed: string | null = null;
  private named = true;
  private readonly crowd = new Crowd();
  private readonly found = new VectorSource<Spot>({ wrapX: false });
  private readonly nexts = new VectorSource<Spot>({ wrapX: false });
  private readonly marks = new VectorSource<Spot>({ wrapX: false });

  /** From the lowest up. */
  readonly layers = [
    // Wedges reach into view from cameras outside of it.
    new VectorLayer({ source: this.crowd, style: wedgeStyle(0.22), minZoom: justBelow(wedgeZoom), renderBuffer: 400 }),
    new VectorLayer({ source: this.found, style: wedgeStyle(0.32), renderBuffer: 400 }),
    new VectorLayer({ source: this.crowd, style: dotStyle }),
    new VectorLayer({ source: this.found, style: dotStyle }),
    new VectorLayer({ source: this.nexts, style: (f) => glyphOf(cameraOf(f)!, "next") }),
    new VectorLayer({ source: this.marks, style: (f, resolution) => this.markStyle(f, resolution) }),
    new VectorLayer({ source: this.crowd, style: nameStyle, minZoom: justBelow(nameZoom), declutter: true }),
    new VectorLayer({ source: this.found, style: nameStyle, minZoom: justBelow(nameZoom), declutter: true }),
  ];

  fill(list: readonly MapCamera[]) {
    this.byID = new Map(list.map((c) => [c.id, c]));
    this.crowd.fill(list.filter((c) => !prominent(c)));
    refill(this.found, list.filter(prominent));
    this.mark();
  }

  setCurrent(id: string | null) {
    this.current = id;
    this.mark();
  }

  /** point marks the camera under the pointer, with its name unless that stands elsewhere. */
  point(id: string | null, named = true) {
    this.pointed = id;
    this.named = named;
    this.mark();
  }

  /** setNext shows cameras that may be gone on to. */
  setNext(list: readonly MapCamera[]) {
    this.next = list;
    refill(this.nexts, list);
    this.mark();
  }

  /** together are the cameras that no zoom tells from one, with itself. */
  together(c: MapCamera): MapCamera[] {
    return together([...this.byID.values(), ...this.next.filter((n) => !this.byID.has(n.id))], c);
  }

  /** extent is that of what was found, else of all; null without any. */
  extent(): Extent | null {
    return this.found.isEmpty() ? this.crowd.extent() : this.found.getExtent();
  }

  /** extentOfAll is that of all cameras, found or not; null without any. */
  extentOfAll(): Extent | null {
    const rest = this.crowd.extent();
    return rest && !this.found.isEmpty() ? extend(rest, this.found.getExtent()!) : this.extent();
  }

  /** at looks for what is nearest to a place within a reach in pixels. */
  at(place: number[], resolution: number, reach: number): Hit {
    let best: Hit = null;
    let least = Infinity;
    for (const source of [this.found, this.nexts, this.crowd]) {
      for (const f of source.getFeaturesInExtent(around(place, Math.max(reach, groupMost) * resolution))) {
        const far = apart(f, place) / resolution;
        const group = groupOf(f);
        const weight = far - (source === this.crowd ? 0 : pull);
        if (far > (group ? Math.max(reach, groupRadius(group.count)) : reach) || weight >= least) continue;
        least = weight;
        best = group ? { group: group.box } : { camera: cameraOf(f)! };
      }
    }
    return best;
  }

  get(id: string): MapCamera | undefined {
    return this.byID.get(id) ?? this.next.find((c) => c.id === id);
  }

  /** mark redraws what stands out: a source of its own, for the others may be many. */
  private mark() {
    const ids = new Set([this.current, this.pointed]);
    refill(this.marks, [...ids].flatMap((id) => (id === null ? [] : (this.get(id) ?? []))));
  }

  private markStyle(f: FeatureLike, resolution: number): Style[] {
    const c = cameraOf(f)!;
    const next = this.next.some((x) => x.id === c.id);
    const ring: Ring = c.id === this.current ? "current" : next ? "next" : null;
    if (c.id !== this.pointed) return [glyphOf(c, ring)];
    const wedge = pointedWedge(f, resolution); // of several on one spot, it tells where this one looks
    return [...(wedge ? [wedge] : []), glyphOf(c, ring), ...(this.named ? [nameOf(c)] : [])];
  }
}

function refill(source: VectorSource<Spot>, list: readonly MapCamera[]) {
  source.clear(true);
  source.addFeatures(
    list.flatMap((c) => (c.lon === null || c.lat === null ? [] : new Feature({ geometry: new OlPoint(fromLonLat([c.lon, c.lat])), camera: c }))),
  );
}

function around([x, y]: number[], far: number): Extent {
  return [x! - far, y! - far, x! + far, y! + far];
}

function apart(f: Spot, [x, y]: number[]): number {
  const [fx, fy] = f.getGeometry()!.getCoordinates();
  return Math.hypot(fx! - x!, fy! - y!);
}
