/** Drawing one line with terra-draw; the library draws lines only and owns no county geometry. */
import type { Map as MapLibreMap } from "maplibre-gl";
import { TerraDraw, TerraDrawLineStringMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";

import type { LonLat } from "../contract";

// Seven decimals are the lattice; a longer fraction would be refused as excessive precision.
const DECIMALS = 7;

export interface Sketch {
  /** Throw away what was drawn and begin anew. */
  clear(): void;
  stop(): void;
}

export function sketchLine(
  map: MapLibreMap,
  colour: `#${string}`,
  onFinish: (line: LonLat[]) => void,
): Sketch {
  const draw = new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: DECIMALS, prefixId: "pen" }),
    modes: [
      new TerraDrawLineStringMode({
        keyEvents: { cancel: "Escape", finish: "Enter" },
        pointerDistance: 12,
        showCoordinatePoints: true,
        styles: {
          lineStringColor: colour,
          lineStringWidth: 3,
          closingPointColor: "#ffffff",
          closingPointOutlineColor: colour,
          closingPointOutlineWidth: 2,
          closingPointWidth: 5,
          coordinatePointColor: "#ffffff",
          coordinatePointOutlineColor: colour,
          coordinatePointOutlineWidth: 2,
          coordinatePointWidth: 4,
        },
      }),
    ],
  });
  draw.start();
  draw.setMode("linestring");
  draw.on("finish", (id) => {
    const drawn = draw.getSnapshotFeature(id);
    if (drawn?.geometry.type !== "LineString") return;
    const line = drawn.geometry.coordinates.map(([lon = 0, lat = 0]) => [lon, lat] as const);
    draw.clear();
    if (line.length > 1) onFinish(line);
  });
  return { clear: () => draw.clear(), stop: () => draw.stop() };
}
