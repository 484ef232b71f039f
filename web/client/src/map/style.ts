/** The map's style, written from the theme: our own tiles, no sprite, no fonts from a server. */
import type {
  DataDrivenPropertyValueSpecification as Driven,
  ExpressionSpecification as Expression,
  LayerSpecification as Layer,
  StyleSpecification,
} from "maplibre-gl";

import type { Level } from "../contract";
import { UNJUDGED, type Theme } from "./theme";

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

const POINTS = [
  ["households", 15],
  ["cameras", 13],
  ["incidents", 6],
] as const;
const UNIT_TILES_TO = 16;
const POINT_TILES_TO = 16;
const FIRST_SINGLE_INCIDENT = 14;

// Without a glyph server the browser's own fonts draw the names; the first name carries the weight.
const FACES = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC Variable"];
export const PLAIN_FACE = FACES;
export const BOLD_FACE = ["Wangge Bold", ...FACES];

// Neighbouring townships seldom share a tint: their codes are numbered round the county.
const TINTS = ["#f4ecdc", "#e8eee2", "#e5edf2", "#f2e6e2", "#ece7f0", "#efeeda"];

export interface Sources {
  readonly publication: number | null;
  readonly origin: string;
  readonly points: readonly ("households" | "cameras" | "incidents")[];
}

function state(name: string): Expression {
  return ["boolean", ["feature-state", name], false];
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
    },
    paint: {
      "text-color": level === "subgroup" ? theme.paper.muted : theme.paper.ink,
      "text-halo-color": theme.paper.background,
      "text-halo-width": 1.6,
    },
  };
}

function byState(name: string, pairs: readonly (readonly [string | number, string])[]): Driven<string> {
  return [
    "match",
    ["to-string", ["feature-state", name]],
    ...pairs.flatMap(([key, colour]) => [String(key), colour]),
    "rgba(0,0,0,0)",
  ] as unknown as Driven<string>;
}

/** Colour = how large, hatch = not judged, line = how sure. */
function hotspotLayers(theme: Theme): { fills: Layer[]; lines: Layer[] } {
  const colours = [
    ...theme.ratio.classes.map((c) => [c.key ?? "", c.colour] as const),
    ...theme.gi.classes.map((c) => [c.key ?? "", c.colour] as const),
    ...UNJUDGED.map((kind) => [kind, theme.unjudged[kind].colour] as const),
  ];
  const common = {
    source: "units",
    "source-layer": "grid",
    minzoom: FIRST_ZOOM.grid,
    metadata: { group: "hotspots" },
  } as const;
  const { solid, double } = theme.outline;
  const level = ["to-string", ["feature-state", "outline"]] as unknown as Expression;
  const wide = (factor: number): Expression => [
    "match",
    level,
    "double",
    double.width * factor,
    "solid",
    solid.width * factor,
    0,
  ];
  const core = (factor: number): Expression => [
    "match",
    level,
    "double",
    double.core_width * factor,
    0,
  ];
  const width = (at: (factor: number) => Expression): Expression =>
    ["interpolate", ["linear"], ["zoom"], 9, at(0.8), 12, at(1.3)] as Expression;
  return {
    fills: [
      {
        id: "hotspot-fill",
        type: "fill",
        ...common,
        paint: { "fill-color": byState("paint", colours), "fill-antialias": false },
      },
      // A pattern cannot follow a feature's state, its opacity can: a layer for each kind.
      ...UNJUDGED.map(
        (kind): Layer => ({
          id: `hotspot-${kind}`,
          type: "fill",
          ...common,
          paint: {
            "fill-pattern": `hatch-${kind}`,
            "fill-opacity": ["match", ["to-string", ["feature-state", "paint"]], kind, 1, 0],
          },
        }),
      ),
    ],
    lines: [
      {
        id: "hotspot-outline",
        type: "line",
        ...common,
        layout: { "line-join": "round" },
        paint: { "line-color": solid.colour, "line-width": width(wide) },
      },
      {
        id: "hotspot-core",
        type: "line",
        ...common,
        layout: { "line-join": "round" },
        paint: { "line-color": double.core ?? theme.paper.panel, "line-width": width(core) },
      },
    ],
  };
}

