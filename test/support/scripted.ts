import { z } from "zod";
import { type ActionResult, type AnyAction, defineAction, type Effect } from "../../src/core/action.ts";
import type { Actor } from "../../src/core/decision.ts";
import type { ActionStep, Playbook, Step, Verify } from "../../src/core/playbook/playbook.ts";
import type { Condition, Evaluated, Scope, Template } from "../../src/core/scope.ts";

export const ANNA: Actor = { name: "anna", via: "api", role: "admin", person: "anna" };

/** A template that is always this value. */
export function constant<T>(value: T): Template<T> {
  return { text: JSON.stringify(value), reads: [], render: () => ({ known: true, value }) };
}

export function condition(
  text: string,
  test: (scope: Scope) => boolean | undefined,
  reads: readonly string[] = [],
): Condition {
  const answer = (scope: Scope): Evaluated<boolean> => {
    const value = test(scope);
    return value === undefined ? { known: false, why: "unknown" } : { known: true, value };
  };
  return { text, reads, test: answer };
}

export function step(id: string, uses: string, more: Partial<ActionStep> = {}): ActionStep {
  return {
    kind: "action",
    id,
    uses,
    with: constant({}),
    timeout: 600_000,
    retry: { attempts: 1, delay: 1_000, backoff: "constant" },
    continueOnError: false,
    ...more,
  };
}

export function playbook(name: string, steps: readonly Step[], more: Partial<Playbook> = {}): Playbook {
  return {
    name,
    description: name,
    match: [],
    severity: ["P0", "P1", "P2"],
    priority: 0,
    vars: {},
    target: constant("thing:one"),
    alsoTargets: [],
    autonomy: { P0: "auto", P1: "auto", P2: "auto" },
    limits: { budget: [] },
    steps,
    onFailure: ["next-playbook", "escalate"],
    on: "firing",
    file: `${name}.yaml`,
    text: `text of ${name}`,
    digest: `digest-of-${name}`,
    ...more,
  };
}

export function verify(uses: string, more: Partial<Verify> = {}): Verify {
  const expect = {
    text: "ok == true",
    test: (output: Readonly<Record<string, unknown>>) => ({ known: true as const, value: output["ok"] === true }),
  };
  return { checks: [{ uses, with: constant({}), expect }], every: 10_000, hold: 30_000, within: 300_000, ...more };
}

/** One scripted action: what it answers, call by call, and how often it took effect. */
/** A round of one item that takes these steps and is verified so. */
export function oneRound(steps: readonly Step[], checks: Verify): Step {
  return { kind: "for-each", id: "r", as: "x", items: constant([1]), steps, verify: checks };
}

export type Scripted = { calls: { input: Readonly<Record<string, unknown>>; stepKey: string; at: number }[] };

export function scripted(
  world: Map<string, AnyAction>,
  name: string,
  options: Partial<AnyAction> & {
    effect?: Effect;
    answer?: (call: number) => ActionResult | Promise<ActionResult>;
  } = {},
): Scripted {
  const record: Scripted = { calls: [] };
  const { answer, ...rest } = options;
  const action = defineAction({
    name,
    effect: "disruptive",
    input: z.record(z.string(), z.unknown()),
    output: z.record(z.string(), z.unknown()),
    targets: () => (options.effect === "read" ? [] : ["thing:one"]),
    describe: () => `do ${name}`,
    async run(input, ctx) {
      if (options.effect !== "read") ctx.fence();
      record.calls.push({ input, stepKey: ctx.stepKey, at: ctx.now });
      return answer ? answer(record.calls.length) : { ok: true as const, done: true as const, output: {} };
    },
    ...rest,
  });
  world.set(name, action);
  return record;
}
