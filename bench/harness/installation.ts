import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory with a configuration and playbooks for one benchmark, and the environment that names them. */
export type Installation = { environment: Readonly<Record<string, string>>; remove(): void };

/** What a webhook call must carry. */
export const BEARER = "Bearer bench-secret";

/** Limits and guards are as wide as they go: what is measured is the way, not what stops on it. */
const CONFIG = (stub: string): string => `version: 1
autonomy: auto
sources: { alertmanager: { bearer: bench-secret } }
api: { tokens: [{ name: bench, role: admin, token: bench-token-0123456789 }] }
incidents: { correlate-by: [service] }
severity: [{ level: P1, when: 'true' }]
limits:
  budget: [{ runs: 1000000, per: 1h }]
  max-concurrent-runs: 1000
  fleet-fraction: 1
connections: { http: { stub: { base-url: '${stub}', allow-private: true } } }
`;

const PLAYBOOK = (alertname: string, step: string): string => `name: ${alertname.toLowerCase()}
description: The first action of the benchmark.
match: ['alertname = "${alertname}"']
severity: [P0, P1, P2]
vars: { service: '\${{ alert.labels.service }}' }
target: bench:\${{ vars.service }}
autonomy: { P0: auto, P1: auto, P2: auto }
steps:
  - id: act
    ${step}
`;

/** Playbook `Read`: its first step calls the stub at `/act/SERVICE`. */
export function install(stub: string, redisUrl: string): Installation {
  const directory = mkdtempSync(join(tmpdir(), "stanch-bench-"));
  const playbooks = join(directory, "playbooks");
  mkdirSync(playbooks);
  const path = `'/act/\${{ vars.service }}'`;
  writeFileSync(join(directory, "stanch.yaml"), CONFIG(stub));
  writeFileSync(
    join(playbooks, "read.yaml"),
    PLAYBOOK("Read", `uses: http.check\n    with: { connection: stub, path: ${path} }`),
  );
  return {
    environment: {
      PORT: "0",
      REDIS_URL: redisUrl,
      STANCH_CONFIG: join(directory, "stanch.yaml"),
      STANCH_PLAYBOOKS: playbooks,
      LOG_LEVEL: "warn",
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
