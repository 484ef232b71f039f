/** Which actions have to be explained; the server insists, the form says so beforehand. */
const EXPLAINED: ReadonlySet<string> = new Set(["resolve", "return", "reject", "reopen"]);

export function needsNote(action: string): boolean {
  return EXPLAINED.has(action);
}

/** The action that moves work on, to be offered first. */
export function mainAction(allowed: readonly string[]): string | null {
  return ["accept", "start", "resolve", "verify", "close"].find((one) => allowed.includes(one)) ?? null;
}
