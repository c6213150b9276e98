import { readFileSync } from "node:fs";
import type { Config } from "../core/config.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import { readYaml, type YamlFile } from "../core/yaml/read-yaml.ts";
import { faultAtPath, schemaFaults } from "../core/yaml/schema-faults.ts";
import { compileRules } from "./compile.ts";
import { crossFaults } from "./cross-checks.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { givenNames } from "./given.ts";
import { notImplementedIn } from "./not-implemented.ts";
import { salvage } from "./salvage.ts";
import { StanchYaml } from "./schema.ts";
import { fillSecrets, withoutSecrets } from "./secrets.ts";
import {
  approvalSettings,
  connectionSettings,
  durabilitySetting,
  incidentSettings,
  limitSettings,
  slackSettings,
  sourceSettings,
} from "./sections.ts";
import { freezeWindows, reportSettings } from "./windows-and-reports.ts";

export type LoadOptions = {
  file: string;
  environment: Environment;
  /** No authentication is needed then, and the service binds to loopback only. */
  insecureDev: boolean;
};

/**
 * Reads `stanch.yaml` and the environment into one frozen Config.
 * @throws AppError `invalid_config` with every fault at once: file, line, column, path, remedy.
 */
export function loadConfig(options: LoadOptions): Config {
  const text = readText(options.file);
  const read = readYaml(text, options.file);
  if (!read.ok) throw invalid(read.faults);
  return buildConfig(read.file, options);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError(
      "invalid_config",
      `${file} cannot be read; \`stanch init\` writes one, STANCH_CONFIG names another`,
      { cause },
    );
  }
}

function buildConfig(file: YamlFile, options: LoadOptions): Config {
  const at = (path: readonly PropertyKey[], message: string) => faultAtPath(file, options.file, path, message);
  const filled = fillSecrets(file.value, { environment: options.environment, file: options.file });
  const told = [
    ...filled.faults.map(({ path, message }) => at(path, message)),
    ...notImplementedIn(filled.value).map((path) => at(path, "not implemented yet")),
  ];
  const parsed = StanchYaml.safeParse(filled.value);
  const shape = parsed.success ? [] : schemaFaults(parsed.error, { file, name: options.file, schema: StanchYaml });
  const read = parsed.success ? { yaml: parsed.data, original: same } : salvage(filled.value);
  const environment = readEnvironment(options.environment);
  const place = { file, name: options.file, faults: [] as Fault[], original: read.original };
  const given = givenNames(filled.value);
  const rules = compileRules(read.yaml, place, given);
  const cross = crossFaults(read.yaml, (path, message) => at(read.original(path), message), { ...options, given });
  const faults = [
    ...told,
    ...shape.filter((fault) => !isTold(fault, told)),
    ...[...place.faults, ...cross].filter((fault) => !isTold(fault, shape) && !isAbove(fault, shape)),
    ...environment.faults,
  ];
  if (faults.length > 0)
    throw invalid(faults.map((fault) => ({ ...fault, message: withoutSecrets(fault.message, filled.secrets) })));
  return deepFreeze({ ...assemble(read.yaml, options), ...rules, environment: environment.value });
}

function same(path: readonly PropertyKey[]): readonly PropertyKey[] {
  return path;
}

/** Whether the place, or one above it, has a fault already that explains this one. */
function isTold(fault: Fault, told: readonly Fault[]): boolean {
  return told.some(({ path = "" }) => fault.path === path || isBelow(fault.path, path));
}

/** Whether a part of the place has a fault already: what was left out for it may be all that is missing. */
function isAbove(fault: Fault, told: readonly Fault[]): boolean {
  return told.some(({ path }) => fault.path !== undefined && isBelow(path, fault.path));
}

function isBelow(path: string | undefined, above: string): boolean {
  return path?.startsWith(`${above}.`) === true || path?.startsWith(`${above}[`) === true;
}

function assemble(yaml: StanchYaml, options: LoadOptions): Omit<Config, "facts" | "severity" | "environment"> {
  const reports = reportSettings(yaml.reports);
  return {
    file: options.file,
    vars: yaml.vars,
    autonomy: yaml.autonomy,
    sources: sourceSettings(yaml.sources, options.insecureDev),
    api: { tokens: yaml.api.tokens },
    incidents: incidentSettings(yaml.incidents),
    limits: limitSettings(yaml.limits),
    freeze: freezeWindows(yaml.freeze),
    approvals: approvalSettings(yaml.approvals),
    escalation: yaml.escalation,
    slack: slackSettings(yaml.slack),
    ...(reports === undefined ? {} : { reports }),
    retention: yaml.retention,
    maxBody: yaml["max-body"],
    acceptedRisks: yaml.redis["accept-risk"],
    durability: durabilitySetting(yaml.durability),
    connections: connectionSettings(yaml.connections, options.environment),
  };
}

function invalid(found: readonly Fault[]): AppError {
  const faults = found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const list = faults.map(formatFault).join("\n");
  return new AppError(
    "invalid_config",
    `the configuration has ${faults.length} fault${faults.length === 1 ? "" : "s"}:\n${list}`,
    { faults },
  );
}

/** Compiled matchers and expressions are shared objects with code in them; only plain data is frozen. */
function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null && !Object.isFrozen(inner) && isPlain(inner))
      deepFreeze(inner as object);
  }
  return Object.freeze(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || Array.isArray(value);
}
