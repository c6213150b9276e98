import type { Express } from "express";
import { AppError, type Fault } from "../core/errors.ts";
import { send, sendJson } from "./answer.ts";
import { type ApiDeps, protectedHandler } from "./api.ts";

/** What `/-/ready` tells: `ready` decides the status, the rest says why. */
export type Readiness = {
  ready: boolean;
  checks: Readonly<Record<string, { ok: boolean; detail?: string }>>;
  playbookFaults: readonly Fault[];
  unusablePlaybooks: readonly { playbook: string; reason: string }[];
};

export type Health = { ready(): Promise<Readiness> };

/** What a reload came to. With faults the last good set stays in force. */
export type Reloaded = { playbooks: number; faults: readonly Fault[] };

/** Prometheus's text, with its content type. */
export type Exposition = { contentType: string; body: string };

export type OperationsDeps = Omit<ApiDeps, "desk"> & {
  health: Health;
  metrics: { expose(): Promise<Exposition> };
  reload(): Promise<Reloaded>;
};

/** Health, metrics and reload. Only the last needs a token: the others tell nothing about alerts, and probes carry none. */
export function mountOperations(app: Express, deps: OperationsDeps): void {
  mountHealth(app, deps);
  app.post(
    "/-/reload",
    protectedHandler(deps, { role: "admin" }, async () => ({ json: await reload(deps) })),
  );
}

/** What every role answers. */
export function mountHealth(app: Express, deps: Pick<OperationsDeps, "health" | "metrics">): void {
  app.get("/-/healthy", (request, response) => sendJson(request, response, 200, { healthy: true }));

  app.get("/-/ready", async (request, response) => {
    const readiness = await deps.health.ready();
    sendJson(request, response, readiness.ready ? 200 : 503, readiness);
  });

  app.get("/metrics", async (request, response) => {
    const { body, contentType } = await deps.metrics.expose();
    send(request, response, { status: 200, body, type: contentType });
  });
}

async function reload(deps: OperationsDeps): Promise<{ playbooks: number }> {
  const { playbooks, faults } = await deps.reload();
  if (faults.length === 0) return { playbooks };
  throw new AppError("invalid_playbook", "the playbooks have faults; the last good set stays in force", { faults });
}
