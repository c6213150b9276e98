import type { ActionContext, ActionFailure, ActionResult, Output } from "../../core/action.ts";
import type { Connection, SettingRule } from "../../core/connection.ts";
import { pollDeployment } from "../ecs/deployment.ts";
import { failure } from "../failure.ts";
import type { SettingValue } from "../inputs.ts";
import { pollRollout } from "../kubernetes/rollout.ts";
import { readConfigMapSetting } from "./config-map.ts";
import { readDeploymentSetting } from "./deployment-env.ts";
import { readServiceSetting } from "./ecs-env.ts";
import { readHttpSetting } from "./http.ts";
import { readRedisSetting } from "./redis.ts";
import { ruleOf } from "./rules.ts";

/** What brings a new value to the processes that read it, and what its poll needs. */
export type Rollout = { of: "kubernetes" | "ecs"; handle: Output };

/** What a write came to; without `rollout` the value is in force. */
export type Written = { ok: true; rollout?: Rollout | undefined } | ActionFailure;

/**
 * A setting as it was read. `write` stores another value only if nothing has changed since, where the store can tell
 * (`conditional`); it passes the fence and fails with `conflict` otherwise, `retryable` where another part of the store has changed.
 */
export type Reading = {
  value: SettingValue;
  conditional: boolean;
  /** The key of the step that wrote last, where the store can hold it. */
  mark?: string | undefined;
  /** Why nothing may be written now. */
  refusal?: ActionFailure | undefined;
  /** `write` may be called for a dry run: the target has one of its own. */
  rehearses?: true;
  /** What may still be bringing the present value in. */
  rollout?: Rollout | undefined;
  write(act: string, value: SettingValue, ctx: ActionContext): Promise<Written>;
};

export type Setting = { connection: Connection<"settings">; name: string; rule: SettingRule };

/** Finds a listed setting; a name that is not listed is refused, for reading too, because it may hold a secret. */
export function settingOf(ctx: ActionContext, name: string, connection?: string): Setting | ActionFailure {
  const found = ctx.connections.find("settings", connection);
  const rule = ruleOf(found.settings.allow, name);
  if (rule) return { connection: found, name, rule };
  return failure("refused", notListed(name, found.name));
}

/** Why a setting is refused that `allow` does not name. */
export function notListed(name: string, connection: string): string {
  return `setting ${name} of ${connection} is not listed; list it under connections.settings.${connection}.allow if it is meant`;
}

/** Reads the present value from wherever the connection keeps its settings. */
export function readSetting(setting: Setting, act: string, ctx: ActionContext) {
  const { settings } = setting.connection;
  switch (settings.kind) {
    case "http":
      return readHttpSetting(settings, setting, act, ctx);
    case "redis":
      return readRedisSetting(settings, setting, act, ctx);
    case "configmap":
      return readConfigMapSetting(settings, setting, act, ctx);
    case "deployment-env":
      return readDeploymentSetting(settings, setting, act, ctx);
    case "ecs-env":
      return readServiceSetting(settings, setting, act, ctx);
    default:
      return settings satisfies never;
  }
}

/** Asks how far a rollout is that brings a written value in. */
export function pollSetting({ of, handle }: Rollout, ctx: ActionContext): Promise<ActionResult> {
  return of === "ecs" ? pollDeployment(handle, ctx) : pollRollout(handle, ctx);
}
