/** Who else works on the same villages: a lease that is renewed while the page is looked at. */
import { onScopeDispose, shallowRef } from "vue";

import { boot } from "../boot";
import { planApi } from "../plans/api";
import type { Presence } from "../plans/contract";
import { asProblem } from "../problem";

const BEAT_MS = 20_000;

export function useLease(id: string, villages: () => readonly string[], beat: () => Promise<void>) {
  const others = shallowRef<readonly Presence[]>([]);
  let held = false;
  let asking = false;
  let again = false;

  /** One request at a time: of two the one with fewer villages would take down the others' leases. */
  async function renew(): Promise<void> {
    again = asking;
    if (asking || document.hidden || villages().length === 0) return;
    asking = true;
    try {
      const { others: found } = await planApi.lease(id, villages());
      // One is not in one's own way: another window of the same person is no company.
      others.value = found.filter((one) => one.person_id !== boot().viewer.person_id);
      held = true;
      await beat();
    } catch (error) {
      // Presence is a courtesy: without it the work goes on, and the next beat tries again.
      asProblem(error);
    } finally {
      asking = false;
    }
    if (again) await renew();
  }

  function leave(): void {
    if (held) void planApi.leave(id).catch(asProblem);
    held = false;
  }

  const timer = window.setInterval(() => void renew(), BEAT_MS);
  const shown = (): void => void renew();
  document.addEventListener("visibilitychange", shown);
  window.addEventListener("pagehide", leave);
  onScopeDispose(() => {
    window.clearInterval(timer);
    document.removeEventListener("visibilitychange", shown);
    window.removeEventListener("pagehide", leave);
    leave();
  });

  return { others, renew };
}
