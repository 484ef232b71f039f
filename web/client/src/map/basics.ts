/** What every part of the map's style shares: levels, groups, faces, the state of a feature. */
import type { ExpressionSpecification as Expression, LayerSpecification as Layer } from "maplibre-gl";

import type { Level } from "../contract";

/** What a viewer switches on and off together. */
export type Group =
  | "township"
  | "village"
  | "grid"
  | "subgroup"
  | "names"
  | "tint"
  | "households"
  | "cameras"
  | "incidents"
  | "hotspots";

export const LEVELS: readonly Level[] = ["county", "township", "village", "grid", "subgroup"];

/** First zooms of the tiles: below them a level is not delivered. */
export const FIRST_ZOOM: Readonly<Record<Level, number>> = {
  county: 0,
  township: 0,
  village: 8,
  grid: 8,
  subgroup: 12,
};

// Without a glyph server the browser's own fonts draw the names; the first name carries the weight.
const FACES = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC Variable"];
export const PLAIN_FACE = FACES;
export const BOLD_FACE = ["Wangge Bold", ...FACES];

export function state(name: string): Expression {
  return ["boolean", ["feature-state", name], false];
}

export function groupOf(layer: Layer): Group | null {
  return (layer.metadata as { group?: Group } | undefined)?.group ?? null;
}
