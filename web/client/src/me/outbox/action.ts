/**
 * What a worker did on the phone, on its way to the server: its order, its states, its way back.
 * Pure: the clock comes in, the store and the sender live elsewhere.
 */
import type { IncidentReport } from "../../contract";

/** The newest shape of a record that this shell reads; an older shell leaves newer ones alone. */
export const FORMAT = 2;
/** What a shell of any age can send keeps the first shape, tasks came with the second. */
const FIRST_FORMAT = 1;
const TASK_FORMAT = 2;

/**
 * `conflict`: somebody changed the incident meanwhile, and a person has to look at both. `failed`:
 * the server will not take it as it is. `withdrawn`: a person took it back. None is ever dropped.
 */
export type State = "waiting" | "failed" | "conflict" | "delivered" | "withdrawn";

/** Why the server did not take it: its code and its sentence. */
export interface Told {
  readonly status: number;
  readonly code: string;
  readonly detail: string | null;
}

interface Common {
  readonly format: number;
  /** The order in which this device did things. */
  readonly seq: number;
  /** The key by which the server knows it again: sent twice it counts once. */
  readonly key: string;
  readonly person: string;
  /** What has to be kept in order: a task, an incident by its id or by the key of its report. */
  readonly subject: string;
  /** What it is about, in words. */
  readonly title: string;
  /** The phone's own time: a claim. */
  readonly made: string;
  readonly state: State;
  readonly tries: number;
  /** Milliseconds since the epoch before which it is not tried again. */
  readonly after: number;
  readonly told: Told | null;
  /** When the server said yes. */
  readonly delivered: string | null;
}

export interface StepAction extends Common {
  readonly kind: "step";
  readonly action: string;
  readonly note: string;
  /** The version that the worker saw, or that the step before has led to. */
  readonly version: number;
  /** The version after it, once it was delivered. */
  readonly became: number | null;
}

export interface ReportAction extends Common {
  readonly kind: "report";
  readonly report: IncidentReport;
  readonly number: string | null;
  readonly owner: string | null;
}

export interface PhotoAction extends Common {
  readonly kind: "photo";
  /** None until the report it belongs to is an incident. */
  readonly incident: string | null;
  readonly step: string | null;
  readonly report: string | null;
}

export interface TaskAction extends Common {
  readonly kind: "task";
  readonly result: string;
}

export type Action = StepAction | ReportAction | PhotoAction | TaskAction;
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An action before the store has given it its place. */
export type Wish = Without<Action, "seq">;

/** The fields of an action that was just made. */
export function fresh(person: string, key: string, subject: string, title: string, now: Date) {
  return {
    format: FIRST_FORMAT,
    key,
    person,
    subject,
    title,
    made: now.toISOString(),
    state: "waiting",
    tries: 0,
    after: 0,
    told: null,
    delivered: null,
  } as const;
}

/** A task that was done, as it goes on its way. */
export function doneTask(person: string, key: string, task: { id: string; title: string }, result: string, now: Date): Wish {
  return { ...fresh(person, key, task.id, task.title, now), format: TASK_FORMAT, kind: "task", result };
}

export function isReadable(record: { readonly format?: number }): boolean {
  return typeof record.format === "number" && record.format <= FORMAT;
}

/** Whether it still has to reach the server. */
export function isOpen(action: Action): boolean {
  return action.state === "waiting" || action.state === "failed" || action.state === "conflict";
}

function inOrder(a: Action, b: Action): number {
  return a.seq - b.seq;
}

function bySubject(actions: readonly Action[]): Map<string, Action[]> {
  const lanes = new Map<string, Action[]>();
  for (const action of [...actions].sort(inOrder)) {
    const lane = lanes.get(action.subject);
    if (lane) lane.push(action);
    else lanes.set(action.subject, [action]);
  }
  return lanes;
}

/**
 * Those that may be sent next, the first one first. Words of one incident go one after the other,
 * and stop where one of them waits for a person; photos go when all words of their incident have
 * arrived, and words of any incident before photos of any other.
 */
export function ready(actions: readonly Action[]): Action[] {
  const words: Action[] = [];
  const photos: Action[] = [];
  for (const lane of bySubject(actions).values()) {
    const head = lane.find((one) => one.kind !== "photo" && isOpen(one));
    if (head?.state === "waiting") words.push(head);
    if (!head) photos.push(...lane.filter((one) => one.kind === "photo" && canGo(one, lane)));
  }
  return [...words.sort(inOrder), ...photos.sort(inOrder)];
}

