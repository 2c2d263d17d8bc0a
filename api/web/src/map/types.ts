/** A camera as the map shows it. Without a place it is not drawn. */
export interface MapCamera {
  id: string;
  name: string;
  lon: number | null;
  lat: number | null;
  /** Degrees clockwise from north; null: it is not known where it looks. */
  azimuth: number | null;
  /** Angle of view, degrees; null: taken as 90, as the server does. */
  fov: number | null;
  /** Metres. */
  range: number | null;
  /** A stream's state, in the server's words. */
  state?: string;
  /** It is in the result of the search. */
  found?: boolean;
  coverage?: "full" | "gaps" | "none";
  /** 1..9: the tile it plays in. */
  number?: number;
  /** Its line in the result. */
  rank?: number;
}

export interface Circle {
  lon: number;
  lat: number;
  /** Metres on the ground. */
  radius: number;
}

/** LON, LAT in WGS-84 degrees. */
export type Point = [number, number];

export type Shape = { kind: "circle"; circle: Circle } | { kind: "polygon"; points: Point[] } | null;

/** What of a shape can be held: a circle has a centre and a rim, a polygon corners and edges. */
export type Part = "centre" | "rim" | "corner" | "edge";

export type DrawKind = "circle" | "polygon";

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

/** A base map as /api/v1/maps lists it; its tiles are at /tiles/{name}/{z}/{x}/{y}. */
export interface Source {
  name: string;
  title: string;
  /** png, jpeg, webp, or mvt for vector tiles. */
  format: string;
  min_zoom: number;
  max_zoom: number;
  /** West, south, east, north. */
  bounds?: number[] | null;
  attribution?: string;
}

/** The name of a division, and where it stands. */
export interface PlaceName {
  /** 12 digits. */
  code: string;
  name: string;
  kind: "county" | "township" | "village";
  lon: number;
  lat: number;
  /** How many cameras stand in it. */
  cameras: number;
}

/** One step of a route that is traced from camera to camera. */
export interface Hop {
  id: string;
  lon: number;
  lat: number;
  at: number;
}

/** What the map tells its page. */
export interface MapEvents {
  /** The ground was clicked, or Enter pressed with the ground in the middle. */
  pick?(lon: number, lat: number): void;
  /** additive: with Shift, Ctrl or the Mac's command key. */
  camera?(id: string, additive: boolean): void;
  /** A shape was drawn by hand, or changed and let go. */
  shape?(s: Shape): void;
  /** A part of the shape is pointed at or held, or its handle has the focus; null: none any more. */
  grip?(part: Part | null, by: "pointer" | "keys"): void;
  moved?(v: View): void;
  hover?(id: string | null): void;
  /** Drawing began; null: it ended, with a shape or without. */
  drawing?(kind: DrawKind | null): void;
}

export interface Labels {
  map: string;
  zoomIn: string;
  zoomOut: string;
  centre: string;
  rim: string;
  /** The nth corner of so many. */
  corner(n: number, of: number): string;
  /** So many cameras on one spot. */
  together(n: number): string;
}
