/** A position of the phone and how far it can be trusted. Pure: the clock comes in. */
import type { LonLat } from "../contract";

export interface Fix {
  readonly at: LonLat;
  readonly accuracyM: number | null;
  /** Milliseconds since the epoch when the phone measured it. */
  readonly measured: number;
  readonly tapped: boolean;
}

export type Trust = "good" | "rough" | "stale";

export const ROUGH_M = 50;
export const STALE_MS = 60_000;

/** A tap is where the finger was, and does not age; a measurement is rough or goes stale. */
export function trust(fix: Fix, now: number): Trust {
  if (fix.tapped) return "good";
  if (now - fix.measured > STALE_MS) return "stale";
  return fix.accuracyM === null || fix.accuracyM > ROUGH_M ? "rough" : "good";
}

export type NoFix = "http" | "denied" | "failed";

/** Why the phone may not or could not locate; none where it can be asked. */
export function cannotLocate(secure: boolean, hasGeolocation: boolean): NoFix | null {
  return secure && hasGeolocation ? null : "http";
}
