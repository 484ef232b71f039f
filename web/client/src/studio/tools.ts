export type Tool = "select" | "brush" | "split" | "merge";

const KEYS: Readonly<Record<string, Tool>> = { v: "select", b: "brush", s: "split", m: "merge" };

export function toolOf(key: string): Tool | null {
  return KEYS[key.toLowerCase()] ?? null;
}

/** A sketch drawn by the keyboard: a point at the crosshair, a point taken back. */
export function withoutLast<T>(points: readonly T[]): readonly T[] {
  return points.slice(0, -1);
}
