/** How long to wait: decided here, on values, so that 3,000 phones do not all come at once. */

export const POLL_MS = 30_000;
/** The hub says something at least every 15 s; a stream that is silent for longer is dead. */
export const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** A time spread evenly over half to one and a half of what was meant; `dice` is 0..1. */
export function spread(ms: number, dice: number): number {
  return ms * (0.5 + dice);
}

/** The pause before a stream is tried again, after so many tries that failed in a row. */
export function pauseMs(failures: number, dice: number): number {
  return spread(Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS), dice);
}

/** By how much one reader waits longer or shorter than others: 0.8 to 1.2; `dice` is 0..1. */
export function ownPatience(dice: number): number {
  return 0.8 + 0.4 * dice;
}

/** Whether it is time to ask: nothing was heard for longer than a way may be silent. */
export function isTimeToAsk(quietMs: number, patience: number, streaming: boolean): boolean {
  return quietMs >= patience * (streaming ? SILENCE_MS : POLL_MS);
}
