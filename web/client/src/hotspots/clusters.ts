/** What is said and drawn of a cluster. */
import { count } from "../format";
import { circle } from "../map/circle";
import { locale, t } from "../text";
import type { Cluster } from "./answer";

// A cluster of one unit has no radius; on the map it still needs a ring.
const LEAST_RADIUS_M = 250;

/** "By chance once in more than 2 years": simulations bound what can be said from above. */
export function byChance(days: number): string {
  return days >= 730
    ? t("hot.chance_years", { n: Math.floor(days / 365) })
    : t("hot.chance_days", { n: count(Math.round(days), locale()) });
}

export function circles(clusters: readonly Cluster[]) {
  return clusters.map((one) => {
    const ring = circle(one.at, Math.max(one.radius_m, LEAST_RADIUS_M) * 1.08);
    return { at: one.at, ring, top: ring[16] ?? one.at, label: String(one.rank), isNew: one.is_new };
  });
}
