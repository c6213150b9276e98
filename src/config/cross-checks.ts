import type { Fault } from "../core/errors.ts";
import { freezeFault } from "../core/freeze.ts";
import type { Given } from "./given.ts";
import type { StanchYaml } from "./schema.ts";

type At = (path: readonly PropertyKey[], message: string) => Fault;
type Check = (yaml: StanchYaml, at: At, given: Given) => readonly Fault[];

const CHECKS: readonly Check[] = [
  tokenFaults,
  approvalFaults,
  peopleFaults,
  connectionFaults,
  factFaults,
  escalationFaults,
  inviteFaults,
  freezeFaults,
];

/** What no single key can tell: names that must exist elsewhere, and that somebody has to prove who they are. */
export function crossFaults(
  yaml: StanchYaml,
  at: At,
  { insecureDev, given }: { insecureDev: boolean; given: Given },
): readonly Fault[] {
  return (insecureDev ? CHECKS : [authFaults, ...CHECKS]).flatMap((check) => check(yaml, at, given));
}

function authFaults(_: StanchYaml, at: At, given: Given): readonly Fault[] {
  const faults: Fault[] = [];
  if (given.names("sources").length === 0) {
    faults.push(
      at(
        ["sources"],
        "no source has credentials, so no alert can come in; configure one, or start with --insecure-dev",
      ),
    );
  }
  if (given.names("api", "tokens").length === 0) {
    faults.push(at(["api", "tokens"], "no API token is configured; add one, or start with --insecure-dev"));
  }
  return faults;
}

/** One name or one secret for two tokens would make it unclear who decided. */
function tokenFaults({ api: { tokens } }: StanchYaml, at: At): readonly Fault[] {
  return tokens.flatMap((token, index) => {
    const before = tokens.slice(0, index);
    const name = before.some((other) => other.name === token.name)
      ? [at(["api", "tokens", index, "name"], `the token name ${token.name} is used twice`)]
      : [];
    const twin = before.find((other) => other.token === token.token);
    return twin
      ? [...name, at(["api", "tokens", index, "token"], `it is the same secret as that of ${twin.name}`)]
      : name;
  });
}

/** A fact that no Prometheus can be asked for would be unknown in the night, and no rule would hold that needs it. */
function factFaults(yaml: StanchYaml, at: At, given: Given): readonly Fault[] {
  const names = given.names("connections", "prometheus");
  return Object.entries(yaml.facts).flatMap(([fact, { query, connection }]) => {
    if (connection !== undefined && !names.includes(connection))
      return [at(["facts", fact, "connection"], `there is no connection prometheus.${connection}`)];
    if (query === undefined || connection !== undefined || names.length < 2) return [];
    return [
      at(
        ["facts", fact, "query"],
        `more than one prometheus connection; name one with connection: ${names.join(", ")}`,
      ),
    ];
  });
}

function escalationFaults(yaml: StanchYaml, at: At, given: Given): readonly Fault[] {
  return yaml.escalation.flatMap((level, index) =>
    level.notify.flatMap((whom, place) => {
      const name = whom.startsWith("pagerduty:") ? whom.slice("pagerduty:".length) : undefined;
      if (name === undefined || given.names("connections", "pagerduty").includes(name)) return [];
      return [at(["escalation", index, "notify", place], `there is no connection pagerduty.${name}`)];
    }),
  );
}

function inviteFaults(yaml: StanchYaml, at: At, given: Given): readonly Fault[] {
  const groups = given.names("approvals", "groups");
  return (yaml.slack["incident-channel"]?.invite ?? []).flatMap((name, index) =>
    groups.includes(name)
      ? []
      : [at(["slack", "incident-channel", "invite", index], `there is no group ${name} under approvals.groups`)],
  );
}

function approvalFaults(yaml: StanchYaml, at: At, given: Given): readonly Fault[] {
  const { approvals } = yaml;
  if (approvals === undefined) return [];
  const tokens = new Set(given.names("api", "tokens"));
  const groups = given.names("approvals", "groups");
  const people = given.names("approvals", "people");
  const faults: Fault[] = [];
  if (!groups.includes(approvals.default.group)) {
    faults.push(
      at(["approvals", "default", "group"], `there is no group ${approvals.default.group} under approvals.groups`),
    );
  }
  for (const [name, group] of Object.entries(approvals.groups)) {
    for (const [index, person] of group.people.entries()) {
      if (!people.includes(person))
        faults.push(at(["approvals", "groups", name, "people", index], `there is no ${person} under approvals.people`));
    }
    for (const [index, token] of group["api-tokens"].entries()) {
      if (!tokens.has(token))
        faults.push(at(["approvals", "groups", name, "api-tokens", index], `there is no API token ${token}`));
    }
  }
  return faults;
}

/** A token that is not there proves nobody, and an identity of two people would count for one of them only. */
function peopleFaults({ approvals }: StanchYaml, at: At, given: Given): readonly Fault[] {
  const tokens = given.names("api", "tokens");
  const people = Object.entries(approvals?.people ?? {});
  return people.flatMap(([name, person], index) =>
    (["slack", "token"] as const).flatMap((key) => {
      const id = person[key];
      if (id === undefined) return [];
      const fault = (message: string) => at(["approvals", "people", name, key], message);
      const twin = people.slice(0, index).find(([, other]) => other[key] === id)?.[0];
      return [
        ...(key === "token" && !tokens.includes(id) ? [fault(`there is no API token ${id}`)] : []),
        ...(twin === undefined ? [] : [fault(`it is ${twin} already; one identity is one person's`)]),
      ];
    }),
  );
}

function connectionFaults(yaml: StanchYaml, at: At, given: Given): readonly Fault[] {
  const { connections } = yaml;
  return Object.entries(connections.settings).flatMap(([name, settings]) => {
    const [kind, wanted] = connectionOf(settings);
    const fault = (message: string) => [at(["connections", "settings", name, kind], message)];
    if (!given.names("connections", kind).includes(wanted)) return fault(`there is no connection ${kind}.${wanted}`);
    const found = connections.kubernetes[wanted];
    if (kind !== "kubernetes" || found === undefined || found.namespace !== undefined) return [];
    return fault(`the connection kubernetes.${wanted} has no namespace, which settings need; name it there`);
  });
}

/** The connection that settings are reached through. */
function connectionOf(settings: StanchYaml["connections"]["settings"][string]) {
  switch (settings.kind) {
    case "http":
      return ["http", settings.http] as const;
    case "redis":
      return ["redis", settings.redis] as const;
    case "configmap":
    case "deployment-env":
      return ["kubernetes", settings.kubernetes] as const;
    case "ecs-env":
      return ["ecs", settings.ecs] as const;
    default:
      return settings satisfies never;
  }
}

function freezeFaults(yaml: StanchYaml, at: At): readonly Fault[] {
  return yaml.freeze.flatMap((window, index) => {
    const fault = freezeFault(window);
    return fault === undefined ? [] : [at(["freeze", index, fault.key], fault.message)];
  });
}
