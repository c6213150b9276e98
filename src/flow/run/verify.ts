import { pausedText, pauseScopes } from "../../core/pause.ts";
import { COUNTED_BY, type MinSamples, type VerifyCheck } from "../../core/playbook/playbook.ts";
import type { Move } from "../../core/run/move.ts";
import { scopeOf } from "../../core/run/scope.ts";
import { isUnwatched } from "../../core/run/verify-move.ts";
import { itemAt } from "../../core/run/walk.ts";
import type { Evaluated, Scope } from "../../core/scope.ts";
import { actionOf, CALL_WITHIN, callAction } from "./call.ts";
import { goOn, letGo, type Progress } from "./progress.ts";
import { isCutOff, nowOf, type Turn, withEvents } from "./turn.ts";

/** `shown`: what was asked and measured, or why it could not be; `isMeasured` when `held` alone says what that led to. */
type Verdict = { held: boolean | "unknown"; shown: string; isMeasured?: boolean };

/** Measures every check of a verification once. All must hold; what cannot be measured has not held (section 14.6). */
export async function runChecks(turn: Turn, move: Extract<Move, { kind: "check" }>): Promise<Progress> {
  const held = await heldStill(turn, move);
  if (held) return goOn(held);
  const verdicts = await Promise.all(
    move.verify.checks.map((check) => measureCheck(turn, check, move.path ?? "verify")),
  );
  if (isCutOff(turn) && verdicts.some((verdict) => verdict.held === "unknown")) return letGo(turn, nowOf(turn));
  const all = verdicts.every((verdict) => verdict.held === true)
    ? true
    : verdicts.some((verdict) => verdict.held === false)
      ? false
      : "unknown";
  const path = move.path === undefined ? {} : { path: move.path };
  const at = nowOf(turn);
  const before = turn.run.verifications.get(move.path ?? "");
  const unwatched = before && isUnwatched(before, move.verify, at) ? { unwatched: true as const } : {};
  return goOn(
    withEvents(turn, [{ type: "checked", at, held: all, values: valuesText(verdicts), ...path, ...unwatched }]),
  );
}

/** Where all hold, or there is only one, the line's head says it already. */
function valuesText(verdicts: readonly Verdict[]): readonly string[] {
  const isMixed = verdicts.length > 1 && verdicts.some(({ held }) => held !== true);
  return verdicts.map(({ held, shown, isMeasured }) =>
    isMixed && isMeasured ? `${shown}: ${held === true ? "holds" : "does not hold"}` : shown,
  );
}

/** While anything that covers the run is paused, a verification stands still: its end moves on, and nothing is measured. */
async function heldStill(turn: Turn, move: Extract<Move, { kind: "check" }>): Promise<Turn | undefined> {
  const { created } = turn.run;
  const scopes = pauseScopes({ ...created, targets: [created.target, ...created.alsoTargets] });
  const pause = (await turn.deps.store.pauses()).find((one) => scopes.includes(one.scope));
  if (!pause) return undefined;
  const path = move.path === undefined ? {} : { path: move.path };
  const until = (turn.run.verifications.get(move.path ?? "")?.until ?? nowOf(turn)) + move.verify.every;
  const values = [`${pausedText(pause)}; the measuring stands still`];
  return withEvents(turn, [{ type: "checked", at: nowOf(turn), held: "unknown", values, until, ...path }]);
}

async function measureCheck(turn: Turn, check: VerifyCheck, path: string): Promise<Verdict> {
  const input = check.with.render(scopeAt(turn, path));
  if (!input.known) return { held: "unknown", shown: `${check.uses}: ${input.why}` };
  const samples = await enoughSamples(turn, { check, input: input.value }, path);
  if (samples !== undefined) return { held: "unknown", shown: samples };
  const result = await callCheck(turn, check.uses, input.value, path);
  if (!result.ok) return { held: "unknown", shown: `${check.uses}: ${result.message}` };
  if (!result.done) return { held: "unknown", shown: `${check.uses}: has not finished` };
  const answer = check.expect.test(result.output);
  const shown = `${check.expect.text} (${summary(result.output)})`;
  return answer.known
    ? { held: answer.value, shown, isMeasured: true }
    : { held: false, shown: `${shown}: ${answer.why}` };
}

/** What the checks of a round see is the round's. */
function scopeAt(turn: Turn, path: string): Scope {
  return scopeOf(turn.run, nowOf(turn), { path, item: itemAt(turn.run, turn.playbook.steps, path) });
}

type Measuring = { check: VerifyCheck; input: Readonly<Record<string, unknown>> };

/** Undefined when there are enough; a sentence when not, or when they cannot be counted. */
async function enoughSamples(turn: Turn, { check, input }: Measuring, path: string): Promise<string | undefined> {
  const { minSamples } = check;
  if (!minSamples) return undefined;
  const asked = countOf(minSamples, scopeAt(turn, path));
  if (!asked.known) return `min-samples: ${asked.why}`;
  const where = asked.value.connection === undefined ? whereMeasured(check, input) : {};
  const result = await callCheck(turn, COUNTED_BY, { ...where, ...asked.value }, path);
  if (!result.ok) return `min-samples: ${result.message}`;
  const value = result.done ? result.output["value"] : undefined;
  if (typeof value === "number" && value >= minSamples.atLeast) return undefined;
  return `${typeof value === "number" ? Math.floor(value) : "no"} samples yet; at least ${minSamples.atLeast} are needed`;
}

function countOf({ query, connection }: MinSamples, scope: Scope): Evaluated<{ query: string; connection?: string }> {
  const asked = query.render(scope);
  const named = connection?.render(scope);
  if (!asked.known) return asked;
  if (named && !named.known) return named;
  return { known: true, value: { query: asked.value, ...(named && { connection: named.value }) } };
}

/** Samples are counted where the check measures, unless they name another place. */
function whereMeasured({ uses }: VerifyCheck, input: Measuring["input"]) {
  return uses === COUNTED_BY && "connection" in input ? { connection: input["connection"] } : {};
}

async function callCheck(turn: Turn, uses: string, input: Readonly<Record<string, unknown>>, path: string) {
  const action = actionOf(turn, uses);
  const parsed = action?.input.safeParse(input);
  if (!action || !parsed?.success) {
    return {
      ok: false as const,
      message: action
        ? `its input does not fit: ${parsed?.error?.issues[0]?.message ?? ""}`
        : "there is no such action",
    };
  }
  return callAction(turn, { uses, path, timeout: CALL_WITHIN }, (context) => action.run(parsed.data, context));
}

function summary(output: Readonly<Record<string, unknown>>): string {
  const plain = Object.entries(output).filter(
    ([, value]) => value === null || ["string", "number", "boolean"].includes(typeof value),
  );
  return plain
    .slice(0, 3)
    .map(
      ([key, value]) =>
        `${key} ${typeof value === "number" ? Number(value.toPrecision(4)) : String(value).slice(0, 60)}`,
    )
    .join(", ");
}
