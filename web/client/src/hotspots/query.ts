/** What the filters of the screen mean as a question to the server. */
import type { Query } from "../api";
import type { Method, UnitLevel } from "./answer";

export interface Filters {
  readonly since: string;
  readonly until: string;
  readonly compare: string;
  readonly matter: string;
  readonly level: string;
  readonly source: string;
  readonly area: string;
  readonly by: UnitLevel;
}

/** Empty fields are left out; "lunar" is last year by the lunar calendar. */
export function queryOf(chosen: Filters, method: Method): Query {
  const lunar = chosen.compare === "lunar";
  return {
    since: chosen.since,
    until: chosen.until,
    method,
    by: chosen.by,
    compare: lunar ? "yoy" : chosen.compare,
    calendar: lunar ? "lunar" : "",
    matter: chosen.matter,
    area: chosen.area,
    level: chosen.level,
    source: chosen.source,
  };
}
