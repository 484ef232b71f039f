/** What the chosen tool does with a press, a movement and a key; the plan changes by steps only. */
import { computed, nextTick, ref, shallowRef, watch, type ShallowRef } from "vue";

import type { LonLat } from "../contract";
import type { CellMark, GridMap, Hit } from "../map/map";
import type { StepWish } from "../plans/contract";
import { t } from "../text";
import { done } from "../ui/toasts";
import type { Doing } from "./keep";
import { nodes } from "./arcs";
import { hintOf } from "./hints";
import { pairsOf } from "./pairs";
import type { Drawing } from "./pen";
import type { Proposal } from "./proposal";
import { drawsWith, needsGrid, type Tool } from "./tools";
import { useBorder } from "./use-border";
import { useBrush } from "./use-brush";
import type { Outbox } from "./use-outbox";
import { usePen } from "./use-pen";
import type { PlanState } from "./use-plan";

export type Tools = ReturnType<typeof useTools>;

/** From west to east, so that Tab goes the same way each time. */
function inOrder(places: readonly LonLat[]): LonLat[] {
  return [...places].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

export function useTools(state: PlanState, outbox: Outbox, map: ShallowRef<GridMap | undefined>) {
  const { coverage } = state;
  const tool = ref<Tool>("select");
  const grid = ref<string | null>(null);
  const picked = ref<number | null>(null);
  const proposal = shallowRef<Proposal | null>(null);
  const pen = usePen(coverage, map);
  const brush = useBrush(coverage, outbox);
  const border = useBorder(coverage, outbox, pen, map);

  const hint = computed(() =>
    hintOf({
      tool: tool.value,
      villages: coverage.villages.size,
      grid: grid.value && coverage.nameOf(grid.value),
      target: brush.brush.value.target && coverage.nameOf(brush.brush.value.target),
      border: border.about.value,
      vertices: pen.vertices.value,
      holding: border.held.value !== null,
    }),
  );

  /** Which cells stand out: those under the brush, the grid that receives, the grid that goes. */
  const marks = computed(() => {
    const found = new Map<number, CellMark>();
    const whole = (code: string | null, mark: CellMark): void => {
      if (!code) return;
      for (const [id, cell] of coverage.cells.value) {
        if (cell.properties.grid_code === code) found.set(id, mark);
      }
    };
    whole(brush.brush.value.target, "target");
    whole(grid.value, tool.value === "merge" ? "from" : "target");
    if (proposal.value?.tool === "merge") whole(proposal.value.into, "target");
    if (picked.value !== null) found.set(picked.value, "target");
    for (const id of brush.brush.value.cells) found.set(id, "brush");
    return found;
  });
  watch(marks, (found) => map.value?.markCells(found));

  function takeUp(from: readonly LonLat[] = []): void {
    const draws = drawsWith(tool.value);
    if (draws && (!needsGrid(tool.value) || grid.value)) pen.start(draws === "ring", from);
  }

  /** Let go of everything in hand; the tool stays. */
  function reset(): void {
    if (pen.vertices.value.length) outbox.keepDoing(null);
    brush.clear();
    border.drop();
    pen.stop();
    grid.value = picked.value = proposal.value = null;
    map.value?.setPin(null);
    takeUp();
  }

  watch(tool, (now) => {
    reset();
    map.value?.cursor(now === "select" || now === "move" ? "" : "crosshair");
    map.value?.brush(now === "brush" ? brush.dragOver : null);
    border.nodesShown(now === "move" || drawsWith(now) !== null);
  });

  // What is being drawn is kept at each vertex: a crash takes nothing that was seen.
  watch(pen.vertices, (vertices) => {
    if (vertices.length === 0 || tool.value === "measure") return;
    outbox.keepDoing({ tool: tool.value, grid: grid.value, vertices });
  });

  function propose({ vertices }: Drawing): Proposal | null {
    switch (tool.value) {
      case "split":
        return grid.value ? { tool: "split", grid: grid.value, line: vertices } : null;
      case "nibble":
        return grid.value ? { tool: "nibble", grid: grid.value, ring: vertices } : null;
      case "draw":
        return { tool: "draw", ring: vertices };
      case "reshape": {
        const pairs = pairsOf(coverage.arcs.value.values(), vertices, map.value?.view().zoom ?? 0);
        return { tool: "reshape", pairs, line: vertices };
      }
      default:
        return null;
    }
  }
  watch(pen.finished, (drawn) => {
    if (drawn) proposal.value = propose(drawn);
  });

  function choose(code: string, village: string): void {
    if (tool.value !== "merge" || !grid.value || grid.value === code) {
      grid.value = code;
      takeUp();
    } else if (grid.value.slice(0, 12) !== village) done(t("hint.other_village"));
    else proposal.value = { tool: "merge", from: grid.value, into: code };
  }

  /** A press at a place of the map, by mouse or by crosshair; says whether a tool wanted it. */
  function press(hit: Hit, byKeys = false): boolean {
    if (proposal.value) return true;
    const cell = coverage.cellOf(hit.cell);
    if (tool.value === "move") {
      if (byKeys) border.enter(hit.at);
      else border.click(hit.at);
      return border.picked.value !== null || cell !== null;
    }
    if (pen.drawing.value) {
      if (tool.value === "measure" && pen.finished.value) takeUp();
      if (!pen.vertex(hit.at)) done(t("hint.too_short"));
      return true;
    }
    if (!cell) return false;
    if (tool.value === "brush") brush.click(cell.cell_id);
    else if (needsGrid(tool.value)) {
      if (cell.grid_code) choose(cell.grid_code, cell.village_code);
    } else picked.value = cell.cell_id;
    return true;
  }

  function hover(at: LonLat | null): void {
    if (tool.value === "move") border.hover(at);
    else pen.hover(at);
  }

  /** The drawing is not right: keep the grid, draw on from where the pen was. */
  function again(clear = false): void {
    const vertices = clear ? [] : pen.vertices.value.slice(0, -1);
    proposal.value = null;
    map.value?.setPin(null);
    if (tool.value !== "merge") takeUp(vertices);
  }

  async function take(wish: StepWish, what: string): Promise<void> {
    const sent = await outbox.step(what, wish);
    // A refused drawing stays under the pen; it is also in the list, for later.
    if (sent === "refused") again();
    else reset();
  }

  /** Go on with a drawing that an earlier visit left. */
  async function resume(doing: Doing): Promise<void> {
    tool.value = doing.tool;
    await nextTick();
    grid.value = doing.grid;
    takeUp(doing.vertices);
  }

  /** A step back inside the drawing; false where there is nothing in hand. */
  function back(): boolean {
    if (pen.vertices.value.length === 0 || proposal.value) return false;
    pen.back();
    return true;
  }

  function forth(): boolean {
    if (!pen.drawing.value?.undone.length || proposal.value) return false;
    pen.forth();
    return true;
  }

  /** One thing less in hand, then the tool itself; false when nothing was left to leave. */
  function leave(): boolean {
    if (proposal.value) again();
    else if (border.held.value !== null || border.drawn.value) border.putBack();
    else if (pen.vertices.value.length || grid.value || border.picked.value || picked.value !== null || brush.brush.value.target) reset();
    else if (tool.value !== "select") tool.value = "select";
    else return false;
    return true;
  }

  /** Where Tab takes the crosshair: vertices and borders, nodes to draw to, or the middles of grids. */
  const stops = computed<readonly LonLat[]>(() => {
    if (border.picked.value) return border.line.value;
    if (tool.value === "move") return inOrder(border.middles.value);
    const found = pen.drawing.value
      ? [...nodes(coverage.arcs.value.values()).values()]
      : coverage.middles.value;
    return inOrder(found);
  });

  return {
    tool, grid, picked, proposal, hint, pen, brush, border, stops,
    press, hover, again, take, resume, back, forth, leave, reset,
  };
}
