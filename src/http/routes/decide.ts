import { z } from "zod";
import type { Decision } from "../../core/decision.ts";
import { parseDuration } from "../../core/duration.ts";
import { messageOf } from "../../core/errors.ts";
import { assertDecided } from "../errors.ts";
import { type Call, param, type Route, readInput, readQuery } from "../route.ts";

const LONGEST_TEXT = 2000;

const text = z.string().trim().min(1).max(LONGEST_TEXT);
const reason = text.optional();
const Reason = z.strictObject({ reason });
const Nothing = z.strictObject({});
const scope = z
  .string()
  .regex(/^(global|(playbook|target|incident):.+)$/, "expected global, playbook:NAME, target:KEY or incident:ID");

/** Prometheus's duration grammar; in milliseconds afterwards. */
const duration = z.string().transform((given, context) => {
  try {
    return parseDuration(given);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error) });
    return z.NEVER;
  }
});

const Verdict = z
  .strictObject({ decision: z.enum(["approve", "reject"]), keep: z.boolean().optional(), reason })
  .refine(({ decision, keep }) => decision === "approve" || keep !== true, {
    path: ["keep"],
    message: "what is rejected cannot be kept",
  });
const Answer = z.strictObject({ answer: z.enum(["done", "not-done", "abort"]), reason });
const LeaseAction = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("extend"), for: duration }),
  z.strictObject({ action: z.literal("revert"), reason }),
]);
const Complete = z.strictObject({ answer: reason });
const Start = z.strictObject({
  playbook: z.string().min(1),
  vars: z.record(z.string(), z.string()).default({}),
  incident: z.string().min(1).optional(),
});
const Pause = z.strictObject({ scope: scope.default("global"), for: duration.optional(), reason });
const Resume = z.strictObject({ scope: scope.optional() });

/** Reads a call into the decision that it asks for. */
type Ask = (call: Call) => Promise<Decision>;

/** What an operator may decide; all of it goes through the desk's one door, which has its own say about who may. */
export const decideRoutes: readonly Route[] = [
  decides("post", "/runs", { status: 201, ask: askRun }),
  decides("post", "/runs/:id/cancel", { ask: askCancel }),
  decides("post", "/runs/:id/answer", { ask: askAnswer }),
  decides("post", "/approvals/:id", { ask: askVerdict }),
  decides("post", "/leases/:id", { ask: askLease }),
  decides("post", "/tasks/:id", { ask: askComplete }),
  decides("post", "/incidents/:id/ack", { ask: incident("ack") }),
  decides("post", "/incidents/:id/take", { ask: incident("take") }),
  decides("post", "/incidents/:id/release", { ask: incident("release") }),
  decides("post", "/incidents/:id/close", { ask: askClose }),
  decides("post", "/pause", { ask: askPause }),
  decides("delete", "/pause", { ask: askResume }),
  { ...decides("post", "/playbooks/:name/reset", { ask: askReset }), role: "admin" },
];

function decides(method: "post" | "delete", path: string, row: { ask: Ask; status?: number }): Route {
  return {
    method,
    path,
    role: "operator",
    async handle(desk, call) {
      const decided = await desk.decide(call.actor, await row.ask(call));
      assertDecided(decided);
      return { status: row.status ?? 200, json: { id: decided.id ?? null, sentence: decided.sentence } };
    },
  };
}

async function askRun(call: Call): Promise<Decision> {
  const { playbook, vars, incident } = await readInput(call, Start);
  return { verb: "run", playbook, vars, ...(incident !== undefined && { incident }) };
}

async function askCancel(call: Call): Promise<Decision> {
  return { verb: "cancel", run: param(call, "id"), ...because(await readInput(call, Reason)) };
}

async function askAnswer(call: Call): Promise<Decision> {
  const input = await readInput(call, Answer);
  return { verb: "answer", run: param(call, "id"), answer: input.answer, ...because(input) };
}

async function askVerdict(call: Call): Promise<Decision> {
  const input = await readInput(call, Verdict);
  const approval = param(call, "id");
  if (input.decision === "reject") return { verb: "reject", approval, ...because(input) };
  return { verb: "approve", approval, ...(input.keep === true && { keep: true }), ...because(input) };
}

async function askLease(call: Call): Promise<Decision> {
  const input = await readInput(call, LeaseAction);
  const lease = param(call, "id");
  return input.action === "extend"
    ? { verb: "extend", lease, for: input.for }
    : { verb: "revert", lease, ...because(input) };
}

async function askComplete(call: Call): Promise<Decision> {
  const { answer } = await readInput(call, Complete);
  return { verb: "complete", task: param(call, "id"), ...(answer !== undefined && { answer }) };
}

function incident(verb: "ack" | "take" | "release"): Ask {
  return async (call) => {
    await readInput(call, Nothing);
    return { verb, incident: param(call, "id") };
  };
}

async function askClose(call: Call): Promise<Decision> {
  return { verb: "close", incident: param(call, "id"), ...because(await readInput(call, Reason)) };
}

async function askReset(call: Call): Promise<Decision> {
  await readInput(call, Nothing);
  return { verb: "reset", playbook: param(call, "name") };
}

async function askPause(call: Call): Promise<Decision> {
  const input = await readInput(call, Pause);
  return { verb: "pause", scope: input.scope, ...because(input), ...(input.for !== undefined && { for: input.for }) };
}

/** The scope stands in the query or in the body, since some clients send no body with DELETE. */
async function askResume(call: Call): Promise<Decision> {
  const [query, body] = [readQuery(call, Resume), await readInput(call, Resume)];
  return { verb: "resume", scope: query.scope ?? body.scope ?? "global" };
}

function because(input: { reason?: string | undefined }): { reason?: string } {
  return input.reason === undefined ? {} : { reason: input.reason };
}
