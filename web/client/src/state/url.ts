/** The address is the state: what a screen shows can be sent to a colleague, and Back works. */
import type { LonLat } from "../contract";

export interface View {
  readonly zoom: number;
  readonly at: LonLat;
}

/** "13.20/24.82790/99.60540": zoom, latitude, longitude, as map addresses are commonly written. */
export function writeView(view: View): string {
  return `${view.zoom.toFixed(2)}/${view.at[1].toFixed(5)}/${view.at[0].toFixed(5)}`;
}

export function readView(text: string | null): View | null {
  const parts = (text ?? "").split("/").map(Number);
  const [zoom, lat, lon] = parts;
  if (parts.length !== 3 || zoom === undefined || lat === undefined || lon === undefined) return null;
  if (!parts.every(Number.isFinite)) return null;
  if (zoom < 0 || zoom > 24 || Math.abs(lat) > 90 || Math.abs(lon) > 180) return null;
  return { zoom, at: [lon, lat] };
}

export type Fields<Name extends string> = Readonly<Record<Name, string>>;

/** The named fields of a query; a field that is absent is empty text. */
export function readFields<Name extends string>(
  query: string,
  names: readonly Name[],
): Fields<Name> {
  const given = new URLSearchParams(query);
  return Object.fromEntries(names.map((name) => [name, given.get(name) ?? ""])) as Fields<Name>;
}

/** The query with some fields changed; empty ones go, the others stay as they are. */
export function writeFields(query: string, changes: Readonly<Record<string, string>>): string {
  const given = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) given.set(name, value);
    else given.delete(name);
  }
  // A slash and a comma are allowed in a query and make a view legible.
  const text = given.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
