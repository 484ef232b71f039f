/** The door to MapLibre: nothing outside this folder knows it. What `createMap` puts up, `remove` takes down. */
import {
  AttributionControl,
  Map as MapLibreMap,
  setWorkerUrl,
  type MapMouseEvent,
  type VectorTileSource,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
// The worker is a file of our own: the content policy allows neither blob: workers nor eval.
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import type { Bbox } from "../boot";
import { levelOf } from "../codes";
import type { LonLat } from "../contract";
import type { View } from "../state/url";
import { FIRST_ZOOM, groupOf, LEVELS, PLAIN_FACE, type Group } from "./basics";
import type { Border, BorderOptions } from "./border";
import { draftOverlay } from "./draft-style";
import { drawnOn } from "./drawn";
import { hitAt, type Hit, type Pixel } from "./hits";
import { clusterOverlay } from "./hotspot-style";
import { hatch, picture, PIXEL_RATIO } from "./images";
import { marksOn } from "./marks";
import { changesOverlay, faultOverlay, mineOverlay, pinOverlay, placesOverlay } from "./overlays";
import { countyStyle, type Sources } from "./style";
import type { Theme } from "./theme";

export type { Hit, Pixel } from "./hits";
export type { CellMark, PaintRow } from "./marks";

setWorkerUrl(workerUrl);

export type OverlayName = "pin" | "draft" | "faults" | "mine" | "changes" | "clusters" | "places";

export interface MapOptions {
  readonly container: HTMLElement;
  readonly theme: Theme;
  readonly sources: Omit<Sources, "origin">;
  /** A path before that of the tiles, for who may ask for no others. */
  readonly tiles?: string | undefined;
  readonly overlays: readonly OverlayName[];
  readonly hidden?: readonly Group[];
  /** Keep the units' own lines and selection back, where the map paints something else. */
  readonly quiet?: boolean;
  /** A picture beside another map: it is neither dragged nor asked. */
  readonly still?: boolean;
  readonly bbox: Bbox | null;
  readonly view?: View | null;
  /** The container is magnified this many times: as many pixels more keep it sharp. */
  readonly enlarge?: number | undefined;
  readonly words: { readonly label: string; readonly attribution: string };
  readonly onMove?: (view: View) => void;
  readonly onPoint?: (hit: Hit | null) => void;
  readonly onClick?: (hit: Hit) => void;
  readonly onDoubleClick?: (hit: Hit) => void;
  readonly onTileProblem?: () => void;
}

const OVERLAYS = {
  pin: pinOverlay,
  draft: draftOverlay,
  faults: faultOverlay,
  mine: mineOverlay,
  changes: changesOverlay,
  clusters: clusterOverlay,
  places: placesOverlay,
};
const FIT_PADDING = 36;
const SELECT_MAX_ZOOM = 16;
const HOVER_ZOOM = 11.6;

/** Whether this browser can draw a map at all. */
export function canDraw(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

export type GridMap = ReturnType<typeof createMap>;

function styleOf({ theme, sources, tiles = "", overlays, hidden = [] }: MapOptions) {
  const style = countyStyle(theme, { ...sources, origin: `${location.origin}${tiles}` });
  const added = overlays.map((name) => OVERLAYS[name](theme));
  const kept = Object.assign({}, style.sources, ...added.map((overlay) => overlay.sources));
  const layers = [...style.layers, ...added.flatMap((overlay) => overlay.layers)].filter(
    (layer) => !("source" in layer) || layer.source in kept,
  );
  return {
    ...style,
    sources: kept,
    layers: layers.map((layer) => {
      const group = groupOf(layer);
      return group && hidden.includes(group)
        ? ({ ...layer, layout: { ...layer.layout, visibility: "none" } } as typeof layer)
        : layer;
    }),
  };
}

/** Units as thin lines without a selection: something else is painted on them. */
function hush(map: MapLibreMap, theme: Theme): void {
  for (const level of LEVELS) {
    if (!map.getLayer(`${level}-line`)) continue;
    const far = level === "grid" || level === "village" || level === "subgroup";
    map.setPaintProperty(`${level}-line`, "line-color", far ? theme.paper.rule : theme.paper.muted);
    map.setPaintProperty(`${level}-touch`, "fill-opacity", [
      "case",
      ["boolean", ["feature-state", "hover"], false],
      theme.hover.fill_opacity,
      0,
    ]);
  }
}

export function createMap(options: MapOptions) {
  const { theme, container } = options;
  const map = new MapLibreMap({
    container,
    style: styleOf(options),
    ...(options.view
      ? { center: [...options.view.at] as [number, number], zoom: options.view.zoom }
      : options.bbox
        ? { bounds: [...options.bbox] as [number, number, number, number], fitBoundsOptions: { padding: FIT_PADDING } }
        : {}),
    minZoom: 5,
    maxZoom: 20,
    attributionControl: false,
    interactive: !options.still,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    localIdeographFontFamily: PLAIN_FACE.join(","),
    // Weak desktops: no fading of labels, one device pixel a pixel at most twice.
    fadeDuration: 0,
    pixelRatio: Math.min(window.devicePixelRatio, 2) * (options.enlarge ?? 1),
    doubleClickZoom: options.onDoubleClick === undefined,
    validateStyle: import.meta.env.DEV,
  });
  if (!options.still) {
    map.addControl(
      new AttributionControl({ compact: false, customAttribution: options.words.attribution }),
      "bottom-right",
    );
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
  }
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", options.words.label);

  const marks = marksOn(map);
  let brushing: ((cell: number) => void) | null = null;
  let drawing = false;
  let border: Border | null = null;
  let removed = false;

  const ready = new Promise<void>((resolve) => {
    map.once("load", () => resolve());
  });
  if (options.quiet) map.once("load", () => hush(map, theme));
  map.setMissingStyleImageResolver((name) => {
    const found = name === "changed" ? hatch(theme.draft.new.colour, 10, 1) : picture(name, theme);
    if (found && !map.hasImage(name)) map.addImage(name, found, { pixelRatio: PIXEL_RATIO });
  });

  // Events -----------------------------------------------------------------------------------

  function hitOf(event: MapMouseEvent): Hit {
    return hitAt(map, event.point, [event.lngLat.lng, event.lngLat.lat]);
  }

  let frame = 0;
  map.on("mousemove", (event) => {
    // A border under the hand takes every frame there is: nothing is asked of the map meanwhile.
    if (frame || (border && event.originalEvent.buttons === 1)) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (removed) return;
      // A pen asks for the place alone; so far out that cells have no names a hovered one is no help.
      const at: LonLat = [event.lngLat.lng, event.lngLat.lat];
      const hit = drawing ? { at, units: {}, point: null, cell: null } : hitOf(event);
      marks.hoverCell(map.getZoom() < HOVER_ZOOM ? null : hit.cell);
      if (brushing && event.originalEvent.buttons === 1 && hit.cell !== null) brushing(hit.cell);
      options.onPoint?.(hit);
    });
  });
  map.on("mouseout", () => {
    marks.hover(null);
    marks.hoverCell(null);
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
  map.on("click", (event) => options.onClick?.(hitOf(event)));
  map.on("dblclick", (event) => options.onDoubleClick?.(hitOf(event)));
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

  function unproject({ x, y }: Pixel): LonLat {
    const { lng, lat } = map.unproject([x, y]);
    return [lng, lat];
  }

  // Whoever photographs or checks the map waits for `data-idle`: nothing moves, nothing is awaited.
  const busy = (): void => container.removeAttribute("data-idle");
  map.on("movestart", busy);
  map.on("dataloading", busy);
  map.on("idle", () => container.setAttribute("data-idle", "yes"));

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  return {
    ...marks,
    ...drawnOn(map),
    ready,
    view,
    canvas,
    unproject,

    project(at: LonLat): Pixel {
      const { x, y } = map.project([at[0], at[1]]);
      return { x, y };
    },

    /** What a click at this pixel of the map's frame would hit. */
    hitAt(pixel: Pixel): Hit {
      return hitAt(map, pixel, unproject(pixel));
    },

    fit(bbox: Bbox, maxZoom = SELECT_MAX_ZOOM, padding = FIT_PADDING): void {
      map.fitBounds([...bbox], { padding, maxZoom, animate: !calm, duration: 500 });
    },

    goTo(at: LonLat, zoom?: number): void {
      map.easeTo({ center: [...at], ...(zoom ? { zoom } : {}), animate: !calm, duration: 400 });
    },

    setView(view: View): void {
      map.jumpTo({ center: [...view.at] as [number, number], zoom: view.zoom });
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

    /** Follow another map's frame by frame movements; the function that comes back lets go. */
    onEveryMove(run: (view: View) => void): () => void {
      const listen = (): void => run(view());
      map.on("move", listen);
      return () => map.off("move", listen);
    },

    show(group: Group, visible: boolean): void {
      for (const layer of map.getStyle().layers) {
        if (groupOf(layer) === group) {
          map.setLayoutProperty(layer.id, "visibility", visible ? "visible" : "none");
        }
      }
    },

    /** Paint cells while the button is held; none leaves the mouse to the map again. */
    brush(onCell: ((cell: number) => void) | null): void {
      brushing = onCell;
    },

    /** While a pen draws, two clicks are two vertices and not a wish to come nearer. */
    pen(on: boolean): void {
      drawing = on;
      if (on) map.doubleClickZoom.disable();
      else if (options.onDoubleClick === undefined) map.doubleClickZoom.enable();
    },

    async editBorder(wanted: Omit<BorderOptions, "colour">): Promise<Border> {
      const { editBorder } = await import("./border");
      border?.stop();
      await ready;
      const started = editBorder(map, { ...wanted, colour: theme.draft.new.colour as `#${string}` });
      const own: Border = {
        set: started.set,
        stop() {
          started.stop();
          if (border === own) border = null;
        },
      };
      border = own;
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
      border?.stop();
      map.remove();
    },
  };
}
