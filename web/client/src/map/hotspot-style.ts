/**
 * How a hotspot map paints units. Colour = how large, dots = low, hatch = not judged,
 * line = how sure.
 */
import type {
  DataDrivenPropertyValueSpecification as Driven,
  ExpressionSpecification as Expression,
  LayerSpecification as Layer,
} from "maplibre-gl";

import type { Level } from "../contract";
import { BOLD_FACE, FIRST_ZOOM } from "./basics";
import { data, type Overlay } from "./overlays";
import { UNJUDGED, type Dots, type Theme } from "./theme";

const DOTS: readonly Dots[] = ["sparse", "dense"];
const PAINTED: readonly Level[] = ["township", "village", "grid"];

function byState(name: string, pairs: readonly (readonly [string | number, string])[]): Driven<string> {
  return [
    "match",
    ["to-string", ["feature-state", name]],
    ...pairs.flatMap(([key, colour]) => [String(key), colour]),
    "rgba(0,0,0,0)",
  ] as unknown as Driven<string>;
}

export function hotspotLayers(theme: Theme): { fills: Layer[]; lines: Layer[] } {
  const parts = PAINTED.map((level) => layersOf(theme, level));
  return { fills: parts.flatMap((part) => part.fills), lines: parts.flatMap((part) => part.lines) };
}

function layersOf(theme: Theme, level: Level): { fills: Layer[]; lines: Layer[] } {
  const kinds = [theme.ratio, theme.gi, theme.volume, theme.pattern, theme.cluster];
  const dotted = (kind: Dots): string[] =>
    kinds.flatMap(({ classes }) => classes.filter((c) => c.dots === kind).map((c) => c.key ?? ""));
  const colours = [
    ...kinds.flatMap(({ classes }) => classes.map((c) => [c.key ?? "", c.colour] as const)),
    ...UNJUDGED.map((kind) => [kind, theme.unjudged[kind].colour] as const),
  ];
  const common = {
    source: "units",
    "source-layer": level,
    minzoom: FIRST_ZOOM[level],
    metadata: { group: "hotspots" },
  } as const;
  const id = level === "grid" ? "hotspot" : `hotspot-${level}`;
  const { solid, double } = theme.outline;
  const certainty = ["to-string", ["feature-state", "outline"]] as unknown as Expression;
  const wide = (factor: number): Expression => [
    "match",
    certainty,
    "double",
    double.width * factor,
    "solid",
    solid.width * factor,
    0,
  ];
  const core = (factor: number): Expression => [
    "match",
    certainty,
    "double",
    double.core_width * factor,
    0,
  ];
  const width = (at: (factor: number) => Expression): Expression =>
    ["interpolate", ["linear"], ["zoom"], 9, at(0.8), 12, at(1.3)] as Expression;
  return {
    fills: [
      {
        id: `${id}-fill`,
        type: "fill",
        ...common,
        paint: { "fill-color": byState("paint", colours), "fill-antialias": false },
      },
      // A pattern cannot follow a feature's state, its opacity can: a layer for each kind.
      ...UNJUDGED.map(
        (kind): Layer => ({
          id: `${id}-${kind}`,
          type: "fill",
          ...common,
          paint: {
            "fill-pattern": `hatch-${kind}`,
            "fill-opacity": ["match", ["to-string", ["feature-state", "paint"]], kind, 1, 0],
          },
        }),
      ),
      ...DOTS.map((kind): Layer => ({
        id: `${id}-dots-${kind}`,
        type: "fill",
        ...common,
        paint: {
          "fill-pattern": `dots-${kind}`,
          "fill-opacity": ["match", ["to-string", ["feature-state", "paint"]], dotted(kind), 1, 0],
        },
      })),
    ],
    lines: [
      {
        id: `${id}-outline`,
        type: "line",
        ...common,
        layout: { "line-join": "round" },
        paint: { "line-color": solid.colour, "line-width": width(wide) },
      },
      {
        id: `${id}-core`,
        type: "line",
        ...common,
        layout: { "line-join": "round" },
        paint: { "line-color": double.core ?? theme.paper.panel, "line-width": width(core) },
      },
    ],
  };
}

/** Clusters of a scan: dashed circles with their number; one that is told as new is heavier. */
export function clusterOverlay(theme: Theme): Overlay {
  const { ink, background } = theme.paper;
  const heavy = (yes: number, no: number): Expression => ["case", ["get", "is_new"], yes, no];
  return {
    sources: { clusters: data(), "cluster-name": data() },
    layers: [
      {
        id: "cluster-halo",
        type: "line",
        source: "clusters",
        paint: { "line-color": background, "line-width": heavy(6, 4), "line-opacity": 0.85 },
      },
      {
        id: "cluster-line",
        type: "line",
        source: "clusters",
        paint: { "line-color": ink, "line-width": heavy(3, 1.6), "line-dasharray": [2.5, 1.8] },
      },
      {
        id: "cluster-label",
        type: "symbol",
        source: "cluster-name",
        layout: {
          "text-field": ["get", "label"],
          "text-font": BOLD_FACE,
          "text-size": 15,
          "text-anchor": "bottom",
          "text-allow-overlap": true,
        },
        paint: { "text-color": ink, "text-halo-color": background, "text-halo-width": 2.5 },
      },
    ],
  };
}
