/**
 * Sends what waits, in order, as long as the page is open: background sync is no promise. One tab
 * at a time where the browser has locks; where it has none the server's keys make up for it.
 */
import { ApiProblem, asProblem } from "../../problem";
import { arrived, delayed, next, nextDue, stopped, type Action, type Answer, type Told } from "./action";
import { list, save } from "./store";

export type Post = (action: Action) => Promise<Answer>;

/** `idle`: nothing more to do now. `signed_out`: everything waits for a sign-in. */
export type Halt = "idle" | "signed_out";

const PATIENCE_MS = 45_000;
const SIGN_IN_AGAIN: ReadonlySet<string> = new Set(["session.none", "session.must_change", "csrf"]);

function toldOf(problem: ApiProblem): Told {
  return { status: problem.status, code: problem.code, detail: problem.detail };
}

/**
 * An answer that does not come holds up all that waits behind it. Giving up is safe: should the
 * request arrive all the same, the next try has the same key.
 */
function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    timer = window.setTimeout(() => reject(new ApiProblem(0, {})), PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => window.clearTimeout(timer));
}

/** Send one after the other until none is due; returns why it ended. */
async function drain(person: string, post: Post, changed: () => void): Promise<Halt> {
  for (;;) {
    const { actions } = await list(person);
    const action = next(actions, Date.now());
    if (!action) return "idle";
    let after: readonly Action[];
    try {
      after = arrived(action, actions, await inTime(post(action)), new Date());
    } catch (error) {
      const problem = asProblem(error);
      if (SIGN_IN_AGAIN.has(problem.code)) return "signed_out";
      const told = toldOf(problem);
      after = [problem.passing ? delayed(action, told, Date.now(), Math.random()) : stopped(action, told)];
      if (problem.kind === "offline") {
        await save(after);
        changed();
        return "idle";
      }
    }
    await save(after);
    changed();
  }
}

/** As `drain`, unless another tab is at it. */
export async function replay(person: string, post: Post, changed: () => void): Promise<Halt> {
  // Without https there are no locks.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return drain(person, post, changed);
  return locks.request(`wangge-outbox-${person}`, { ifAvailable: true }, (lock) =>
    lock ? drain(person, post, changed) : "idle",
  );
}

/** Milliseconds until something is due again; none if nothing goes by itself. */
export async function untilDue(person: string): Promise<number | null> {
  const due = nextDue((await list(person)).actions);
  return due === null ? null : Math.max(0, due - Date.now());
}
