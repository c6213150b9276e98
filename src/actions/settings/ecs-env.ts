import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { ConnectionSettings } from "../../core/connection.ts";
import type { DeploymentHandle } from "../ecs/deployment.ts";
import { deploymentOf, findServiceEnv, revisionFault, writeServiceEnv } from "../ecs/env-var.ts";
import { readText, toText } from "./rules.ts";
import type { Reading, Rollout, Setting } from "./store.ts";

/**
 * Reads one environment variable of an ECS service's container; writing brings another revision of its task definition in, and is in
 * force when that deployment is complete. ECS knows no precondition.
 */
export async function readServiceSetting(
  settings: Extract<ConnectionSettings["settings"], { kind: "ecs-env" }>,
  { name: env, rule }: Setting,
  act: string,
  ctx: ActionContext,
): Promise<{ ok: true; reading: Reading } | ActionFailure> {
  const { ecs: connection, cluster, service, container } = settings;
  const place = { connection, cluster, service, container, env };
  const found = await findServiceEnv(place, act, ctx);
  if (!found.ok) return found;
  const typed = readText(rule, found.present, act);
  if (!typed.ok) return typed;
  const write: Reading["write"] = async (writing, value, context) => {
    const written = await writeServiceEnv(place, found, { act: writing, value: toText(value) }, context);
    return written.ok ? { ok: true, rollout: rolloutOf(written.handle) } : written;
  };
  const present = deploymentOf(place, found.service, found);
  return {
    ok: true,
    reading: {
      value: typed.value,
      conditional: false,
      refusal: revisionFault(found, act),
      rollout: present && rolloutOf(present),
      write,
    },
  };
}

function rolloutOf(handle: DeploymentHandle): Rollout {
  return { of: "ecs", handle };
}
