/** The pen: vertices by click or by crosshair, caught by borders, kept at each vertex. */
import { computed, ref, shallowRef, watch, type ShallowRef } from "vue";

import type { LonLat } from "../contract";
import type { GridMap } from "../map/map";
import { back, begin, finish, forth, press, type Drawing, type Stroke } from "./pen";
import { snap } from "./snap";
import type { Coverage } from "./use-coverage";

export type Pen = ReturnType<typeof usePen>;

export function usePen(coverage: Coverage, map: ShallowRef<GridMap | undefined>) {
  const drawing = shallowRef<Drawing | null>(null);
  const ahead = shallowRef<LonLat | null>(null);
  const snapping = ref(true);
  const finished = shallowRef<Drawing | null>(null);
  const edges = computed(() => [...coverage.arcs.value.values()]);
  const vertices = computed(() => drawing.value?.vertices ?? []);

  /** Where a pointer at a position counts: on the node or edge that catches it, else there. */
  function caught(at: LonLat): LonLat {
    const zoom = map.value?.view().zoom ?? 0;
    const found = snapping.value ? snap(edges.value, at, zoom) : null;
    map.value?.setSnap(found?.at ?? null, found?.kind);
    return found?.at ?? at;
  }

  function take(stroke: Stroke): boolean {
    if (stroke.kind === "too_short") return false;
    drawing.value = stroke.drawing;
    ahead.value = null;
    if (stroke.kind === "finished") finished.value = stroke.drawing;
    return true;
  }

  /** Take the pen up; with vertices it goes on from them. */
  function start(ring: boolean, from: readonly LonLat[] = []): void {
    finished.value = null;
    drawing.value = begin(ring, from);
    map.value?.pen(true);
  }

  function stop(): void {
    drawing.value = finished.value = ahead.value = null;
    map.value?.pen(false);
    map.value?.setSnap(null);
  }

  /** Set a vertex; false where the line is too short to end. `exact` is not caught by anything. */
  function vertex(at: LonLat, exact = false): boolean {
    if (!drawing.value || finished.value) return true;
    const zoom = map.value?.view().zoom ?? 0;
    return take(press(drawing.value, exact ? at : caught(at), zoom));
  }

  function hover(at: LonLat | null): void {
    if (!drawing.value || finished.value) return;
    ahead.value = at ? caught(at) : null;
  }

  function change(next: (drawing: Drawing) => Drawing): void {
    if (drawing.value && !finished.value) drawing.value = next(drawing.value);
  }

  watch([drawing, ahead], ([now, next]) => {
    map.value?.setSketch(now?.vertices ?? [], finished.value ? null : next, now?.ring ?? false);
  });
  watch(snapping, () => map.value?.setSnap(null));

  return {
    drawing, vertices, ahead, finished, snapping, edges, caught, start, stop, vertex, hover,
    end: () => (drawing.value ? take(finish(drawing.value)) : false),
    back: () => change(back),
    forth: () => change(forth),
  };
}
