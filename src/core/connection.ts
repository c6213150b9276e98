/** Settings of each kind of connection, as `stanch.yaml` gives them with secrets already filled in. */
export type ConnectionSettings = {
  prometheus: { url: string; headers?: Readonly<Record<string, string>> };
  http: { baseUrl: string; allowPrivate: boolean; headers: Readonly<Record<string, string>> };
  redis: { url: string };
  kubernetes: { context?: string; namespace?: string };
  ecs: { region?: string };
  alertmanager: { url: string; headers?: Readonly<Record<string, string>> };
  /** Events API v2; `url` is for the EU service region. */
  pagerduty: { routingKey: string; url?: string };
  settings:
    | { kind: "http"; http: string; path: string; allow: SettingRules }
    | { kind: "redis"; redis: string; prefix: string; allow: SettingRules }
    /** One key of a ConfigMap's `data` per setting. */
    | { kind: "configmap"; kubernetes: string; name: string; allow: SettingRules }
    /** One environment variable of a Deployment's container per setting; without `container`, of the only one. */
    | {
        kind: "deployment-env";
        kubernetes: string;
        deployment: string;
        container?: string | undefined;
        allow: SettingRules;
      }
    /** The same of an ECS service, by a new revision of its task definition. */
    | {
        kind: "ecs-env";
        ecs: string;
        cluster: string;
        service: string;
        container?: string | undefined;
        allow: SettingRules;
      };
};
export type ConnectionKind = keyof ConnectionSettings;

/** Which runtime settings may be written, with type and range; an unlisted name is refused. */
export type SettingRules = Readonly<Record<string, SettingRule>>;
export type SettingRule =
  | { type: "number"; min?: number; max?: number }
  | { type: "boolean" }
  | { type: "string"; oneOf?: readonly string[] };

/** One named connection. `use` makes its client once per process and closes it at shutdown. */
export type Connection<K extends ConnectionKind> = {
  kind: K;
  name: string;
  settings: ConnectionSettings[K];
  /**
   * What stands in lock keys for the thing reached: two connections to one API server, Redis database or region have the same.
   * The connection declared first gives the name (Kubernetes: its context; ECS: empty for the first region, else the region).
   */
  identity?: string;
  /** Where it leads as `stanch.yaml` has it, without credentials: what people have approved goes nowhere else. */
  place?: string;
  use<T>(make: () => T, close?: (client: T) => unknown): T;
};

/**
 * The named connections of `stanch.yaml`. Without a name, the only one of its kind is meant.
 * @throws AppError `invalid_request` when the name is unknown or, without a name, when there is none or more than one.
 */
export type Connections = {
  find<K extends ConnectionKind>(kind: K, name?: string): Connection<K>;
  /**
   * The lock key of what a playbook's `target` names: `settings:NAME` may be kept in a Deployment, whose key is another. What names
   * nothing else is its own. Absent: everything is.
   */
  lockKey?(target: string): string;
};
