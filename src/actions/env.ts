import { z } from "zod";
import type { ActionFailure } from "../core/action.ts";
import { ENV_NAME, looksSecret } from "../core/env-name.ts";
import { failure } from "./failure.ts";

/** The name of a plain variable; what looks like a secret is refused, because its former value would be journaled. */
export const EnvName = z
  .string()
  .max(253)
  .regex(ENV_NAME, "not a name of an environment variable")
  .refine((name) => !looksSecret(name), "looks like a secret; secrets belong where secrets are kept");

/** The text of a variable; null where it is not set. */
export const EnvValue = z.string().max(1_024).nullable();

/** What an action that changes one variable takes, besides where it is. */
export const EnvChange = {
  /** Needed when there are several containers. */
  container: z.string().max(253).optional(),
  env: EnvName,
  /** null removes the variable. */
  value: EnvValue,
  /** Change only if the present value is this one; a revert carries what stanch had set. */
  expected: EnvValue.optional(),
};

/** The values that such a change leaves on the journal. */
export const EnvValues = z.object({ value: EnvValue, former: EnvValue, changed: z.boolean() });
export type EnvValues = z.infer<typeof EnvValues>;

/** The values of a change from `former`. */
export function envValues(value: string | null, former: string | null): EnvValues {
  return { value, former, changed: value !== former };
}

/** Why the present value must not be replaced: it could not be restored, or somebody else has changed it. */
export function envFault(
  act: string,
  { value, expected }: { value: string | null; expected?: string | null | undefined },
  present: string | null,
): ActionFailure | undefined {
  if (!EnvValue.safeParse(present).success)
    return failure("refused", `${act}: its present value is too long to be restored`);
  if (expected === undefined || present === expected || present === value) return undefined;
  return changedSince(act, expected, present);
}

/** The failure of a change whose precondition no longer holds. */
export function changedSince(act: string, expected: string | null, present: string | null): ActionFailure {
  const message = `${act}: it is ${showEnv(present)} now, not ${showEnv(expected)}; somebody changed it since, so decide by hand`;
  return failure("conflict", message, { sent: "refused" });
}

/** A value as messages show it. */
export function showEnv(value: string | null): string {
  return value === null ? "unset" : JSON.stringify(value);
}
