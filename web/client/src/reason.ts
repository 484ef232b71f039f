import type { Reason } from "./contract";
import { factsOf, word } from "./text";

/** Why this owner, in words; a code that has no words yet says itself. */
export function reasonText(reason: string | Reason): string {
  if (typeof reason === "string") return word("reason", reason);
  return word("reason", reason.code, factsOf(reason));
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
