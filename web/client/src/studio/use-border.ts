/** Moving borders: one is picked, its vertices are dragged or nudged, both sides follow at once. */
import { computed, shallowRef, watch, type ShallowRef } from "vue";

import type { LonLat } from "../contract";
import type { GridMap } from "../map/map";
import type { Border } from "../map/border";
import { t } from "../text";
import { done } from "../ui/toasts";
import {
  changes, deletedVertex, insertedVertex, mayBecome, meeting, movedVertex, nodes, redrawn, sides, type Arc, type Arcs,
} from "./arcs";
import { crossingAmong, selfCrossing } from "./crossing";
import { pixelsAlong, pixelsBetween } from "./lattice";
import { nearestEdge, PICK_PX, snap } from "./snap";
import type { Coverage } from "./use-coverage";
import type { Outbox } from "./use-outbox";
import type { Pen } from "./use-pen";

// A handle under a finger tip or under the crosshair.
const HANDLE_PX = 9;
// A click this near to a vertex means the vertex.
const VERTEX_PX = 6;
// On a shorter border the handles of its ends and of its middle lie on one another.
const LEAST_PX = 60;

export type BorderTool = ReturnType<typeof useBorder>;

export function useBorder(
  coverage: Coverage,
  outbox: Outbox,
  pen: Pen,
  map: ShallowRef<GridMap | undefined>,
) {
  const picked = shallowRef<string | null>(null);
  const near = shallowRef<string | null>(null);
  const drawn = shallowRef<Arcs | null>(null);
  /** The vertex that the crosshair has taken up. */
  const held = shallowRef<number | null>(null);
  let handles: Border | null = null;
  /** The press that is about to be heard as a click has set a vertex by its handle already. */
  let inserted = false;

  const arc = computed(() => (picked.value ? (coverage.arcs.value.get(picked.value) ?? null) : null));
  const line = computed(() => (picked.value ? (drawn.value ?? coverage.arcs.value).get(picked.value)?.line : null) ?? []);
  const redrawings = computed(() => (drawn.value ? changes(coverage.arcs.value, drawn.value) : new Map()));
  const sidesOf = (one: Arc): string =>
    t("border.between", { a: coverage.nameOf(one.left_grid), b: coverage.nameOf(one.right_grid) });
  const about = computed(() => (arc.value ? sidesOf(arc.value) : ""));

  function zoom(): number {
    return map.value?.view().zoom ?? 0;
  }

  function show(): void {
    const traces = [...redrawings.value].flatMap(([id, { before, after }]) => [
      { role: "old" as const, line: before },
      ...(id === picked.value ? [] : [{ role: "new" as const, line: after }]),
    ]);
    const candidate = near.value && near.value !== picked.value ? coverage.arcs.value.get(near.value) : null;
    map.value?.setTraces([...traces, ...(candidate ? [{ role: "near" as const, line: candidate.line }] : [])]);
    map.value?.setPreview(
      drawn.value ? sides(drawn.value, redrawings.value, coverage.tintOf) : { type: "FeatureCollection", features: [] },
    );
  }
  watch([redrawings, near, picked], show);

  function redraw(next: readonly LonLat[]): void {
    if (picked.value) drawn.value = redrawn(coverage.arcs.value, picked.value, next);
  }

  /** Where a dragged vertex is caught: never by the borders that move along. */
  function catchAt(at: LonLat, index: number): LonLat | null {
    if (!pen.snapping.value || !arc.value) return null;
    const own = new Set([arc.value.arc_id]);
    const ends: readonly [number, string][] = [[0, arc.value.start], [line.value.length - 1, arc.value.end]];
    for (const [end, node] of ends) {
      if (index === end) for (const one of meeting(coverage.arcs.value, node)) own.add(one.arc_id);
    }
    const found = snap(pen.edges.value.filter((one) => !own.has(one.arc_id)), at, zoom());
    map.value?.setSnap(found?.at ?? null, found?.kind);
    return found?.at ?? null;
  }

  /** Why the borders as drawn cannot be: a bow-tie has no inside. */
  function bowTie(): LonLat | null {
    if (!drawn.value) return null;
    for (const [id, { after }] of redrawings.value) {
      const one = coverage.arcs.value.get(id);
      const beside = [...drawn.value.values()].filter(
        (other) => other.arc_id !== id && [other.left, other.right].some((cell) => cell !== null && (cell === one?.left || cell === one?.right)),
      );
      const at = selfCrossing(after) ?? crossingAmong(after, beside.map((other) => other.line));
      if (at) return at;
    }
    return null;
  }

  /** Send what was redrawn as one step; a refusal puts the border back where it was. */
  async function commit(): Promise<void> {
    const now = drawn.value;
    const moved = [...redrawings.value.values()];
    if (!now || moved.length === 0) return;
    const cross = bowTie();
    if (cross) {
      done(t("border.crosses"));
      map.value?.setPin(cross);
      return putBack();
    }
    const sent = await outbox.step(t("border.did", { border: about.value }), { tool: "move", arcs: moved });
    if (sent === "waiting") coverage.foresee(now);
    putBack();
  }

  function putBack(): void {
    drawn.value = null;
    held.value = null;
    map.value?.setSnap(null);
    if (arc.value) handles?.set(arc.value.line);
  }

  function drop(): void {
    handles?.stop();
    handles = null;
    inserted = false;
    picked.value = drawn.value = held.value = null;
    map.value?.setSnap(null);
  }

  /** What a hand points at, unless it could not tell one handle from the next. */
  function choose(one: Arc): void {
    if (!one.locked && pixelsAlong(one.line, zoom()) < LEAST_PX) return done(t("border.near"));
    void pick(one);
  }

  async function pick(one: Arc): Promise<void> {
    drop();
    if (one.locked) return done(t("border.locked"));
    picked.value = one.arc_id;
    const made = await map.value?.editBorder({
      line: one.line,
      snap: catchAt,
      // While a step is on its way the border is not there to be moved again.
      allowed: (next) => !outbox.sending.value && arc.value !== null && mayBecome(coverage.arcs.value, arc.value, next),
      onChange: redraw,
      onDone(next, how) {
        redraw(next);
        inserted = how === "insert";
        // A vertex that only lies on the line is kept in hand until it is moved.
        if (!inserted) void commit();
      },
    });
    // Somebody has picked another one while the library was being fetched.
    if (picked.value === one.arc_id) handles = made ?? null;
    else made?.stop();
  }

  // After a step the borders come anew: a border that was cut or joined has another name.
  watch(coverage.arcs, (arcs) => {
    map.value?.setNodes([...nodes(arcs.values()).values()]);
    if (!picked.value) return;
    const same = arcs.get(picked.value);
    if (same) handles?.set(same.line);
    else {
      const middle = line.value[Math.floor(line.value.length / 2)];
      const other = middle ? nearestEdge(arcs.values(), middle, zoom(), PICK_PX) : null;
      if (other) void pick(other.arc);
      else drop();
    }
  });

  function edgeAt(at: LonLat) {
    return nearestEdge(coverage.arcs.value.values(), at, zoom(), PICK_PX);
  }

  function hover(at: LonLat | null): void {
    near.value = at ? (edgeAt(at)?.arc.arc_id ?? null) : null;
    map.value?.cursor(near.value ? "pointer" : "");
  }

  /** A click with the mouse: it picks a border; on the picked one it sets a vertex to be dragged. */
  function click(at: LonLat): void {
    const found = edgeAt(at);
    if (found && found.arc.arc_id !== picked.value) choose(found.arc);
    else if (found) insert(at);
    else if (drawn.value === null) drop();
  }

  /** At village zoom the handle between two vertices lies within the reach of both: the line will do. */
  function insert(at: LonLat): void {
    if (inserted || !arc.value || outbox.sending.value) {
      inserted = false;
      return;
    }
    if (vertexAt(at, VERTEX_PX) !== null) return;
    const edge = nearestEdge([{ ...arc.value, line: line.value }], at, zoom(), PICK_PX);
    if (!edge) return;
    const next = insertedVertex(line.value, edge.index, edge.at);
    redraw(next);
    handles?.set(next);
  }

  function vertexAt(at: LonLat, reach = HANDLE_PX): number | null {
    const index = line.value.findIndex((vertex) => pixelsBetween(vertex, at, zoom()) <= reach);
    return index < 0 ? null : index;
  }

  /** Enter at the crosshair: pick a border, take up a vertex or a new one on the edge, let go. */
  function enter(at: LonLat): void {
    if (held.value !== null) {
      held.value = null;
      void commit();
      return;
    }
    const vertex = picked.value ? vertexAt(at) : null;
    if (vertex !== null) {
      held.value = vertex;
      return;
    }
    const found = edgeAt(at);
    if (!found) return;
    if (found.arc.arc_id !== picked.value) return choose(found.arc);
    redraw(insertedVertex(line.value, found.index, found.at));
    held.value = found.index + 1;
  }

  /** The crosshair has moved; what it holds goes along, unless an end may not. */
  function carry(at: LonLat): boolean {
    if (held.value === null || !arc.value) return true;
    const next = movedVertex(line.value, held.value, catchAt(at, held.value) ?? at);
    if (!mayBecome(coverage.arcs.value, arc.value, next)) return false;
    redraw(next);
    handles?.set(next);
    return true;
  }

  /** Take away the vertex under the crosshair. */
  function remove(at: LonLat): void {
    const vertex = held.value ?? vertexAt(at);
    if (vertex === null) return;
    const next = deletedVertex(line.value, vertex);
    if (next === line.value) return done(t("border.end_stays"));
    redraw(next);
    void commit();
  }

  /** The middles of all borders that may be picked. */
  const middles = computed(() =>
    pen.edges.value
      .filter((one) => !one.locked)
      .map((one) => one.line[Math.floor(one.line.length / 2)])
      .filter((at) => at !== undefined),
  );

  return {
    picked, held, drawn, arc, line, about, middles,
    click, hover, enter, carry, remove, drop, putBack,
    nodesShown: (shown: boolean) => map.value?.setNodes(shown ? [...nodes(coverage.arcs.value.values()).values()] : []),
  };
}
