import type { LonLat } from "./contract";

/**
 * The position that a person wrote: two numbers with a comma, a space or a Chinese comma between.
 * Latitude first is recognised where it cannot be meant otherwise (China lies beyond 73 degrees
 * east). None for anything else.
 */
export function readCoordinates(text: string): LonLat | null {
  const parts = text
    .trim()
    .split(/[\s,，、;；]+/)
    .map(Number);
  const [x, y] = parts;
  if (parts.length !== 2 || x === undefined || y === undefined) return null;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
  const at: LonLat = Math.abs(x) <= 90 && Math.abs(y) > 90 ? [y, x] : [x, y];
  return Math.abs(at[0]) <= 180 && Math.abs(at[1]) <= 90 ? at : null;
}

/** An accuracy in metres as written; none for empty text, NaN for what is no length. */
export function readMetres(text: string): number | null {
  const given = text.trim().replace(/\s*(m|米)$/i, "");
  if (!given) return null;
  const metres = Number(given);
  return Number.isFinite(metres) && metres >= 0 ? metres : Number.NaN;
}
