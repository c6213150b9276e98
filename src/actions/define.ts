import {
  type Action,
  type ActionFailure,
  type AnyAction,
  defineAction,
  type FailureReason,
  type Output,
} from "../core/action.ts";
import { AppError, type ErrorCode } from "../core/errors.ts";
import { issueText } from "../core/issue.ts";
import { failure } from "./failure.ts";

const REASONS: Readonly<Partial<Record<ErrorCode, FailureReason>>> = {
  invalid_request: "not_configured",
  not_found: "not_found",
  forbidden: "denied",
  conflict: "conflict",
  unavailable: "unreachable",
};

/**
 * Makes an action that checks its input itself, fills in defaults, and turns a foreseen error (a connection that was removed)
 * into a failure. `targets`, `describe` and `effect` throw AppError `invalid_request` for an input that does not fit.
 */
export function define<I, O extends Output>(action: Action<I, O>): AnyAction {
  const { prepare, relative, poll, reconcile, assume, revert, effect } = action;
  return defineAction<unknown, O>({
    ...action,
    input: action.input,
    effect: typeof effect === "function" ? (raw) => effect(parsed(action, raw)) : effect,
    targets: (raw, connections) => action.targets(parsed(action, raw), connections),
    describe: (raw) => action.describe(parsed(action, raw)),
    run: (raw, ctx, before) => foreseen(action.name, async () => action.run(parsed(action, raw), ctx, before)),
    ...(prepare && { prepare: (raw, ctx) => foreseen(action.name, async () => prepare(parsed(action, raw), ctx)) }),
    ...(relative && {
      relative: {
        isIn: (raw) => relative.isIn(parsed(action, raw)),
        resolve: (raw, before) => relative.resolve(parsed(action, raw), before),
      },
    }),
    ...(poll && { poll: (handle, ctx) => foreseen(action.name, async () => poll(handle, ctx)) }),
    ...(reconcile && {
      reconcile: async (raw, ctx, intent) => {
        const read = await foreseen(action.name, async () => reconcile(parsed(action, raw), ctx, intent));
        return "ok" in read ? { verdict: "unknown", detail: read.message } : read;
      },
    }),
    ...(assume && { assume: (raw, before) => assume(parsed(action, raw), before) }),
    ...(revert && { revert: (raw, output) => undoOf(action, raw, output) }),
  });
}

function parsed<I, O extends Output>(action: Action<I, O>, raw: unknown): I {
  const result = action.input.safeParse(raw);
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    (issue) => `${issue.path.map(String).join(".") || "input"}: ${issueText(issue)}`,
  );
  throw new AppError("invalid_request", `${action.name}: ${faults.join("; ")}`);
}

/** An output that was cut or comes from an older version cannot say what to undo. */
function undoOf<I, O extends Output>(action: Action<I, O>, raw: unknown, output: unknown) {
  const known = action.output.safeParse(output);
  return known.success ? action.revert?.(parsed(action, raw), known.data) : undefined;
}

async function foreseen<T>(name: string, call: () => Promise<T>): Promise<T | ActionFailure> {
  try {
    return await call();
  } catch (error) {
    const reason = error instanceof AppError ? REASONS[error.code] : undefined;
    if (!(error instanceof AppError) || reason === undefined) throw error;
    return failure(reason, error.message.startsWith(name) ? error.message : `${name}: ${error.message}`);
  }
}
