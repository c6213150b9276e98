import type { Decided } from "../core/decision.ts";
import { AppError, codeOf, type ErrorCode, type Fault, messageOf } from "../core/errors.ts";

/** The one place where a code becomes a status. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  invalid_config: 422,
  invalid_playbook: 422,
  internal: 500,
  not_implemented: 501,
  unavailable: 503,
};

/** What every error answer looks like. */
export type ErrorBody = { error: { code: ErrorCode; message: string; details: readonly Fault[] } };

/** Headers that tell the caller what to do next. */
const HINTS: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, string>>>>> = {
  unauthorized: { "www-authenticate": "Bearer" },
  unavailable: { "retry-after": "5" },
};

/** The answer to anything thrown; what was not foreseen is `internal` and says nothing of itself. */
export function errorAnswer(thrown: unknown): {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: ErrorBody;
} {
  const error = asAppError(thrown);
  const code = codeOf(error);
  const details = error instanceof AppError ? error.faults : [];
  return {
    status: STATUS[code],
    headers: HINTS[code] ?? {},
    body: { error: { code, message: messageOf(error), details } },
  };
}

/** Express throws its own errors for paths it cannot decode; they carry a 4xx `status`. */
function asAppError(thrown: unknown): unknown {
  if (thrown instanceof AppError || !(thrown instanceof Error)) return thrown;
  const status = "status" in thrown ? thrown.status : undefined;
  if (typeof status !== "number" || status < 400 || status > 499) return thrown;
  return new AppError("invalid_request", "the path cannot be read", { cause: thrown });
}

/** @throws AppError with the refusal's code and sentence. */
export function assertDecided(decided: Decided): asserts decided is Extract<Decided, { ok: true }> {
  if (!decided.ok) throw new AppError(decided.code, decided.sentence);
}
