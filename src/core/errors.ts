/** The closed set of predicted failures. Each maps to one HTTP status in `http/errors.ts` and one CLI exit code. */
export type ErrorCode =
  | "invalid_request"
  | "invalid_config"
  | "invalid_playbook"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_large"
  | "not_implemented"
  | "unavailable"
  | "internal";

/** A fault in something a person wrote or sent; `path` names the field, `line` and `column` count from 1. */
export type Fault = { message: string; path?: string; file?: string; line?: number; column?: number };

/** A failure that was foreseen. `message` names the act and the remedy; it is shown to people, so it holds no secret. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  /** Who was asked has said no, so that nothing was done there; false where that is not known. */
  readonly refused: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; faults?: readonly Fault[]; refused?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.faults = options.faults ?? [];
    this.refused = options.refused ?? false;
  }
}

/** The AppError code of anything thrown: what was not foreseen is a bug and reads `internal`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : "internal";
}

/** A sentence for people; the text of a bug stays in the log and never reaches them. */
export function messageOf(error: unknown): string {
  return error instanceof AppError ? error.message : "internal error; the log has its stack";
}

/** One line per fault: `file:line:column path: message`. */
export function formatFault(fault: Fault): string {
  const place = [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(":");
  const where = [place, fault.path].filter((part) => part !== undefined && part !== "").join(" ");
  return where === "" ? fault.message : `${where}: ${fault.message}`;
}
