/** The map's style, written from the theme: our own tiles, no sprite, no fonts from a server. */
import type {
  DataDrivenPropertyValueSpecification as Driven,
  LayerSpecification as Layer,
  StyleSpecification,
} from "maplibre-gl";

import type { Level } from "../contract";
import { BOLD_FACE, FIRST_ZOOM, LEVELS, PLAIN_FACE, state } from "./basics";
import { hotspotLayers } from "./hotspot-style";
import { pointLayers } from "./point-style";
import type { Theme } from "./theme";

export { FIRST_ZOOM, type Group } from "./basics";

const POINTS = [
  ["households", 15],
  ["cameras", 13],
  ["incidents", 6],
] as const;
const UNIT_TILES_TO = 16;
const POINT_TILES_TO = 16;

// Neighbouring townships seldom share a tint: their codes are numbered round the county.
const TINTS = ["#f4ecdc", "#e8eee2", "#e5edf2", "#f2e6e2", "#ece7f0", "#efeeda"];

export interface Sources {
  readonly publication: number | null;
  readonly origin: string;
  readonly points: readonly ("households" | "cameras" | "incidents")[];
}

function unitLine(theme: Theme, level: Level, minzoom: number, widths: [number, number]): Layer {
  const { colour, width, dash } = theme.units[level];
  return {
    id: `${level}-line`,
    type: "line",
    source: "units",
    "source-layer": level,
    minzoom,
    metadata: { group: level },
    layout: { "line-join": "round", "line-cap": dash ? "butt" : "round" },
    paint: {
      "line-color": colour,
      "line-width": [
        "interpolate",
        ["linear"],
        ["zoom"],
        Math.max(minzoom, 8),
        width * widths[0],
        15,
        width * widths[1],
      ],
      ...(dash ? { "line-dasharray": [...dash] } : {}),
    },
  };
}

/** Invisible until hovered or chosen, but always there to be asked what lies under the pointer. */
function unitTouch(theme: Theme, level: Level): Layer {
  return {
    id: `${level}-touch`,
    type: "fill",
    source: "units",
    "source-layer": level,
    minzoom: FIRST_ZOOM[level],
    paint: {
      "fill-color": [
        "case",
        state("chosen"),
        theme.selection.colour,
        theme.hover.colour,
      ],
      "fill-opacity": [
        "case",
        state("chosen"),
        theme.selection.fill_opacity,
        state("hover"),
        theme.hover.fill_opacity,
        0,
      ],
      "fill-antialias": false,
    },
  };
}

function unitChosen(theme: Theme, level: Level): Layer[] {
  const { selection } = theme;
  const line = (id: string, colour: string, width: number): Layer => ({
    id,
    type: "line",
    source: "units",
    "source-layer": level,
    minzoom: FIRST_ZOOM[level],
    layout: { "line-join": "round" },
    paint: {
      "line-color": colour,
      "line-width": ["case", state("chosen"), width, 0],
    },
  });
  return [
    line(`${level}-chosen-halo`, selection.halo, selection.halo_width),
    line(`${level}-chosen`, selection.colour, selection.width),
  ];
}

function unitName(
  theme: Theme,
  level: Level,
  zooms: [number, number],
  sizes: [number, number],
): Layer {
  const bold = level === "township" || level === "village";
  return {
    id: `${level}-name`,
    type: "symbol",
    source: "units",
    "source-layer": `${level}_label`,
    minzoom: zooms[0],
    maxzoom: zooms[1],
    metadata: { group: "names" },
    layout: {
      "text-field": ["get", "name"],
      "text-font": bold ? BOLD_FACE : PLAIN_FACE,
      "text-size": ["interpolate", ["linear"], ["zoom"], zooms[0], sizes[0], zooms[1], sizes[1]],
      "text-letter-spacing": level === "township" ? 0.12 : 0.02,
      "text-max-width": 8,
      "text-padding": 4,
      // A name that has no room in the middle is moved a little before it is left out.
      "text-variable-anchor-offset": [
        "center", [0, 0], "top", [0, 0.5], "bottom", [0, -0.5],
        "top", [0, 1.3], "bottom", [0, -1.3], "left", [0.9, 0], "right", [-0.9, 0],
        "top", [0, 2], "bottom", [0, -2],
      ],
    },
    paint: {
      "text-color": level === "subgroup" ? theme.paper.muted : theme.paper.ink,
      "text-halo-color": theme.paper.background,
      "text-halo-width": 1.6,
    },
  };
}

/** The whole style; without a publication there is paper and nothing on it. */
export function countyStyle(theme: Theme, from: Sources): StyleSpecification {
  const paper: Layer = {
    id: "paper",
    type: "background",
    paint: { "background-color": theme.paper.background },
  };
  const empty: StyleSpecification = { version: 8, sources: {}, layers: [paper] };
  if (from.publication === null) return empty;
  const tiles = `${from.origin}/tiles/${from.publication}`;
  const drawn = new Set<string>(from.points);
  const hot = hotspotLayers(theme);
  const points = pointLayers(theme).filter((layer) => "source" in layer && drawn.has(layer.source));
  const events = points.filter((layer) => "source" in layer && layer.source === "incidents");
  return {
    version: 8,
    sources: {
      units: {
        type: "vector",
        tiles: [`${tiles}/units/{z}/{x}/{y}.mvt`],
        maxzoom: UNIT_TILES_TO,
        promoteId: Object.fromEntries(LEVELS.map((level) => [level, "code"])),
      },
      ...Object.fromEntries(
        POINTS.filter(([name]) => drawn.has(name)).map(([name, minzoom]) => [
          name,
          {
            type: "vector",
            tiles: [`${tiles}/${name}/{z}/{x}/{y}.mvt`],
            minzoom,
            maxzoom: POINT_TILES_TO,
          },
        ]),
      ),
    },
    layers: [
      paper,
      {
        id: "township-tint",
        type: "fill",
        source: "units",
        "source-layer": "township",
        metadata: { group: "tint" },
        paint: {
          "fill-color": [
            "match",
            ["%", ["to-number", ["slice", ["get", "code"], 6, 9]], TINTS.length],
            ...TINTS.slice(1).flatMap((tint, i) => [i + 1, tint]),
            TINTS[0] ?? theme.paper.background,
          ] as unknown as Driven<string>,
          "fill-antialias": false,
        },
      },
      ...hot.fills,
      ...LEVELS.map((level) => unitTouch(theme, level)),
      unitLine(theme, "subgroup", 12, [0.8, 1.2]),
      unitLine(theme, "grid", 8, [0.35, 1.5]),
      unitLine(theme, "village", 8, [0.55, 1.4]),
      unitLine(theme, "township", 0, [0.7, 1.4]),
      unitLine(theme, "county", 0, [0.8, 1.2]),
      ...hot.lines,
      ...LEVELS.flatMap((level) => unitChosen(theme, level)),
      ...points.filter((layer) => !events.includes(layer)),
      unitName(theme, "subgroup", [14.8, 24], [11, 13]),
      unitName(theme, "grid", [12.6, 20], [11, 14]),
      unitName(theme, "village", [10.4, 14.5], [11, 15]),
      unitName(theme, "township", [6, 11.5], [12, 17]),
      // Above the names: what lies on top takes its place first, and names give way to events.
      ...events,
    ],
  };
}
