import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnections } from "../../src/actions/index.ts";
import type { ActionContext, ActionFailure, ActionResult, AnyAction, Output } from "../../src/core/action.ts";
import type { Config } from "../../src/core/config.ts";
import type { Connections, SettingRules } from "../../src/core/connection.ts";

type Kinds = Config["connections"];

/** As long as a routing key of PagerDuty. Sent with every request to the stubs; must never turn up in a result. */
export const SECRET = "s3cret-of-the-connection-4711-ok";

export const RULES: SettingRules = {
  FALLBACK_ENABLED: { type: "boolean" },
  SHED_RATE: { type: "number", min: 0, max: 0.5 },
  MODE: { type: "string", oneOf: ["normal", "cheap"] },
  UNSET: { type: "number" },
};

export const NO_CONNECTIONS: Kinds = {
  prometheus: {},
  http: {},
  redis: {},
  kubernetes: {},
  ecs: {},
  alertmanager: {},
  pagerduty: {},
  settings: {},
};

/** Connections for one test; give only what it needs. */
export function connectionsOf(kinds: Partial<Kinds>): Connections & { close(): Promise<void> } {
  return createConnections({ ...NO_CONNECTIONS, ...kinds });
}

/** What an action gets; `fences` counts the calls of `fence`. */
export function contextOf(
  connections: Connections,
  over: Partial<ActionContext> = {},
): ActionContext & { fences: number } {
  const context = {
    signal: AbortSignal.timeout(10_000),
    stepKey: "run-1f0c9a2b3d4e/redeploy",
    dryRun: false,
    connections,
    now: Date.now(),
    log: { debug() {}, warn() {} },
    fences: 0,
    fence() {
      context.fences += 1;
    },
    ...over,
  };
  return context;
}

/** Prepares and runs as the engine does. */
export async function perform(action: AnyAction, input: Output, context: ActionContext): Promise<ActionResult> {
  const prepared = await action.prepare?.(input, context);
  if (prepared && !prepared.ok) return prepared;
  return action.run(input, context, prepared?.before);
}

/** Runs and polls without waiting until it is done, at most 50 times. */
export async function complete(action: AnyAction, input: Output, context: ActionContext): Promise<ActionResult> {
  let result = await perform(action, input, context);
  for (let polls = 0; result.ok && !result.done && polls < 50; polls++)
    result = (await action.poll?.(result.handle, context)) ?? result;
  return result;
}

/** The output of a result that must be a success. */
export function outputOf(result: ActionResult | undefined): Output {
  if (result?.ok && result.done) return result.output;
  throw new Error(`not done: ${JSON.stringify(result)}`);
}

/** The failure of a result that must be one. */
export function failureOf(result: ActionResult | { ok: true } | undefined): ActionFailure {
  if (result && !result.ok) return result;
  throw new Error(`no failure: ${JSON.stringify(result)}`);
}

/** Points the AWS SDK at a stub, away from any account and file of this machine. */
export function useEcs(url: string): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_ECS: url,
    AWS_REGION: "us-west-1",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  });
}

/** Writes a kubeconfig where the client looks for it; removed at exit. */
export function useKubeconfig(write: (file: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "stanch-kube-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  process.env["KUBECONFIG"] = join(directory, "config");
  write(process.env["KUBECONFIG"]);
}
