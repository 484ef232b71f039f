/** How a hotspot map paints grids. Colour = how large, hatch = not judged, line = how sure. */
import type {
  DataDrivenPropertyValueSpecification as Driven,
  ExpressionSpecification as Expression,
  LayerSpecification as Layer,
} from "maplibre-gl";

import { FIRST_ZOOM } from "./basics";
import { UNJUDGED, type Theme } from "./theme";

function byState(name: string, pairs: readonly (readonly [string | number, string])[]): Driven<string> {
  return [
    "match",
    ["to-string", ["feature-state", name]],
    ...pairs.flatMap(([key, colour]) => [String(key), colour]),
    "rgba(0,0,0,0)",
  ] as unknown as Driven<string>;
}

export function hotspotLayers(theme: Theme): { fills: Layer[]; lines: Layer[] } {
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
