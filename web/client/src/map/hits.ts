/** What lies under a pixel: the unit of each level, a point of a layer, a cell of a draft. */
import type { Map as MapLibreMap } from "maplibre-gl";

import { levelOf } from "../codes";
import type { Level, LonLat } from "../contract";
import { LEVELS } from "./basics";

export interface Hit {
  readonly at: LonLat;
  readonly units: Readonly<Partial<Record<Level, string>>>;
  readonly point: { readonly kind: "household" | "camera" | "incident"; readonly id: string } | null;
  readonly cell: number | null;
}

export interface Pixel {
  readonly x: number;
  readonly y: number;
}

const POINT_LAYERS = {
  "household-point": "household",
  "camera-point": "camera",
  "incident-point": "incident",
} as const;
const ASKED = [...LEVELS.map((level) => `${level}-touch`), ...Object.keys(POINT_LAYERS), "draft-touch"];

export function hitAt(map: MapLibreMap, pixel: Pixel, at: LonLat): Hit {
  const layers = ASKED.filter((id) => map.getLayer(id) !== undefined);
  const units: Partial<Record<Level, string>> = {};
  let point: Hit["point"] = null;
  let cell: number | null = null;
  const found = layers.length ? map.queryRenderedFeatures([pixel.x, pixel.y], { layers }) : [];
  for (const feature of found) {
    const kind = POINT_LAYERS[feature.layer.id as keyof typeof POINT_LAYERS];
    if (kind) point ??= { kind, id: String(feature.properties["id"]) };
    else if (feature.layer.id === "draft-touch") cell ??= Number(feature.properties["cell_id"]);
    else {
      const code = String(feature.properties["code"]);
      const level = levelOf(code);
      if (level) units[level] ??= code;
    }
  }
  return { at, units, point, cell };
}
