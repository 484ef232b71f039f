/** The grids that differ between two editions, as rows of a list and as what the map outlines. */
import type { Bbox } from "../boot";
import { joinBoxes } from "../format";
import type { ChangedGrid, Changes } from "./api";

export interface ChangeRow {
  readonly code: string;
  readonly name: string;
  readonly change: ChangedGrid["change"];
  readonly before: ChangedGrid | null;
  readonly after: ChangedGrid | null;
  readonly bbox: Bbox | null;
}

/** One row a grid, both sides beside each other, under the later name; by code. */
export function rowsOf(changes: Changes): ChangeRow[] {
  const sides = new Map<string, { before: ChangedGrid | null; after: ChangedGrid | null }>();
  for (const { properties } of changes.features) {
    const pair = sides.get(properties.code) ?? { before: null, after: null };
    pair[properties.side] = properties;
    sides.set(properties.code, pair);
  }
  return [...sides].map(([code, { before, after }]) => {
    const shown = after ?? before;
    const boxes = [before, after].flatMap((side) => (side ? [side.bbox] : []));
    return { code, name: shown?.name ?? code, change: shown?.change ?? "reshaped", before, after, bbox: joinBoxes(boxes) };
  });
}

/** What a map of one side draws, the chosen grid stronger. Without a side, both. */
export function drawnOf(changes: Changes, side: ChangedGrid["side"] | null, chosen: string): Changes {
  return {
    ...changes,
    features: changes.features
      .filter(({ properties }) => side === null || properties.side === side)
      .map((feature) => ({
        ...feature,
        properties: { ...feature.properties, chosen: feature.properties.code === chosen },
      })),
  };
}
