/** A notice in the reader's words, and where it leads. */
import { dateTime } from "../format";
import { factsOf, t, word } from "../text";
import type { Notice } from "./contract";

export function say(notice: Notice): string {
  const given = factsOf(notice.facts);
  const { action, cause, due_at: dueAt, wind } = given;
  const facts = {
    ...given,
    ...(typeof action === "string" ? { action: word("action", action) } : {}),
    ...(typeof cause === "string" ? { cause: word("shift_cause", cause) } : {}),
    ...(typeof wind === "string" ? { wind: word("wind", wind) } : {}),
    ...(typeof dueAt === "string" ? { due_at: dateTime(dueAt) } : {}),
  };
  const said = word("notice", notice.kind, facts);
  // A kind that is newer than this page is still told.
  return said === notice.kind ? t("bell.other", { kind: notice.kind }) : said;
}

/** Where the matter of a notice is shown; none where there is no such screen for the reader. */
export function leadsTo(notice: Notice, atDesk: boolean): string | null {
  const { incident_id: incident, plan_id: plan, publication } = notice.facts;
  if (typeof incident === "string") {
    return atDesk ? `/incidents?id=${encodeURIComponent(incident)}` : "/me#todo";
  }
  if (typeof plan === "string") return `/plans/${encodeURIComponent(plan)}`;
  if (typeof publication === "number") return "/publications";
  if (notice.kind.startsWith("incident.")) return atDesk ? "/incidents?mine=1" : "/me#todo";
  return null;
}
