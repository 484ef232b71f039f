/** What went wrong, in a shape that a screen can say and a program can decide on. */

export interface ProblemDetails {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly status?: number;
  readonly [fact: string]: unknown;
}

export type ProblemKind =
  | "offline"
  | "signed_out"
  | "forbidden"
  | "missing"
  | "conflict"
  | "refused"
  | "busy"
  | "broken";

const BY_STATUS: Readonly<Record<number, ProblemKind>> = {
  401: "signed_out",
  403: "forbidden",
  404: "missing",
  409: "conflict",
  410: "missing",
  412: "conflict",
  429: "busy",
  503: "busy",
};

export function kindOf(status: number): ProblemKind {
  const known = BY_STATUS[status];
  if (known) return known;
  if (status === 0) return "offline";
  return status >= 500 ? "broken" : "refused";
}

export class ApiProblem extends Error {
  readonly kind: ProblemKind;
  readonly code: string;
  /** The server's own sentence in the viewer's language, where there is one. */
  readonly detail: string | null;

  constructor(
    readonly status: number,
    readonly facts: ProblemDetails,
  ) {
    super(facts.detail ?? facts.title ?? `HTTP ${status}`);
    this.name = "ApiProblem";
    this.kind = kindOf(status);
    this.code = facts.code ?? (status === 0 ? "offline" : `http.${status}`);
    this.detail = facts.detail ?? null;
  }

  /** Whether the same request can be expected to work when it is sent again. */
  get passing(): boolean {
    return this.kind === "offline" || this.kind === "busy" || this.kind === "broken";
  }
}

/** The problem that an answer carries; an answer without details is named by its status alone. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const facts = typeof body === "object" && body !== null ? (body as ProblemDetails) : {};
  return new ApiProblem(status, facts);
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  throw error;
}
