import type { Server } from "node:https";
import { after, before, describe } from "node:test";
import type { ConnectionSettings } from "../../src/core/connection.ts";
import { connectionsOf, RULES, useKubeconfig } from "../actions/support.ts";
import { startCluster } from "./kube/cluster.ts";
import { configMapTests } from "./kube/config-maps.ts";
import { accounts, rightTests } from "./kube/denials.ts";
import { deploymentTests } from "./kube/deployments.ts";
import { LOGINS, loginTests } from "./kube/logins.ts";
import { podTests, startPods } from "./kube/pods.ts";
import { grantRights } from "./kube/rights.ts";
import { scaleTests } from "./kube/scales.ts";
import { settingTests } from "./kube/settings.ts";
import { stubTests } from "./kube/stub.ts";
import { variableTests } from "./kube/variables.ts";
import type { World } from "./kube/world.ts";

/** Needs Debian's etcd-server and `node scripts/build-kube-apiserver.ts`: a real API server, to hold our own stub against. */
let here: World | undefined;
let kubelet: Server | undefined;

before(async () => {
  const cluster = await startCluster();
  here = { ...cluster, connections: connectionsOf({}) };
  const rights = accounts();
  const file = await new Promise<string>((resolve) => useKubeconfig(resolve));
  await grantRights(cluster, rights, file);
  here = { ...cluster, connections: connectionsOf(kindsFor([...rights.keys(), ...LOGINS, "worker", "nobody"])) };
  kubelet = await startPods(here);
});
after(async () => {
  await here?.connections.close();
  await here?.stop();
  kubelet?.close();
});

/** For each service account a connection, and one for the settings that it may change. */
function kindsFor(names: readonly string[]) {
  const kubernetes = names.map((name) => [name, { context: name, namespace: "primarch" }] as const);
  const settings = names.flatMap((name) => {
    const shared = { kubernetes: name, allow: RULES };
    const map = { kind: "configmap", name: "gateway-settings", ...shared } as const;
    const pods = { kind: "deployment-env", deployment: "litellm-router", ...shared } as const;
    const found: ConnectionSettings["settings"] | undefined = name.startsWith("configmap")
      ? map
      : name.startsWith("deployment-env")
        ? pods
        : undefined;
    return found ? [[name, found] as const] : [];
  });
  return { kubernetes: Object.fromEntries(kubernetes), settings: Object.fromEntries(settings) };
}

const world = () => {
  if (!here) throw new Error("the cluster did not start");
  return here;
};

describe("deployments", () => deploymentTests(world));
describe("scales", () => scaleTests(world));
describe("variables", () => variableTests(world));
describe("ConfigMaps", () => configMapTests(world));
describe("settings", () => settingTests(world));
describe("pods", () => podTests(world));
describe("rights", () => rightTests(world));
describe("logging in", () => loginTests(world));
describe("the stub of the other tests", () => stubTests(world));
