import { readFileSync } from "node:fs";
import type { Config } from "../core/config.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import { readYaml, type YamlFile } from "../core/yaml/read-yaml.ts";
import { faultAtPath, schemaFaults } from "../core/yaml/schema-faults.ts";
import { compileRules } from "./compile.ts";
import { crossFaults } from "./cross-checks.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { notImplemented } from "./not-implemented.ts";
import { StanchYaml } from "./schema.ts";
import { fillSecrets } from "./secrets.ts";
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
  const name = options.file;
  const faults: Fault[] = [];
  const filled = fillSecrets(file.value, { environment: options.environment, file: name });
  for (const fault of filled.faults) faults.push(faultAtPath(file, name, fault.path, fault.message));
  const parsed = StanchYaml.safeParse(filled.value);
  if (!parsed.success) throw invalid([...faults, ...laterFaults(schemaFaults(parsed.error, file, name))]);
  const environment = readEnvironment(options.environment);
  faults.push(...environment.faults);
  const rules = compileRules(parsed.data, { file, name, faults });
  faults.push(
    ...crossFaults(parsed.data, (path, message) => faultAtPath(file, name, path, message), options.insecureDev),
  );
  if (faults.length > 0) throw invalid(faults);
  return deepFreeze({ ...assemble(parsed.data, options), ...rules, environment: environment.value });
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
    durability: durabilitySetting(yaml.durability),
    connections: connectionSettings(yaml.connections),
  };
}

/** A key of the contract whose behaviour is still to come is named as such, not as unknown. */
function laterFaults(faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => {
    const later = notImplemented((fault.path ?? "").split("."));
    return later !== undefined && fault.message === "unknown key"
      ? { ...fault, message: "not implemented yet" }
      : fault;
  });
}

function invalid(faults: readonly Fault[]): AppError {
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