const LEVEL_MARK: Readonly<Record<string, string>> = {
  severe: "01",
  major: "02",
  large: "03",
  ordinary: "04",
};

/** The theme's entry for an incident's level, whichever of its two names the level has. */
export function incidentStyle(theme: Theme, level: string): Theme["incidents"][string] {
  const found = theme.incidents[level] ?? theme.incidents[LEVEL_MARK[level] ?? "04"];
  if (!found) throw new Error(`the theme has no incident level ${level}`);
  return found;
}

function byLevel<T extends string | number>(
  theme: Theme,
  pick: (style: Theme["incidents"][string]) => T,
): Expression {
  const named = Object.keys(LEVEL_MARK).flatMap((level) => [level, pick(incidentStyle(theme, level))]);
  return [
    "match",
    ["get", "level"],
    ...named,
    pick(incidentStyle(theme, "ordinary")),
  ] as unknown as Expression;
}

function pointLayers(theme: Theme): Layer[] {
  return [
    {
      id: "household-point",
      type: "symbol",
      source: "households",
      "source-layer": "households",
      minzoom: 15,
      metadata: { group: "households" },
      layout: {
        "icon-image": ["concat", "household-", ["get", "class"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "camera-point",
      type: "symbol",
      source: "cameras",
      "source-layer": "cameras",
      minzoom: 13,
      metadata: { group: "cameras" },
      layout: {
        "icon-image": ["concat", "camera-", ["get", "registry"]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
      paint: {
        "icon-opacity": [
          "match",
          ["get", "status"],
          ["off", "fault"],
          theme.cameras["offline"]?.opacity ?? 0.5,
          1,
        ],
      },
    },
    {
      id: "incident-cluster",
      type: "circle",
      source: "incidents",
      "source-layer": "incidents",
      maxzoom: FIRST_SINGLE_INCIDENT,
      filter: ["has", "n"],
      metadata: { group: "incidents" },
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 1, 4, 1.4, 8, 10, 18],
        "circle-color": theme.paper.panel,
        "circle-stroke-color": incidentStyle(theme, "severe").colour,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "incident-cluster-n",
      type: "symbol",
      source: "incidents",
      "source-layer": "incidents",
      maxzoom: FIRST_SINGLE_INCIDENT,
      filter: ["has", "n"],
      metadata: { group: "incidents" },
      layout: {
        "text-field": ["case", [">", ["get", "n"], 1], ["to-string", ["get", "n"]], ""],
        "text-font": PLAIN_FACE,
        "text-size": 11,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": theme.paper.ink },
    },
    {
      id: "incident-point",
      type: "circle",
      source: "incidents",
      "source-layer": "incidents",
      filter: ["!", ["has", "n"]],
      metadata: { group: "incidents" },
      paint: {
        "circle-radius": byLevel(theme, (style) => style.size),
        "circle-color": byLevel(theme, (style) => style.colour),
        "circle-stroke-color": theme.paper.panel,
        "circle-stroke-width": 1.5,
      },
    },
    {
      id: "incident-mark",
      type: "symbol",
      source: "incidents",
      "source-layer": "incidents",
      filter: ["!", ["has", "n"]],
      metadata: { group: "incidents" },
      layout: {
        "text-field": byLevel(theme, (style) => style.mark),
        "text-font": PLAIN_FACE,
        "text-size": 10,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": theme.paper.panel },
    },
  ];
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
      ...pointLayers(theme).filter((layer) => "source" in layer && drawn.has(layer.source)),
      unitName(theme, "subgroup", [14.8, 24], [11, 13]),
      unitName(theme, "grid", [12.6, 20], [11, 14]),
      unitName(theme, "village", [10.4, 14.5], [11, 15]),
      unitName(theme, "township", [6, 11.5], [12, 17]),
    ],
  };
}

export function groupOf(layer: Layer): Group | null {
  return (layer.metadata as { group?: Group } | undefined)?.group ?? null;
}
