import type { ActionTable, AnyAction } from "../core/action.ts";
import type { Store } from "../core/store.ts";
import { alertmanagerExpireSilence } from "./alertmanager/expire-silence.ts";
import { alertmanagerSilence } from "./alertmanager/silence.ts";
import { ecsDescribeService } from "./ecs/describe-service.ts";
import { ecsDescribeTasks } from "./ecs/describe-tasks.ts";
import { ecsListTasks } from "./ecs/list-tasks.ts";
import { ecsRedeploy } from "./ecs/redeploy.ts";
import { ecsScale } from "./ecs/scale.ts";
import { ecsSetEnv } from "./ecs/set-env.ts";
import { httpCheck } from "./http/check.ts";
import { httpRequest } from "./http/request.ts";
import { k8sPatchConfigmap } from "./kubernetes/patch-configmap.ts";
import { k8sPodLogs } from "./kubernetes/pod-logs.ts";
import { k8sPodStatus } from "./kubernetes/pod-status.ts";
import { k8sRolloutRestart } from "./kubernetes/rollout-restart.ts";
import { k8sRolloutStatus } from "./kubernetes/rollout-status.ts";
import { k8sScale } from "./kubernetes/scale.ts";
import { k8sSetEnv } from "./kubernetes/set-env.ts";
import { pagerdutyTrigger } from "./pagerduty/trigger.ts";
import { createHumanTask } from "./people/human-task.ts";
import { prometheusQuery } from "./prometheus/query.ts";
import { redisGet } from "./redis/get.ts";
import { redisInfo } from "./redis/info.ts";
import { redisPing } from "./redis/ping.ts";
import { settingsGet } from "./settings/get.ts";
import { settingsSet } from "./settings/set.ts";

export { loadClients } from "./clients.ts";
export { createConnections } from "./connections.ts";
export { type PagerDutyEvent, sendPagerDuty } from "./pagerduty/events.ts";
export { type Measured, queryPrometheus } from "./prometheus/api.ts";

const ALL: readonly AnyAction[] = [
  alertmanagerExpireSilence,
  alertmanagerSilence,
  ecsDescribeService,
  ecsDescribeTasks,
  ecsListTasks,
  ecsRedeploy,
  ecsScale,
  ecsSetEnv,
  httpCheck,
  httpRequest,
  k8sPatchConfigmap,
  k8sPodLogs,
  k8sPodStatus,
  k8sRolloutRestart,
  k8sRolloutStatus,
  k8sScale,
  k8sSetEnv,
  pagerdutyTrigger,
  prometheusQuery,
  redisGet,
  redisInfo,
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
