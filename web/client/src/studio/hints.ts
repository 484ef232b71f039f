/** What to do next, in a sentence: from the tool and what is in hand. */
import type { LonLat } from "../contract";
import { area, distance } from "../format";
import { locale, t } from "../text";
import { areaM2, lengthM } from "./measure";
import type { Tool } from "./tools";

export interface InHand {
  readonly tool: Tool;
  readonly villages: number;
  readonly grid: string | null;
  readonly target: string | null;
  readonly border: string;
  readonly vertices: readonly LonLat[];
  readonly holding: boolean;
}

/** Length and, for a line of three vertices and more, the area it would enclose. */
export function measured(vertices: readonly LonLat[]): string {
  const length = distance(lengthM(vertices), locale());
  if (vertices.length < 3) return t("measure.length", { length });
  return t("measure.both", { length, area: area(areaM2(vertices), locale()) });
}

export function hintOf({ tool, villages, grid, target, border, vertices, holding }: InHand): string {
  if (villages === 0 && tool !== "measure") return t("studio.villages_none");
  switch (tool) {
    case "brush":
      return target ? t("hint.brush_cells", { grid: target }) : t("hint.brush_target");
    case "move":
      if (holding) return t("hint.move_hold");
      return border ? t("hint.move_drag", { border }) : t("hint.move_pick");
    case "reshape":
      return t("hint.reshape");
    case "split":
      return grid ? t("hint.split_line", { grid }) : t("hint.split_grid");
    case "merge":
      return grid ? t("hint.merge_into", { grid }) : t("hint.merge_from");
    case "nibble":
      return grid ? t("hint.nibble_ring", { grid }) : t("hint.nibble_grid");
    case "draw":
      return t("hint.draw");
    case "measure":
      return vertices.length > 1 ? measured(vertices) : t("hint.measure");
    default:
      return t("hint.select");
  }
}
