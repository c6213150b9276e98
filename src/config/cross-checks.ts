import type { Fault } from "../core/errors.ts";
import { freezeFault } from "../core/freeze.ts";
import type { StanchYaml } from "./schema.ts";

type At = (path: readonly PropertyKey[], message: string) => Fault;

/** What no single key can tell: names that must exist elsewhere, and that somebody has to prove who they are. */
export function crossFaults(yaml: StanchYaml, at: At, insecureDev: boolean): readonly Fault[] {
  return [
    ...authFaults(yaml, at, insecureDev),
    ...approvalFaults(yaml, at),
    ...connectionFaults(yaml, at),
    ...freezeFaults(yaml, at),
  ];
}

function authFaults(yaml: StanchYaml, at: At, insecureDev: boolean): readonly Fault[] {
  if (insecureDev) return [];
  const faults: Fault[] = [];
  if (Object.values(yaml.sources).every((source) => source === undefined)) {
    faults.push(
      at(
        ["sources"],
        "no source has credentials, so no alert can come in; configure one, or start with --insecure-dev",
      ),
    );
  }
  if (yaml.api.tokens.length === 0) {
    faults.push(at(["api", "tokens"], "no API token is configured; add one, or start with --insecure-dev"));
  }
  const names = yaml.api.tokens.map((token) => token.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) faults.push(at(["api", "tokens"], `the token name ${twice} is used twice`));
  return faults;
}

function approvalFaults(yaml: StanchYaml, at: At): readonly Fault[] {
  const { approvals } = yaml;
  if (approvals === undefined) return [];
  const tokens = new Set(yaml.api.tokens.map((token) => token.name));
  const faults: Fault[] = [];
  if (!(approvals.default.group in approvals.groups)) {
    faults.push(
      at(["approvals", "default", "group"], `there is no group ${approvals.default.group} under approvals.groups`),
    );
  }
  for (const [name, group] of Object.entries(approvals.groups)) {
    for (const [index, person] of group.people.entries()) {
      if (!(person in approvals.people))
        faults.push(at(["approvals", "groups", name, "people", index], `there is no ${person} under approvals.people`));
    }
    for (const [index, token] of group["api-tokens"].entries()) {
      if (!tokens.has(token))
        faults.push(at(["approvals", "groups", name, "api-tokens", index], `there is no API token ${token}`));
    }
  }
  for (const [name, person] of Object.entries(approvals.people)) {
    if (person.token !== undefined && !tokens.has(person.token))
      faults.push(at(["approvals", "people", name, "token"], `there is no API token ${person.token}`));
  }
  return faults;
}

function connectionFaults(yaml: StanchYaml, at: At): readonly Fault[] {
  const { connections } = yaml;
  return Object.entries(connections.settings).flatMap(([name, settings]) => {
    const [kind, wanted] =
      settings.kind === "http" ? (["http", settings.http] as const) : (["redis", settings.redis] as const);
    return wanted in connections[kind]
      ? []
      : [at(["connections", "settings", name, kind], `there is no connection ${kind}.${wanted}`)];
  });
}

function freezeFaults(yaml: StanchYaml, at: At): readonly Fault[] {
  return yaml.freeze.flatMap((window, index) => {
    const fault = freezeFault(window);
    return fault === undefined ? [] : [at(["freeze", index, fault.key], fault.message)];
  });
}
