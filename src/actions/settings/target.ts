import type { Connection, Connections } from "../../core/connection.ts";
import { serviceTarget } from "../ecs/service.ts";
import { kubeTarget, placeOf } from "../kubernetes/deployment.ts";

const NAMED = /^settings:(.+)$/;

/** The connection that a target of the form `settings:NAME` names; undefined for any other. */
export function settingsNameOf(target: string): string | undefined {
  return NAMED.exec(target)?.[1];
}

/** The lock key of what holds a connection's settings: the same as that of any other action on the same thing. */
export function settingsTarget({ settings, identity, name }: Connection<"settings">, connections: Connections): string {
  switch (settings.kind) {
    case "http":
    case "redis":
      return `settings:${identity ?? name}`;
    case "configmap":
      return kubeTarget(placeOf({ connection: settings.kubernetes, name: settings.name }, connections), "configmap");
    case "deployment-env":
      return kubeTarget(placeOf({ connection: settings.kubernetes, name: settings.deployment }, connections));
    case "ecs-env": {
      const { ecs: connection, cluster, service } = settings;
      return serviceTarget({ connection, cluster, service }, connections);
    }
    default:
      return settings satisfies never;
  }
}
