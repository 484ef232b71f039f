/** The studio as a whole: the plan, its steps on their way, the tools, and what the map shows of it. */
import { computed, ref, shallowRef, watch } from "vue";

import { api } from "../api";
import { boot, may } from "../boot";
import type { LonLat } from "../contract";
import { joinBoxes } from "../format";
import type { GridMap } from "../map/map";
import type { Traced } from "../map/drawn";
import { theme } from "../map/theme";
import { planApi } from "../plans/api";
import type { BalanceProposal, Cell, Fault, Piece, PlanChange } from "../plans/contract";
import { t, word } from "../text";
import { done, tellProblem } from "../ui/toasts";
import { boxOf, drawing, tinted } from "./cells";
import type { Keep } from "./conflicts";
import type { Refused } from "./keep";
import { drawnOf } from "./outcome";
import { useCrosshair } from "./use-crosshair";
import { useLease } from "./use-lease";
import { useOutbox } from "./use-outbox";
import { usePlan } from "./use-plan";
import { useTools } from "./use-tools";

const NARROW = window.matchMedia("(max-width: 720px)");
const NONE = { type: "FeatureCollection" as const, features: [] };
const FAULT_LOOK = theme().faults;

export type Studio = ReturnType<typeof useStudio>;

export function useStudio(id: string) {
  const map = shallowRef<GridMap>();
  const state = usePlan(id);
  const { coverage, plan } = state;
  const outbox = useOutbox(state);
  const tools = useTools(state, outbox, map);
  const crosshair = useCrosshair(tools, coverage, map);
  const before = ref(false);
  const comparing = ref(false);
  const narrow = ref(NARROW.matches);
  NARROW.addEventListener("change", ({ matches }) => (narrow.value = matches));
  const editable = computed(
    () => state.open.value && may("plan.edit") && !narrow.value && outbox.found.value === null,
  );
  const canUndo = computed(
    () => editable.value && !outbox.sending.value && (outbox.away.value ? outbox.queue.value.length > 0 : plan.value?.can_undo === true && !outbox.busy.value),
  );
  const canRedo = computed(() => editable.value && plan.value?.can_redo === true && !outbox.busy.value);
  const lease = useLease(
    id,
    () => (editable.value ? [...coverage.villages.keys()] : []),
    async () => {
      if (outbox.busy.value || outbox.clash.value || !(await state.refresh())) return;
      const last = plan.value?.steps.at(-1);
      if (last) done(t("presence.changed", { who: last.by ?? t("state.unknown"), step: word("tool", last.tool) }));
    },
  );

  async function addVillage(code: string, name?: string): Promise<void> {
    try {
      await coverage.add(code, name ?? (await api.unit(code)).name);
      void lease.renew();
    } catch (error) {
      tellProblem(error);
    }
  }

  async function open(villages: readonly string[]): Promise<void> {
    await outbox.look();
    await state.load();
    if (!plan.value) return;
    const wanted = villages.length ? villages : plan.value.village_codes;
    await Promise.all(wanted.map((code) => addVillage(code)));
    try {
      await outbox.findSketches();
      if (plan.value.base_publication !== boot().publication) await state.findConflicts();
    } catch (error) {
      tellProblem(error);
    }
  }

  // What the map shows -----------------------------------------------------------------------

  function draw(): void {
    map.value?.setDraft(tinted(coverage.cells.value, coverage.tint.value), drawing(coverage.cells.value), [...coverage.villages.keys()]);
  }
  watch([coverage.cells, coverage.tint], draw);

  function fit(wanted: (cell: Cell) => boolean): void {
    const box = joinBoxes([...coverage.cells.value.values()].filter(wanted).map(boxOf));
    if (box) map.value?.fit(box, 17);
  }

  watch(state.faults, (faults: readonly Fault[]) => {
    map.value?.setFaults({
      type: "FeatureCollection",
      features: faults
        .filter((fault) => fault.at)
        .map((fault) => {
          const look = Object.entries(FAULT_LOOK).find(([kind]) => fault.code.includes(kind))?.[1];
          return {
            type: "Feature",
            properties: { colour: look?.colour ?? "#b2182b", mark: look?.mark ?? "!" },
            geometry: { type: "Point", coordinates: [...(fault.at ?? [0, 0])] },
          };
        }),
    });
  });

  function goTo(at: LonLat | null): void {
    if (at) map.value?.goTo(at, 17);
  }

  /** Show a fault as large as it fits; a place alone from near by. */
  function frame({ at, bbox }: Fault): void {
    if (bbox) map.value?.fit(bbox, 17);
    else goTo(at);
  }

  // Drawings that are not in the plan: waiting for the server, refused, left by an earlier visit.
  const shown = shallowRef<Refused | null>(null);
  const asides = computed<readonly Traced[]>(() => {
    const trace = (role: Traced["role"], lines: readonly (readonly LonLat[])[]): Traced[] => lines.map((line) => ({ role, line }));
    const { queue, found } = outbox;
    return [
      ...trace("waiting", queue.value.flatMap((one) => drawnOf(one.wish))),
      ...trace("kept", shown.value ? drawnOf(shown.value.wish) : []),
      ...(comparing.value && found.value
        ? trace("kept", [...found.value.queue, ...found.value.refused].flatMap((one) => drawnOf(one.wish)).concat(found.value.doing ? [found.value.doing.vertices] : []))
        : []),
    ];
  });
  watch(asides, (traces) => map.value?.setAsides(traces));

  function showRefused(one: Refused): void {
    shown.value = one;
    const at = one.place ?? drawnOf(one.wish)[0]?.[0] ?? null;
    if (one.place) map.value?.setPin(one.place);
    goTo(at);
  }
  watch(outbox.failure, (problem) => {
    if (!problem) return;
    tellProblem(problem);
    const place = outbox.refused.value.at(-1)?.place;
    if (place) map.value?.setPin(place);
  });
  watch(outbox.savedAt, () => {
    shown.value = null;
    map.value?.setPin(null);
  });

  function preview(change: Omit<PlanChange, "plan"> | null): void {
    if (!change) return map.value?.setPreview(NONE);
    const tintOf = (grid: string | null): number => (grid ? (coverage.tint.value.get(grid) ?? 5) : -1);
    map.value?.setPreview({
      ...NONE,
      features: change.changed.features.filter((cell) => coverage.villages.has(cell.properties.village_code)).map((cell) => ({ ...cell, properties: { tint: tintOf(cell.properties.grid_code) } })),
    });
  }

  function showProposal(proposal: BalanceProposal | null): void {
    map.value?.setPreview(
      proposal
        ? { ...NONE, features: proposal.outlines.features.map((part) => ({ ...part, properties: { tint: part.properties.part % 6 } })) }
        : NONE,
    );
  }

  function compare(): void {
    before.value = !before.value;
    map.value?.showDraft(!before.value);
  }

  function onReady(made: GridMap): void {
    map.value = made;
    draw();
    map.value.setAsides(asides.value);
  }

  // What people decide -----------------------------------------------------------------------

  function restore(): void {
    comparing.value = false;
    const doing = outbox.restore();
    if (doing) void tools.resume(doing);
  }

  async function give(piece: Piece, grid: string): Promise<void> {
    await tools.brush.assign(piece.cell_ids, grid);
  }

  async function resolve(choices: readonly { cell_id: number; keep: Keep }[], redraw: LonLat | null): Promise<boolean> {
    const made = await outbox.write(t("clash.resolve"), (version) => planApi.resolve(id, choices, version));
    if (!made) return false;
    await state.findConflicts();
    if (redraw) {
      goTo(redraw);
      tools.tool.value = "move";
    }
    return true;
  }

  async function chooseIncident(incident: string, what: "stay" | "move"): Promise<void> {
    if (!plan.value) return;
    try {
      await planApi.chooseIncidents(id, [{ incident_id: incident, do: what }], plan.value.version);
      await state.refresh();
      await state.examine();
    } catch (error) {
      tellProblem(error);
    }
  }

  return {
    map, state, coverage, plan, outbox, tools, crosshair, lease, before, comparing, narrow, editable, canUndo, canRedo,
    open, addVillage, fit, goTo, frame, showRefused, preview, showProposal, compare, onReady, restore, give, resolve, chooseIncident,
  };
}
