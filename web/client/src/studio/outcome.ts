/** What an answer to a step means for the person who drew it. Pure: the answer comes in. */
import type { LonLat } from "../contract";
import type { Piece, Plan, Sketch, StepWish } from "../plans/contract";
import type { ApiProblem } from "../problem";
import { word } from "../text";
import type { Entry, Refused } from "./keep";

export type Meaning = "away" | "pieces" | "conflict" | "refused";

/** Whether to wait, to ask what becomes of cut-off pieces, to show who was first, or to say why not. */
export function meaningOf(problem: ApiProblem): Meaning {
  if (problem.passing) return "away";
  if (problem.code === "patch.multipart" && piecesOf(problem).length > 0) return "pieces";
  return problem.code === "plan.conflict" || problem.code === "plan.stale" ? "conflict" : "refused";
}

function isPlace(at: unknown): at is LonLat {
  return Array.isArray(at) && at.length === 2 && at.every((n) => typeof n === "number");
}

/** Where on the map a refusal points to. */
export function placeOf({ at }: Readonly<Record<string, unknown>>): LonLat | null {
  return isPlace(at) ? at : null;
}

/** A drawing that the server keeps, as the list of refusals shows it. */
export function refusedOf(sketch: Sketch): Refused {
  return {
    key: sketch.sketch_id,
    what: word("tool", sketch.tool),
    wish: { ...sketch.params, tool: sketch.tool } as StepWish,
    at: sketch.made_at,
    tried: false,
    why: sketch.message,
    code: sketch.code,
    place: placeOf(sketch.facts),
    there: true,
  };
}

/** The pieces that a step would cut off, the largest first; the one that remains the grid is left out. */
export function piecesOf(problem: ApiProblem): readonly Piece[] {
  const { pieces } = problem.facts;
  if (!Array.isArray(pieces)) return [];
  const found = (pieces as Piece[]).filter((one) => isPlace(one.at) && Array.isArray(one.neighbours));
  return found.slice(1);
}

/** The step again, with a decision on its pieces. */
export function decided(wish: StepWish, loose: string): StepWish {
  return { ...wish, loose };
}

/**
 * Whether a step that got no answer was made all the same: the plan is one version further, and its
 * last step was made with the same tool.
 */
export function wasMade(entry: Entry, before: number, now: Plan): boolean {
  const last = now.steps.at(-1);
  return entry.tried && now.version === before + 1 && last !== undefined && !last.undone && last.tool === entry.wish.tool;
}

/** What was drawn for a step, to show it again: lines, or rings that close. */
export function drawnOf(wish: StepWish): readonly (readonly LonLat[])[] {
  switch (wish.tool) {
    case "split":
    case "reshape":
      return [wish.line];
    case "nibble":
    case "draw":
      return [wish.ring[0] ? [...wish.ring, wish.ring[0]] : wish.ring];
    case "move":
      return wish.arcs.map((one) => one.after);
    default:
      return [];
  }
}