/** A photo of a report that was taken back has nowhere to go. */
function canGo(photo: Action, lane: readonly Action[]): boolean {
  if (photo.kind !== "photo" || photo.state !== "waiting") return false;
  return photo.incident !== null || lane.some((one) => one.kind === "report" && one.state === "delivered");
}

/** The first that may be sent now; none if all have to wait. */
export function next(actions: readonly Action[], now: number): Action | null {
  return ready(actions).find((one) => one.after <= now) ?? null;
}

/** When the next try is due, in milliseconds since the epoch; none if nothing will go by itself. */
export function nextDue(actions: readonly Action[]): number | null {
  const times = ready(actions).map((one) => one.after);
  return times.length ? Math.min(...times) : null;
}

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300_000;

/** How long to wait after so many tries; `chance` (0..1) keeps phones from coming back together. */
export function backOff(tries: number, chance: number): number {
  const longest = Math.min(FIRST_WAIT_MS * 2 ** Math.max(0, tries - 1), LONGEST_WAIT_MS);
  return Math.round(longest * (0.5 + chance / 2));
}

/** What the server answered to something that it took. */
export interface Answer {
  readonly incident_id?: string;
  readonly version?: number;
  readonly number?: string;
  readonly owner_name?: string | null;
  readonly owner?: { readonly name: string | null; readonly unit_name: string };
}

/**
 * The records that change when an action has arrived: itself, and those that were done on top of
 * it. Where an earlier try may have arrived unheard, somebody else may have come in between; then
 * the version is what it was after our own step, and the server will tell.
 */
export function arrived(action: Action, actions: readonly Action[], answer: Answer, at: Date): Action[] {
  const base = { state: "delivered", told: null, delivered: at.toISOString() } as const;
  if (action.kind === "photo" || action.kind === "task") return [{ ...action, ...base }];
  if (action.kind === "report") {
    const id = answer.incident_id ?? null;
    const owner = answer.owner_name ?? answer.owner?.name ?? answer.owner?.unit_name ?? null;
    return [
      { ...action, ...base, number: answer.number ?? null, owner },
      ...actions.flatMap((one) =>
        one.kind === "photo" && one.subject === action.subject ? [{ ...one, incident: id }] : [],
      ),
    ];
  }
  const after = action.version + 1;
  const became = action.tries === 0 ? (answer.version ?? after) : after;
  const following = actions
    .filter((one) => one.kind === "step" && one.subject === action.subject && one.seq > action.seq)
    .filter(isOpen)
    .sort(inOrder)[0];
  const moved = following?.kind === "step" ? [{ ...following, version: became }] : [];
  return [{ ...action, ...base, became }, ...moved];
}

/** An action that was sent in vain and will be sent again. */
export function delayed(action: Action, told: Told, now: number, chance: number): Action {
  const tries = action.tries + 1;
  return { ...action, tries, told, after: now + backOff(tries, chance) };
}

/** An action that the server will not take: `record.stale` is for a person to compare. */
export function stopped(action: Action, told: Told): Action {
  return { ...action, told, state: told.code === "record.stale" ? "conflict" : "failed" };
}

/** An action that a person sends once more, on the version that they have looked at. */
export function again(action: Action, version?: number): Action {
  const renewed = { ...action, state: "waiting", tries: 0, after: 0, told: null } as const;
  return renewed.kind === "step" && version !== undefined ? { ...renewed, version } : renewed;
}

/** What was done, with what the store is still writing: that comes last, once. */
export function withWishes(kept: readonly Action[], wishes: readonly Wish[]): readonly Action[] {
  const known = new Set(kept.map((one) => one.key));
  const coming = wishes.filter((one) => !known.has(one.key));
  return coming.length ? [...kept, ...coming.map((one) => ({ ...one, seq: Infinity }) as Action)] : kept;
}

export interface Counts {
  readonly waiting: number;
  /** Failed ones and conflicts: they wait for a person. */
  readonly failed: number;
  readonly lastDelivered: string | null;
}

export function counts(actions: readonly Action[]): Counts {
  const delivered = actions.flatMap((one) => (one.delivered ? [one.delivered] : []));
  return {
    waiting: actions.filter((one) => one.state === "waiting").length,
    failed: actions.filter((one) => one.state === "failed" || one.state === "conflict").length,
    lastDelivered: delivered.sort().at(-1) ?? null,
  };
}

const KEPT_MS = 7 * 86_400_000;
const KEPT = 50;

/** Those that have ended long enough ago, or are too many to be looked at. */
export function outlived(actions: readonly Action[], now: number): Action[] {
  const ended = actions.filter((one) => !isOpen(one)).sort(inOrder).reverse();
  return ended.filter((one, i) => i >= KEPT || now - Date.parse(one.delivered ?? one.made) > KEPT_MS);
}
