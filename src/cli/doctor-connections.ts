import { alertPresence } from "../actions/alertmanager/presence.ts";
import { actions, createConnections } from "../actions/index.ts";
import type { ActionContext, FailureReason, Output } from "../core/action.ts";
import type { Config } from "../core/config.ts";
import type { Connection, ConnectionKind } from "../core/connection.ts";
import { messageOf } from "../core/errors.ts";
import { silentLog } from "../core/log.ts";
import type { Milliseconds } from "../core/time.ts";
import type { Finding } from "./doctor-report.ts";
import type { Io } from "./io.ts";

const EACH_WITHIN: Milliseconds = 10_000;

type Looked = Omit<Finding, "area" | "what">;
type Probe<K extends ConnectionKind> = (connection: Connection<K>, ctx: ActionContext) => Promise<Looked>;

/** A harmless read of each kind of system, by the actions that playbooks use. */
const PROBES: { readonly [K in ConnectionKind]: Probe<K> } = {
  prometheus: ({ name }, ctx) => read("prometheus.query", { connection: name, query: "vector(1)" }, ctx),
  redis: ({ name }, ctx) => read("redis.ping", { connection: name }, ctx),
  async http({ name }, ctx) {
    const { looked, output } = await call("http.check", { connection: name, status: "any" }, ctx);
    if (output?.["status"] !== null) return looked;
    return { ok: false, remedy: `no answer from its base-url (${String(output["state"])}); check address and network` };
  },
  async alertmanager(connection, { signal }) {
    const presence = await alertPresence(connection, { fingerprint: "", labels: { alertname: NOBODY } }, signal);
    return presence === "unreadable" ? { ok: false, remedy: "its API cannot be read; check url and headers" } : FINE;
  },
  async kubernetes({ name, settings }, ctx) {
    const input = { connection: name, namespace: settings.namespace ?? "default", selector: `app=${NOBODY}` };
    const { looked, reason } = await call("k8s.pod-status", input, ctx);
    return reason === "not_found" ? FINE : looked;
  },
  async ecs({ name }, ctx) {
    const input = { connection: name, cluster: NOBODY, service: NOBODY };
    const { looked, reason } = await call("ecs.describe-service", input, ctx);
    if (reason === "not_found") return FINE;
    const note = "reached; it refuses to show an unknown cluster, as a policy that names clusters does";
    return reason === "denied" ? { ok: true, note } : looked;
  },
  async settings({ name, settings }, ctx) {
    const [first] = Object.keys(settings.allow);
    if (first === undefined) return { ok: false, remedy: "no setting may be written; list some under allow" };
    return read("settings.get", { connection: name, name: first }, ctx);
  },
  pagerduty: async () => ({ ok: true, note: "not tried, since it would page somebody" }),
};

const FINE: Looked = { ok: true };
/** A name that nothing has. */
const NOBODY = "stanch-doctor";

/** Looks at each connection of `stanch.yaml` once, all at the same time. */
export async function examineConnections(io: Io, config: Config): Promise<readonly Finding[]> {
  const connections = createConnections(config.connections);
  const kinds = Object.keys(PROBES) as readonly ConnectionKind[];
  const ctx = (): ActionContext => ({
    signal: AbortSignal.timeout(EACH_WITHIN),
    stepKey: NOBODY,
    dryRun: true,
    connections,
    now: io.now(),
    log: silentLog,
    fence() {},
  });
  const looks = kinds.flatMap((kind) =>
    Object.keys(config.connections[kind] ?? {}).map((name) => look(kind, connections.find(kind, name), ctx())),
  );
  const findings = await Promise.all(looks);
  await connections.close();
  return findings;
}

async function look<K extends ConnectionKind>(kind: K, connection: Connection<K>, ctx: ActionContext) {
  const what = `${kind} ${connection.name}`;
  const looked = await PROBES[kind](connection, ctx).catch((error: unknown): Looked => {
    return { ok: false, remedy: messageOf(error) };
  });
  return { area: "connection", what, ...looked };
}

async function read(name: string, input: Output, ctx: ActionContext): Promise<Looked> {
  return (await call(name, input, ctx)).looked;
}

async function call(
  name: string,
  input: Output,
  ctx: ActionContext,
): Promise<{ looked: Looked; output?: Output; reason?: FailureReason }> {
  const result = await actions.get(name)?.run(input, ctx);
  if (!result?.ok)
    return { looked: { ok: false, remedy: result?.message ?? name }, ...(result && { reason: result.reason }) };
  return { looked: FINE, ...(result.done && { output: result.output }) };
}
