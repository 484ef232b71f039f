/** The limits of an area while they are looked at and set: what is typed, counted, saved, refused. */
import { computed, onScopeDispose, ref, shallowRef, watch } from "vue";

import { asProblem, type ApiProblem } from "../problem";
import { t } from "../text";
import { done } from "../ui/toasts";
import { useLoaded } from "../ui/use-loaded";
import { ruleApi } from "./api";
import type { Kind, Limit, Outside, Rules, Subject } from "./contract";
import { apart, BLANK, carriedOver, changed, drafted, draftsOf, effective, inherited, keyOf, own, ROWS, toSend, versionOf, wrongOf, type Draft, type Drafts } from "./limits";

/** Typing rests this long before the units in force are counted again. */
const REST_MS = 350;

export type RulesForm = ReturnType<typeof useRules>;

export function useRules(area: () => string | null) {
  const first = useLoaded(() => "rules", ruleApi.rules);
  const seen = shallowRef<Rules | null>(null);
  const drafts = shallowRef<Drafts>(new Map());
  const saving = ref(false);
  const problem = shallowRef<ApiProblem | null>(null);
  /** What somebody else has saved meanwhile. */
  const stale = shallowRef<Rules | null>(null);

  const base = computed(() => own(seen.value?.rules ?? [], area()));
  const from = computed(() => inherited(seen.value?.rules ?? [], area()));
  const dirty = computed(() => new Set(changed(drafts.value, base.value)));
  const wrong = computed(
    () =>
      new Map(
        ROWS.flatMap((row) => {
          const draft = drafts.value.get(keyOf(row));
          const found = draft ? wrongOf(row.subject, draft) : {};
          return Object.keys(found).length > 0 ? [[keyOf(row), found] as const] : [];
        }),
      ),
  );
  /** The limit that the server would not have, where it named one. */
  const refused = computed(() => {
    const { rule_kind: kind, rule_subject: subject } = problem.value?.facts ?? {};
    return typeof kind === "string" && typeof subject === "string" ? `${kind}.${subject}` : null;
  });

  function begin(found: Rules | null): void {
    seen.value = found;
    discard();
  }

  function discard(): void {
    drafts.value = draftsOf(base.value);
    problem.value = null;
  }
  watch(first.value, begin);
  watch(area, discard);

  function put(key: string, draft: Draft | null): void {
    const next = new Map(drafts.value);
    if (draft) next.set(key, draft);
    else next.delete(key);
    drafts.value = next;
    problem.value = null;
  }

  /** Begin a limit of the area's own with what counts there now. */
  function setHere(kind: Kind, subject: Subject): void {
    const key = keyOf({ kind, subject });
    const rule = base.value.get(key) ?? from.value.get(key);
    put(key, rule ? drafted(rule) : BLANK);
  }

  async function send(limits: readonly Limit[], told: string): Promise<boolean> {
    if (!seen.value) return false;
    saving.value = true;
    problem.value = null;
    try {
      begin(await ruleApi.replace(area(), limits, versionOf(seen.value, area())));
      done(told);
      return true;
    } catch (error) {
      const found = asProblem(error);
      if (found.code === "record.stale") await compare();
      else problem.value = found;
      return false;
    } finally {
      saving.value = false;
    }
  }

  async function compare(): Promise<void> {
    try {
      stale.value = await ruleApi.rules();
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  /** Go on with what somebody else has saved; what was typed stays, or goes. */
  function goOn(keep: boolean): void {
    const now = stale.value;
    stale.value = null;
    if (!now) return;
    const typed = carriedOver(drafts.value, base.value, own(now.rules, area()));
    begin(now);
    if (keep) drafts.value = typed;
  }

  const counts = shallowRef<ReadonlyMap<string, Outside> | null>(null);
  const uncounted = ref(false);
  let resting = 0;
  let running: AbortController | null = null;
  const wanted = computed(() => (seen.value ? JSON.stringify([area(), effective(drafts.value, from.value)]) : null));

  async function count(): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    try {
      const found = await ruleApi.outside(area(), effective(drafts.value, from.value), mine.signal);
      if (running !== mine) return;
      counts.value = new Map(found.map((one) => [keyOf(one), one]));
      uncounted.value = false;
    } catch {
      // Counts are an aid: without them limits can be read and set all the same.
      if (running !== mine || mine.signal.aborted) return;
      counts.value = null;
      uncounted.value = true;
    }
  }
  watch(wanted, (now, before) => {
    window.clearTimeout(resting);
    if (now !== null) resting = window.setTimeout(() => void count(), before === null ? 0 : REST_MS);
  });

  function warn(event: BeforeUnloadEvent): void {
    if (dirty.value.size > 0) event.preventDefault();
  }
  window.addEventListener("beforeunload", warn);
  onScopeDispose(() => {
    window.removeEventListener("beforeunload", warn);
    window.clearTimeout(resting);
    running?.abort();
  });

  return {
    first,
    seen,
    drafts,
    base,
    from,
    dirty,
    wrong,
    refused,
    problem,
    saving,
    stale,
    counts,
    uncounted,
    /** The units outside what was changed, as far as they can be counted. */
    nOutside: computed(() => [...dirty.value].reduce((sum, key) => sum + (counts.value?.get(key)?.n_outside ?? 0), 0)),
    /** What differs between what was seen and what is there now, for a note about it. */
    staleKeys: computed(() => (stale.value ? apart(base.value, own(stale.value.rules, area())) : [])),
    put,
    setHere,
    discard,
    goOn,
    save: async () => dirty.value.size > 0 && wrong.value.size === 0 && send(toSend(drafts.value, base.value), t("rules.saved")),
    giveBack: () => send([], t("rules.given_back")),
  };
}
