import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/core/config.ts";
import { AppError, formatFault } from "../../src/core/errors.ts";

export const SECRETS = {
  ALERTMANAGER_TOKEN: "alertmanager-secret-1",
  STANCH_API_TOKEN: "api-secret-123456",
  GRAFANA_SECRET: "grafana-secret-1",
};

/** Enough to start: a source and an API token. */
export const MINIMAL = `version: 1
sources: { alertmanager: { bearer: "\${env:ALERTMANAGER_TOKEN}" } }
api: { tokens: [{ name: cli, role: operator, token: "\${env:STANCH_API_TOKEN}" }] }
`;

const dir = mkdtempSync(join(tmpdir(), "stanch-config-"));
after(() => rmSync(dir, { recursive: true, force: true }));

/** A file beside the configuration. */
export function put(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

type Options = { environment?: Readonly<Record<string, string>>; insecureDev?: boolean };

export function load(text: string, { environment = SECRETS, insecureDev = false }: Options = {}): Config {
  return loadConfig({ file: put("stanch.yaml", text), environment, insecureDev });
}

/** Faults as lines, without the folder of the test. */
export function faultsOf(text: string, options: Options = {}): readonly string[] {
  try {
    load(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "invalid_config") throw error;
    return error.faults.map((fault) => formatFault(fault).replace(`${dir}/`, ""));
  }
}
