import { z } from "zod";
import type { ActionFailure } from "../core/action.ts";
import { failure } from "./failure.ts";

/** How many there shall be: a number, or a step from the present one (`+1`, `-2`). */
export const WantedCount = z.union([
  z.number().int().min(0).max(1_000),
  z.string().regex(/^[+-][1-9]\d{0,2}$/, 'a count is a number, or a step like "+1"'),
]);

/** The keys by which an action changes a count; they go into its strict input. */
export const CountInput = {
  /** Never above; a rise by a step needs it. */
  max: z.number().int().min(1).max(1_000).optional(),
  /** A number below the present count is refused without it: an absolute number must not end tasks by surprise. */
  allowDown: z.boolean().default(false),
  /** Change only if the present count is this one; a revert carries what stanch had set. */
  expected: z.number().int().optional(),
};

export type CountRequest = {
  wanted: number | string;
  max?: number | undefined;
  allowDown: boolean;
  expected?: number | undefined;
};

/** A rise by a step without a ceiling could go on with every run. */
export function hasCeiling(wanted: number | string, max: number | undefined): boolean {
  return typeof wanted === "number" || wanted.startsWith("-") || max !== undefined;
}

/** The absolute count to set, from the present one; a step up never lowers it, a step down never ends the last. `act` opens the message of a refusal. */
export function resolveCount(
  act: string,
  request: CountRequest,
  present: number,
): { ok: true; to: number } | ActionFailure {
  const { wanted, max = Number.POSITIVE_INFINITY, allowDown, expected } = request;
  const to = typeof wanted === "number" ? wanted : present + Number(wanted);
  if (expected !== undefined && present !== expected && present !== to)
    return failure(
      "conflict",
      `${act}: there are ${present} now, not ${expected}; somebody changed it since, so decide by hand`,
      { sent: "refused" },
    );
  const capped = Math.max(0, Math.min(to, max));
  const isStepDown = typeof wanted === "string" && wanted.startsWith("-");
  if (isStepDown && capped < 1)
    return failure("refused", `${act}: there are ${present}, and a step never ends the last; write 0 if that is meant`);
  if (typeof wanted === "string" && !isStepDown && capped <= present)
    return failure("refused", `${act}: there are ${present} already, and ${max} is the most`);
  if (capped < present && !isStepDown && !allowDown)
    return failure("refused", `${act}: that would be fewer than the present ${present}; set allowDown if it is meant`);
  return { ok: true, to: capped };
}

/** The same with a number instead of a step, to be set only while the count is still the one that was read. */
export function absoluteCount<I extends { allowDown: boolean }>(
  input: I,
  field: keyof I,
  { from, to }: { from: number; to: number },
): I {
  return { ...input, [field]: to, expected: from, allowDown: input.allowDown || to < from };
}

/** `, at most 4, only from 2`. */
export function boundsText({ max, expected }: { max?: number | undefined; expected?: number | undefined }): string {
  return `${max === undefined ? "" : `, at most ${max}`}${expected === undefined ? "" : `, only from ${expected}`}`;
}
