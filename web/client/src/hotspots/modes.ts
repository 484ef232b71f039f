/** The four questions of a leader, and the methods that answer them. */
import type { Method } from "./answer";

export type Mode = "volume" | "rate" | "change" | "clusters";
export const MODES: readonly Mode[] = ["volume", "rate", "change", "clusters"];

export const METHODS_OF: Readonly<Record<Mode, readonly Method[]>> = {
  volume: ["count"],
  rate: ["excess", "gi"],
  change: ["change"],
  clusters: ["scan", "emerging"],
};

export function modeOf(method: Method): Mode {
  return MODES.find((mode) => METHODS_OF[mode].includes(method)) ?? "rate";
}

/** The method that an address names; what it does not know is the rate map. */
export function methodOf(text: string): Method {
  return MODES.flatMap((mode) => METHODS_OF[mode]).find((method) => method === text) ?? "excess";
}

/** Whether maps by week exist of a method. */
export function hasWeeks(method: Method): boolean {
  return method === "count" || method === "excess" || method === "change";
}
