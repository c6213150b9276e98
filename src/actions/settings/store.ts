import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection, SettingRule } from "../../core/connection.ts";
import { failure } from "../failure.ts";
import type { SettingValue } from "../inputs.ts";
import { readHttpSetting } from "./http.ts";
import { readRedisSetting } from "./redis.ts";
import { ruleOf } from "./rules.ts";

/**
 * A setting as it was read. `write` stores another value only if nothing has changed since, where the store can tell
 * (`conditional`); it passes the fence and fails with `conflict` otherwise.
 */
export type Reading = {
  value: SettingValue;
  conditional: boolean;
  write(act: string, value: SettingValue, ctx: ActionContext): Promise<{ ok: true } | ActionFailure>;
};

export type Setting = { connection: Connection<"settings">; name: string; rule: SettingRule };

/** Finds a listed setting; a name that is not listed is refused, for reading too, because it may hold a secret. */
export function settingOf(ctx: ActionContext, name: string, connection?: string): Setting | ActionFailure {
  const found = ctx.connections.find("settings", connection);
  const rule = ruleOf(found.settings.allow, name);
  if (rule) return { connection: found, name, rule };
  const remedy = `list it under connections.settings.${found.name}.allow if it is meant`;
  return failure("refused", `setting ${name} of ${found.name} is not listed; ${remedy}`);
}

/** Reads the present value from wherever the connection keeps its settings. */
export function readSetting(setting: Setting, act: string, ctx: ActionContext) {
  const { settings } = setting.connection;
  switch (settings.kind) {
    case "http":
      return readHttpSetting(settings, setting, act, ctx);
    case "redis":
      return readRedisSetting(settings, setting, act, ctx);
    default:
      return settings satisfies never;
  }
}
