import { z } from "zod";
import { type ActionResult, type AnyAction, defineAction, type Effect } from "../../../src/core/action.ts";

/** One change of the world that an action made. */
export type Call = { uses: string; to: readonly string[]; at: number };

const Input = z.strictObject({ to: z.union([z.string(), z.array(z.string())]), value: z.number().default(0) });

/** The three kinds of change, and a measurement; `read` answers what the house says. */
export function actionsOf(calls: Call[], read: () => ActionResult): ReadonlyMap<string, AnyAction> {
  const change = (name: string, effect: Effect): AnyAction =>
    defineAction({
      name,
      effect,
      input: Input,
      output: z.object({ former: z.number() }),
      targets: ({ to }) => (Array.isArray(to) ? to : [to]),
      describe: ({ to }) => `change ${String(to)}`,
      async run({ to }, ctx) {
        ctx.fence();
        calls.push({ uses: name, to: [to].flat(), at: ctx.now });
        return { ok: true, done: true, output: { former: 1 } };
      },
      ...(effect === "reversible" && { revert: ({ to }) => ({ uses: name, with: { to, value: 1 } }) }),
    });
  const measure = defineAction({
    name: "test.measure",
    effect: "read",
    input: z.strictObject({}),
    output: z.object({ value: z.number().nullable() }),
    targets: () => [],
    describe: () => "measure",
    run: async () => read() as ActionResult<{ value: number | null }>,
  });
  const all = [
    change("test.change", "reversible"),
    change("test.restart", "disruptive"),
    change("test.wipe", "destructive"),
  ];
  return new Map([...all, measure].map((one) => [one.name, one]));
}
