/** The only module that knows MapLibre. What `createMap` puts up, `remove` takes down. */
import {
  AttributionControl,
  Map as MapLibreMap,
  setWorkerUrl,
  type GeoJSONSource,
  type MapMouseEvent,
  type VectorTileSource,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
// The worker is a file of our own: the content policy allows neither blob: workers nor eval.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { FeatureCollection } from "geojson";

import type { Bbox } from "../boot";
import { levelOf } from "../codes";
import type { Level, LonLat } from "../contract";
import type { View } from "../state/url";
import { hatch, picture, PIXEL_RATIO } from "./images";
import {
  draftOverlay,
  faultOverlay,
  mineOverlay,
  pinOverlay,
  NOTHING,
  type Overlay,
} from "./overlays";
import type { Sketch } from "./sketch";
import { countyStyle, FIRST_ZOOM, groupOf, LEVELS, PLAIN_FACE, type Group, type Sources } from "./style";
import type { Theme } from "./theme";

setWorkerUrl(workerUrl);

export type OverlayName = "pin" | "draft" | "faults" | "mine";

/** What lies under the pointer: the unit of each level, a point of a layer, a cell of a draft. */
export interface Hit {
  readonly at: LonLat;
  readonly units: Readonly<Partial<Record<Level, string>>>;
  readonly point: { readonly kind: "household" | "camera" | "incident"; readonly id: string } | null;
  readonly cell: number | null;
}

export interface MapOptions {
  readonly container: HTMLElement;
  readonly theme: Theme;
  readonly sources: Omit<Sources, "origin">;
  readonly overlays: readonly OverlayName[];
  readonly hidden?: readonly Group[];
  /** Keep the units' own lines and selection back, where the map paints something else. */
  readonly quiet?: boolean;
  readonly bbox: Bbox | null;
  readonly view?: View | null;
  readonly words: { readonly label: string; readonly attribution: string };
  readonly onMove?: (view: View) => void;
  readonly onPoint?: (hit: Hit | null) => void;
  readonly onClick?: (hit: Hit) => void;
  readonly onDoubleClick?: (hit: Hit) => void;
  readonly onTileProblem?: () => void;
}

export type CellMark = "brush" | "target" | "from" | null;
export type PaintRow = { readonly paint: string | null; readonly outline: string | null };

const OVERLAYS = { pin: pinOverlay, draft: draftOverlay, faults: faultOverlay, mine: mineOverlay };
const POINT_LAYERS = {
  "household-point": "household",
  "camera-point": "camera",
  "incident-point": "incident",
} as const;
const FIT_PADDING = 36;
const SELECT_MAX_ZOOM = 16;

/** Whether this browser can draw a map at all. */
export function canDraw(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

export type GridMap = ReturnType<typeof createMap>;

export function createMap(options: MapOptions) {
  const { theme, container } = options;
  const map = new MapLibreMap({
    container,
    style: withOverlays(),
    ...(options.view
      ? { center: [...options.view.at] as [number, number], zoom: options.view.zoom }
      : options.bbox
        ? { bounds: [...options.bbox] as [number, number, number, number], fitBoundsOptions: { padding: FIT_PADDING } }
        : {}),
    minZoom: 5,
    maxZoom: 19,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    localIdeographFontFamily: PLAIN_FACE.join(","),
    // Weak desktops: no fading of labels, one device pixel a pixel at most twice.
    fadeDuration: 0,
    pixelRatio: Math.min(window.devicePixelRatio, 2),
    doubleClickZoom: options.onDoubleClick === undefined,
    validateStyle: import.meta.env.DEV,
  });
  map.addControl(
    new AttributionControl({ compact: false, customAttribution: options.words.attribution }),
    "bottom-right",
  );
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", options.words.label);

  let hovered: { level: Level; code: string } | null = null;
  let hoveredCell: number | null = null;
  let chosen: { level: Level; code: string } | null = null;
  let painted = new Set<string>();
  let marked = new Map<number, CellMark>();
  let sketch: Sketch | null = null;
  let brushing: ((cell: number) => void) | null = null;
  let removed = false;

  const ready = new Promise<void>((resolve) => {
    map.once("load", () => resolve());
  });

  function withOverlays() {
    const style = countyStyle(theme, { ...options.sources, origin: location.origin });
    const overlays: Overlay[] = options.overlays.map((name) => OVERLAYS[name](theme));
    const hidden = new Set(options.hidden ?? []);
    // A draft lies under the names of the county, everything else above it.
    const sources = Object.assign({}, style.sources, ...overlays.map((overlay) => overlay.sources));
    const layers = [...style.layers, ...overlays.flatMap((overlay) => overlay.layers)].filter(
      (layer) => !("source" in layer) || layer.source in sources,
    );
    return {
      ...style,
      sources,
      layers: layers.map((layer) => {
        const group = groupOf(layer);
        return group && hidden.has(group)
          ? ({ ...layer, layout: { ...layer.layout, visibility: "none" } } as typeof layer)
          : layer;
      }),
    };
  }

  map.setMissingStyleImageResolver((name) => {
    const found =
      name === "changed"
        ? hatch(theme.draft.new.colour, 10, 1)
        : picture(name, theme);
    if (found && !map.hasImage(name)) map.addImage(name, found, { pixelRatio: PIXEL_RATIO });
  });

  // Reading what lies under the pointer ------------------------------------------------------

  function askable(ids: readonly string[]): string[] {
    return ids.filter((id) => map.getLayer(id) !== undefined);
  }

  function hitAt(point: { x: number; y: number }, at: LonLat): Hit {
    const ask = askable([
      ...LEVELS.map((level) => `${level}-touch`),
      ...Object.keys(POINT_LAYERS),
      "draft-touch",
    ]);
    const units: Partial<Record<Level, string>> = {};
    let near: Hit["point"] = null;
    let cell: number | null = null;
    const found = ask.length ? map.queryRenderedFeatures([point.x, point.y], { layers: ask }) : [];
    for (const feature of found) {
      const kind = POINT_LAYERS[feature.layer.id as keyof typeof POINT_LAYERS];
      if (kind) near ??= { kind, id: String(feature.properties["id"]) };
      else if (feature.layer.id === "draft-touch") cell ??= Number(feature.properties["cell_id"]);
      else {
        const code = String(feature.properties["code"]);
        const level = levelOf(code);
        if (level) units[level] ??= code;
      }
    }
    return { at, units, point: near, cell };
  }

  function hitOf(event: MapMouseEvent): Hit {
    return hitAt(event.point, [event.lngLat.lng, event.lngLat.lat]);
  }

  // Marks on units and cells -----------------------------------------------------------------

  if (options.quiet) {
    map.once("load", () => {
      for (const level of LEVELS) {
        const far = level === "grid" || level === "village" || level === "subgroup";
        if (map.getLayer(`${level}-line`)) {
          map.setPaintProperty(`${level}-line`, "line-color", far ? theme.paper.rule : theme.paper.muted);
          map.setPaintProperty(`${level}-touch`, "fill-opacity", [
            "case",
            ["boolean", ["feature-state", "hover"], false],
            theme.hover.fill_opacity,
            0,
          ]);
        }
      }
    });
  }

  function setUnitState(code: string, level: Level, state: Record<string, unknown>): void {
    if (map.getSource("units")) map.setFeatureState({ source: "units", sourceLayer: level, id: code }, state);
  }

  function hover(code: string | null): void {
    const level = code ? levelOf(code) : null;
    if (code === hovered?.code) return;
    if (hovered) setUnitState(hovered.code, hovered.level, { hover: false });
    hovered = code && level ? { code, level } : null;
    if (hovered) setUnitState(hovered.code, hovered.level, { hover: true });
  }

  function hoverCell(cell: number | null): void {
    if (cell === hoveredCell || !map.getSource("draft")) return;
    if (hoveredCell !== null) map.setFeatureState({ source: "draft", id: hoveredCell }, { hover: false });
    hoveredCell = cell;
    if (cell !== null) map.setFeatureState({ source: "draft", id: cell }, { hover: true });
  }

  function setData(source: string, data: FeatureCollection): void {
    (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  // Events -----------------------------------------------------------------------------------

  let frame = 0;
  map.on("mousemove", (event) => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (removed) return;
      const hit = hitOf(event);
      hoverCell(hit.cell);
      if (brushing && event.originalEvent.buttons === 1 && hit.cell !== null) brushing(hit.cell);
      options.onPoint?.(hit);
    });
  });
  map.on("mouseout", () => {
    hover(null);
    hoverCell(null);
    options.onPoint?.(null);
  });
  map.on("mousedown", (event) => {
    if (!brushing || event.originalEvent.button !== 0) return;
    const { cell } = hitOf(event);
    // Off the draft the map can still be dragged.
    if (cell === null) return;
    event.preventDefault();
    brushing(cell);
  });
  map.on("click", (event) => {
    if (!sketch) options.onClick?.(hitOf(event));
  });
  map.on("dblclick", (event) => {
    if (!sketch) options.onDoubleClick?.(hitOf(event));
  });
  map.on("moveend", () => options.onMove?.(view()));
  map.on("error", (event) => {
    // A tile that is late or refused is not the end of the page; anything else should be seen.
    if ("sourceId" in event || "tile" in event) options.onTileProblem?.();
    else console.error(event.error);
  });

  function view(): View {
    const { lng, lat } = map.getCenter();
    return { zoom: map.getZoom(), at: [lng, lat] };
  }

  // Whoever photographs or checks the map waits for `data-idle`: nothing moves, nothing is awaited.
  const busy = (): void => container.removeAttribute("data-idle");
  map.on("movestart", busy);
  map.on("dataloading", busy);
  map.on("idle", () => container.setAttribute("data-idle", "yes"));

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  return {
    ready,
    view,
    hover,
    canvas,

    fit(bbox: Bbox, maxZoom = SELECT_MAX_ZOOM, padding = FIT_PADDING): void {
      map.fitBounds([...bbox], { padding, maxZoom, animate: !calm, duration: 500 });
    },

    goTo(at: LonLat, zoom?: number): void {
      map.easeTo({ center: [...at], ...(zoom ? { zoom } : {}), animate: !calm, duration: 400 });
    },

    zoomBy(steps: number): void {
      map.zoomTo(map.getZoom() + steps, { animate: !calm, duration: 200 });
    },

    panBy(x: number, y: number): void {
      map.panBy([x, y], { animate: false });
    },

    resize(): void {
      map.resize();
    },

    choose(code: string | null): void {
      if (code === (chosen?.code ?? null)) return;
      if (chosen) setUnitState(chosen.code, chosen.level, { chosen: false });
      const level = code ? levelOf(code) : null;
      chosen = code && level ? { code, level } : null;
      if (chosen) setUnitState(chosen.code, chosen.level, { chosen: true });
    },

    show(group: Group, visible: boolean): void {
      for (const layer of map.getStyle().layers) {
        if (groupOf(layer) === group) {
          map.setLayoutProperty(layer.id, "visibility", visible ? "visible" : "none");
        }
      }
    },

    /** Paint grids: the server sends a value a grid, the shapes are already here as tiles. */
    paint(rows: ReadonlyMap<string, PaintRow>): void {
      for (const code of painted) {
        if (!rows.has(code)) setUnitState(code, "grid", { paint: null, outline: null });
      }
      for (const [code, row] of rows) {
        setUnitState(code, "grid", { paint: row.paint, outline: row.outline });
      }
      painted = new Set(rows.keys());
    },

    /** A pin, and round it the circle in which the position may really lie. */
    setPin(at: LonLat | null, radius: readonly LonLat[] | null = null, stale = false): void {
      setData("pin", at ? pointAt(at, { stale }) : NOTHING);
      setData(
        "accuracy",
        radius
          ? {
              type: "FeatureCollection",
              features: [
                {
                  type: "Feature",
                  properties: { stale },
                  geometry: { type: "Polygon", coordinates: [radius.map((p) => [...p])] },
                },
              ],
            }
          : NOTHING,
      );
    },

    /** Draw a draft; `villages` are the codes whose borders in force it is held against. */
    setDraft(cells: FeatureCollection, borders: FeatureCollection, villages: readonly string[]): void {
      setData("draft", cells);
      setData("draft-borders", borders);
      if (map.getLayer("draft-old")) {
        map.setFilter("draft-old", ["in", ["slice", ["get", "code"], 0, 12], ["literal", [...villages]]]);
      }
    },

    showDraft(visible: boolean): void {
      for (const layer of map.getStyle().layers) {
        if (layer.id.startsWith("draft-")) {
          map.setLayoutProperty(layer.id, "visibility", visible ? "visible" : "none");
        }
      }
    },

    markCells(marks: ReadonlyMap<number, CellMark>): void {
      for (const cell of marked.keys()) {
        if (!marks.has(cell)) map.setFeatureState({ source: "draft", id: cell }, { mark: null });
      }
      for (const [cell, mark] of marks) {
        if (marked.get(cell) !== mark) map.setFeatureState({ source: "draft", id: cell }, { mark });
      }
      marked = new Map(marks);
    },

    setFaults(faults: FeatureCollection): void {
      setData("faults", faults);
    },

    setMine(area: FeatureCollection, around: FeatureCollection, names: FeatureCollection): void {
      setData("mine", area);
      setData("around", around);
      setData("around-name", names);
    },

    setSketch(line: readonly LonLat[]): void {
      const vertices = line.map((p) => [...p]);
      setData("sketch", {
        type: "FeatureCollection",
        features: [
          ...(line.length > 1
            ? [{ type: "Feature" as const, properties: {}, geometry: { type: "LineString" as const, coordinates: vertices } }]
            : []),
          ...line.map((p) => pointAt(p, {}).features[0]).filter((p) => p !== undefined),
        ],
      });
    },

    /** Paint cells while the button is held; none leaves the mouse to the map again. */
    brush(onCell: ((cell: number) => void) | null): void {
      brushing = onCell;
    },

    async sketchLine(onFinish: (line: LonLat[]) => void): Promise<Sketch> {
      const { sketchLine } = await import("./sketch");
      sketch?.stop();
      await ready;
      const started = sketchLine(map, theme.draft.new.colour as `#${string}`, onFinish);
      const own: Sketch = {
        clear: started.clear,
        stop() {
          started.stop();
          if (sketch === own) sketch = null;
          canvas.style.cursor = "";
        },
      };
      sketch = own;
      return own;
    },

    cursor(name: "" | "crosshair" | "pointer" | "copy"): void {
      canvas.style.cursor = name;
    },

    /** Incidents change without a publication: ask for their tiles anew. */
    refreshIncidents(): void {
      const source = map.getSource("incidents") as VectorTileSource | undefined;
      const address = source?.tiles?.[0]?.split("?")[0];
      if (source && address) source.setTiles([`${address}?at=${Date.now()}`]);
    },

    /** Take the tiles of another publication, keeping the view. */
    setPublication(publication: number): void {
      for (const name of ["units", ...options.sources.points]) {
        const source = map.getSource(name) as VectorTileSource | undefined;
        const address = source?.tiles?.[0];
        if (source && address) {
          source.setTiles([address.replace(/\/tiles\/\d+\//, `/tiles/${publication}/`)]);
        }
      }
    },

    firstZoom(code: string): number {
      return FIRST_ZOOM[levelOf(code) ?? "county"];
    },

    remove(): void {
      removed = true;
      sketch?.stop();
      map.remove();
    },
  };
}

function pointAt(at: LonLat, properties: Record<string, unknown>): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: [{ type: "Feature", properties, geometry: { type: "Point", coordinates: [...at] } }],
  };
}
