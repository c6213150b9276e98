import type { ApiAlert, ApiEntry, ApiIncident, ApiLease, ApiRun, Items } from "../lib/api.ts";
import { waitFor } from "../lib/processes.ts";
import { approve } from "./approve.ts";
import { type ErrorWatch, watchErrors } from "./errors.ts";
import { percent, type Terminal } from "./terminal.ts";
import type { World } from "./world.ts";

/** Milliseconds left of the whole demo; every wait takes its share of it. */
export type Clock = { left(): number };

/** Tells the whole story; each chapter waits for what it announces. @throws Error when something did not come in time. */
export async function tell(world: World, terminal: Terminal, clock: Clock, manual: boolean): Promise<void> {
  const errors = watchErrors(world.gateway.metrics);
  try {
    await breakProvider(world, terminal, clock, errors);
    const alert = await alertArrives(world, terminal, clock);
    const incident = await isClassified(world, terminal, clock, alert.id);
    if (manual) await approve(world, terminal);
    const run = await playbookActs(world, terminal, clock);
    await errorsFall(terminal, clock, errors);
    await recoveryHolds(world, terminal, clock, run.id);
    await incidentCloses(world, terminal, clock, incident.id);
    await printTimeline(world, terminal, incident.id);
  } finally {
    errors.stop();
  }
}

function patience(world: World, clock: Clock) {
  return { within: clock.left(), every: 150, needs: [world.stanch.process] };
}

async function breakProvider(world: World, terminal: Terminal, clock: Clock, errors: ErrorWatch): Promise<void> {
  terminal.chapter("The provider fails");
  const answered = () => world.gateway.metrics.value("http_requests_total", { status_code: "200" }) > 200;
  await waitFor("healthy traffic", answered, patience(world, clock));
  terminal.line("all requests are answered; now openai starts to fail every call");
  world.gateway.primary.state = "failing";
  await waitFor("errors", () => (errors.shares.at(-1) ?? 0) > 0.9, { within: clock.left() });
  terminal.bad("users of the gateway get 502");
}

async function alertArrives(world: World, terminal: Terminal, clock: Clock): Promise<ApiAlert> {
  terminal.chapter("The alert arrives");
  const alert = await waitFor(
    "the alert to be accepted",
    async () => (await world.stanch.get<Items<ApiAlert>>("/alerts?limit=5")).items[0],
    patience(world, clock),
  );
  terminal.line(`${alert.labels["alertname"]} from ${alert.source}: ${alert.annotations["summary"]}`);
  terminal.detail(`accepted, kept in Redis and queued as ${alert.id}`);
  return alert;
}

async function isClassified(world: World, terminal: Terminal, clock: Clock, alertId: string): Promise<ApiIncident> {
  terminal.chapter("It is classified");
  const alert = await waitFor(
    "the classification",
    async () => {
      const found = await world.stanch.get<ApiAlert>(`/alerts/${alertId}`);
      return found.incidentId !== null && found.explanation !== null && found;
    },
    patience(world, clock),
  );
  const incident = await world.stanch.get<ApiIncident>(`/incidents/${alert.incidentId}`);
  terminal.line(`${incident.severity} ${incident.id}: ${incident.title}`);
  const facts = Object.entries(alert.explanation?.facts ?? {}).map(([name, value]) => `${name} = ${rounded(value)}`);
  terminal.detail(`facts: ${facts.join(", ") || "none"}`);
  terminal.detail(alert.explanation?.sentence ?? "");
  return incident;
}

async function playbookActs(world: World, terminal: Terminal, clock: Clock): Promise<ApiRun> {
  terminal.chapter("The playbook acts");
  const changed = () => world.gateway.settings.changes.find(({ after }) => after.FALLBACK_ENABLED);
  const change = await waitFor("the fallback to be enabled", changed, patience(world, clock));
  const [run] = (await world.stanch.get<Items<ApiRun>>("/runs?limit=1")).items;
  if (run === undefined) throw new Error("the setting was changed, but there is no run");
  terminal.line(
    `${run.playbook} set FALLBACK_ENABLED: ${change.before.FALLBACK_ENABLED} -> ${change.after.FALLBACK_ENABLED}`,
  );
  terminal.detail(`${run.id} on ${run.target}, through PUT ${world.gateway.url}/settings`);
  return run;
}

async function errorsFall(terminal: Terminal, clock: Clock, errors: ErrorWatch): Promise<void> {
  await waitFor("errors to fall", () => errors.shares.at(-1) === 0, { within: clock.left() });
  const before = errors.shares.findLastIndex((share) => share > 0.9);
  terminal.good(`errors fall: ${errors.shares.slice(before).map(percent).join(" -> ")}`);
}

async function recoveryHolds(world: World, terminal: Terminal, clock: Clock, runId: string): Promise<void> {
  terminal.chapter("Recovery is measured");
  terminal.line("the error ratio must stay below 2 % for 6 s");
  const run = await waitFor(
    "the verification",
    async () => {
      const found = await world.stanch.get<ApiRun>(`/runs/${runId}`);
      return ["succeeded", "failed", "cancelled", "unknown_outcome"].includes(found.state.kind) && found;
    },
    patience(world, clock),
  );
  if (run.state.kind !== "succeeded")
    throw new Error(`the run ended as ${run.state.kind}: ${run.state.reason ?? run.sentence}`);
  terminal.good(`it held: ${run.id} succeeded`);
}

async function incidentCloses(world: World, terminal: Terminal, clock: Clock, id: string): Promise<void> {
  terminal.chapter("The incident closes");
  const incident = await waitFor(
    "the alert to resolve",
    async () => {
      const found = await world.stanch.get<ApiIncident>(`/incidents/${id}`);
      return found.status === "resolved" && found;
    },
    patience(world, clock),
  );
  terminal.good(`the alert has resolved; ${incident.id} is ${incident.status}`);
  const leases = await world.stanch.get<Items<ApiLease>>("/leases?limit=5");
  for (const lease of leases.items.filter(({ status }) => status === "active")) {
    terminal.detail(`lease: ${lease.describe}, at ${lease.endsAt}`);
  }
}

async function printTimeline(world: World, terminal: Terminal, id: string): Promise<void> {
  terminal.chapter(`The timeline of ${id}, as the API gives it`);
  const { items } = await world.stanch.get<Items<ApiEntry>>(`/incidents/${id}/timeline`);
  for (const { at, kind, text } of items) terminal.detail(`${at.slice(11, 19)}  ${kind.padEnd(9)} ${text}`);
  if (items.length === 0) throw new Error("the timeline is empty");
}

function rounded(value: number | null): string {
  return value === null ? "unknown" : String(Math.round(value * 1000) / 1000);
}
