import type { Reason } from "./contract";
import { word } from "./text";

/** Why this owner, in words; a code that has no words yet says itself. */
export function reasonText(reason: string | Reason): string {
  if (typeof reason === "string") return word("reason", reason);
  const facts = Object.fromEntries(
    Object.entries(reason).filter(([, fact]) => typeof fact === "string" || typeof fact === "number"),
  ) as Record<string, string | number>;
  return word("reason", reason.code, facts);
}

/** Who came first but could not, each with the reason. */
export function skippedText(skipped: readonly Readonly<Record<string, string>>[]): string {
  return skipped
    .map((one) => {
      const who = one["name"] ?? one["unit_name"] ?? word("rank", one["rank"]) ?? "";
      const why = word("skipped", one["reason"] ?? one["why"] ?? one["code"]);
      return why ? `${who}（${why}）` : who;
    })
    .join("、");
}
