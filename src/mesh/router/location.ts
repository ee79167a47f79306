/**
 * Places on Earth and how far apart they are. Pure.
 *
 * Degrees: `lat` -90 … 90, `lon` -180 … 180, both inclusive. The distance is the great circle's, on a sphere.
 */
export interface Location {
  readonly lat: number;
  readonly lon: number;
}

/** Mean radius of the Earth, kilometers. */
const RADIUS = 6_371;

/** Reads getters of whoever gives the value: guard it. */
export function isLocation(value: unknown): value is Location {
  if (typeof value !== 'object' || value === null) return false;
  const { lat, lon } = value as Record<string, unknown>;
  return isDegrees(lat, 90) && isDegrees(lon, 180);
}

const isDegrees = (value: unknown, most: number): boolean =>
  typeof value === 'number' && Math.abs(value) <= most;

/** What a provider says of itself, if it says so in the form we know. */
export function locationIn(metadata: Readonly<Record<string, unknown>>): Location | undefined {
  const { location } = metadata;
  return isLocation(location) ? location : undefined;
}

/** Kilometers (haversine formula, exact enough also for close places). */
export function distance(a: Location, b: Location): number {
  const lat = radians(b.lat - a.lat);
  const lon = radians(b.lon - a.lon);
  const h =
    Math.sin(lat / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(lon / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
