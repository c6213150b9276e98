import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { ConnectionSettings } from "../../core/connection.ts";
import { type Deployment, placeOf, STEP_ANNOTATION } from "../kubernetes/deployment.ts";
import { findEnv, pausedFault, writeEnv } from "../kubernetes/env-var.ts";
import { rolloutHandle } from "../kubernetes/rollout.ts";
import { readText, toText } from "./rules.ts";
import type { Reading, Rollout, Setting } from "./store.ts";

/** Reads one environment variable of a Deployment's container; writing replaces the pods, and is in force when they are. */
export async function readDeploymentSetting(
  settings: Extract<ConnectionSettings["settings"], { kind: "deployment-env" }>,
  { name: env, rule }: Setting,
  act: string,
  ctx: ActionContext,
): Promise<{ ok: true; reading: Reading } | ActionFailure> {
  const { kubernetes: connection, deployment: name, container } = settings;
  const place = { place: placeOf({ connection, name }, ctx.connections), container, env };
  const found = await findEnv(place, act, ctx);
  if (!found.ok) return found;
  const typed = readText(rule, found.present, act);
  if (!typed.ok) return typed;
  const rolloutOf = (deployment: Deployment): Rollout => ({
    of: "kubernetes",
    handle: rolloutHandle({ connection, name }, deployment),
  });
  const write: Reading["write"] = async (writing, value, context) => {
    const written = await writeEnv(place, found, { act: writing, value: toText(value) }, context);
    return written.ok ? { ok: true, rollout: rolloutOf(written.deployment) } : written;
  };
  const { deployment } = found;
  return {
    ok: true,
    reading: {
      value: typed.value,
      conditional: true,
      rehearses: true,
      mark: deployment.metadata.annotations?.[STEP_ANNOTATION],
      refusal: pausedFault(deployment, act),
      rollout: rolloutOf(deployment),
      write,
    },
  };
}
