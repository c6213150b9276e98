import type { Connections } from "../../core/connection.ts";
import { SettingValue } from "../inputs.ts";
import { faultOf, ruleOf } from "./rules.ts";
import { notListed } from "./store.ts";

/** What `allow` refuses of an input as far as it is known; of a connection that an expression names nothing is known when a playbook is loaded. */
export function settingFaults(
  { connection, name, value }: Readonly<Record<string, unknown>>,
  connections: Connections,
): readonly { key: string; message: string }[] {
  if (typeof name !== "string") return [];
  const found = connections.find("settings", typeof connection === "string" ? connection : undefined);
  const rule = ruleOf(found.settings.allow, name);
  if (rule === undefined) return [{ key: "name", message: notListed(name, found.name) }];
  const written = value === undefined ? undefined : SettingValue.safeParse(value).data;
  const fault = written === undefined ? undefined : faultOf(rule, written);
  return fault === undefined ? [] : [{ key: "value", message: `${name} of ${found.name}: ${fault}` }];
}
