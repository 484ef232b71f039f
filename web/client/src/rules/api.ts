/** Requests about the limits of boundaries. */
import { get, post, put } from "../api";
import type { Limit, Outside, Rules } from "./contract";

export const ruleApi = {
  rules: () => get<Rules>("/boundary-rules"),
  /** Set all limits of an area; none at all give it back to the areas around it. */
  replace: (territory_code: string | null, rules: readonly Limit[], version: number) =>
    put<Rules>("/boundary-rules", { territory_code, rules, version }),
  outside: (territory_code: string | null, rules: readonly Limit[], signal?: AbortSignal) =>
    post<{ counts: Outside[] }>("/boundary-rules/check", { territory_code, rules }, { signal }).then((answer) => answer.counts),
};
