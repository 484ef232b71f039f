/** Where the phone is, or where the finger was, and whose grid that is. */
import { computed, ref, shallowRef, type Ref } from "vue";

import { api } from "../api";
import type { LonLat, Mine, Where } from "../contract";
import { asProblem, type ApiProblem } from "../problem";
import { cannotLocate, trust, type Fix, type NoFix } from "./fix";
import { gridAt, type Here } from "./ground";

const LOCATE = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 };

export function usePosition(mine: Ref<Mine | null>, now: Ref<Date>) {
  const fix = shallowRef<Fix | null>(null);
  const noFix = ref<NoFix | null>(cannotLocate(window.isSecureContext, "geolocation" in navigator));
  const locating = ref(false);
  const answer = shallowRef<Where | null>(null);
  const problem = ref<ApiProblem | null>(null);
  /** What the phone says by itself while the server is not heard. */
  const here = shallowRef<Here | null>(null);
  const certainty = computed(() => (fix.value ? trust(fix.value, now.value.getTime()) : null));

  function locate(): void {
    noFix.value = cannotLocate(window.isSecureContext, "geolocation" in navigator);
    if (noFix.value) return;
    locating.value = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => {
        locating.value = false;
        void take({ at: [coords.longitude, coords.latitude], accuracyM: coords.accuracy, measured: timestamp, tapped: false });
      },
      (error) => {
        locating.value = false;
        noFix.value = error.code === error.PERMISSION_DENIED ? "denied" : "failed";
      },
      LOCATE,
    );
  }

  async function take(found: Fix): Promise<void> {
    fix.value = found;
    problem.value = null;
    answer.value = null;
    here.value = mine.value ? gridAt(mine.value, found.at) : null;
    const [lon, lat] = found.at;
    try {
      // Phones measure in WGS84; a tap is on our own map.
      const datum = found.tapped ? "cgcs2000" : "wgs84";
      const where = await api.where({ lon, lat, datum, accuracy_m: found.accuracyM ?? undefined });
      // A later position has been asked for meanwhile: its answer is the one to show.
      if (fix.value === found) answer.value = where;
    } catch (error) {
      if (fix.value === found) problem.value = asProblem(error);
    }
  }

  function tap(at: LonLat): void {
    void take({ at, accuracyM: null, measured: Date.now(), tapped: true });
  }

  return { fix, noFix, locating, answer, problem, here, certainty, locate, tap };
}

export type PositionOfPhone = ReturnType<typeof usePosition>;
