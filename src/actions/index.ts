import type { ActionTable, AnyAction } from "../core/action.ts";
import type { Store } from "../core/store.ts";
import { ecsDescribeService } from "./ecs/describe-service.ts";
import { ecsRedeploy } from "./ecs/redeploy.ts";
import { httpCheck } from "./http/check.ts";
import { httpRequest } from "./http/request.ts";
import { k8sRolloutRestart } from "./kubernetes/rollout-restart.ts";
import { k8sRolloutStatus } from "./kubernetes/rollout-status.ts";
import { createHumanTask } from "./people/human-task.ts";
import { prometheusQuery } from "./prometheus/query.ts";
import { redisPing } from "./redis/ping.ts";
import { settingsGet } from "./settings/get.ts";
import { settingsSet } from "./settings/set.ts";

export { createConnections } from "./connections.ts";
export { type Measured, queryPrometheus } from "./prometheus/api.ts";

const ALL: readonly AnyAction[] = [
  ecsDescribeService,
  ecsRedeploy,
  httpCheck,
  httpRequest,
  k8sRolloutRestart,
  k8sRolloutStatus,
  prometheusQuery,
  redisPing,
  settingsGet,
  settingsSet,
];

/** Every action a step can use, by name. */
export const actions: ActionTable = new Map(ALL.map((action) => [action.name, action]));

/** The actions, with those that keep something in stanch's own store. */
export function actionsWith(store: Pick<Store, "commit" | "get">): ActionTable {
  const human = createHumanTask(store);
  return new Map([...actions, [human.name, human]]);
}
