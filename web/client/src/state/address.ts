/** The page's address bar as reactive fields. */
import { onScopeDispose, reactive } from "vue";

import { readFields, writeFields, type Fields } from "./url";

export interface AddressState<Name extends string> {
  readonly fields: Fields<Name>;
  /** Take a step that Back undoes. */
  go(changes: Partial<Record<Name, string>>): void;
  /** Amend the present step: map movements are no steps of their own. */
  amend(changes: Partial<Record<Name, string>>): void;
}

export function useAddress<Name extends string>(names: readonly Name[]): AddressState<Name> {
  const fields = reactive(readFields(location.search, names)) as Record<Name, string>;

  function apply(changes: Partial<Record<Name, string>>, replace: boolean): void {
    const given = changes as Record<string, string>;
    const query = writeFields(location.search, given);
    if (query !== location.search) {
      const url = `${location.pathname}${query}`;
      if (replace) history.replaceState(null, "", url);
      else history.pushState(null, "", url);
    }
    Object.assign(fields, given);
  }

  function back(): void {
    Object.assign(fields, readFields(location.search, names));
  }
  window.addEventListener("popstate", back);
  onScopeDispose(() => window.removeEventListener("popstate", back));

  return {
    fields: fields as Fields<Name>,
    go: (changes) => apply(changes, false),
    amend: (changes) => apply(changes, true),
  };
}
