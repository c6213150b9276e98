import { ask, post, type Worker } from "./workers.ts";

/** One look of the people at what waits for them; throws when the worker is away, and is repeated. */
export type Act = (worker: Pick<Worker, "url">) => Promise<void>;
type Items = { items: readonly { id: string; status?: string; state?: { kind: string; reason?: string } }[] };

/** Nobody does anything. */
export const nobody: Act = async () => {};

export const approve: Act = (worker) => decideAll(worker, "approve");
export const reject: Act = (worker) => decideAll(worker, "reject");

async function decideAll(worker: Pick<Worker, "url">, decision: "approve" | "reject"): Promise<void> {
  const { items } = await ask<Items>(worker, "/approvals");
  for (const { id, status } of items)
    if (status === "pending") await ask(worker, `/approvals/${id}`, { decision, reason: "seen" });
}

/** Says that every open task is done. */
export const complete: Act = async (worker) => {
  const { items } = await ask<Items>(worker, "/tasks");
  for (const { id, status } of items) if (status === "open") await ask(worker, `/tasks/${id}`, { answer: "fine" });
};

/** Cancels a run once it waits. */
export const cancel: Act = async (worker) => {
  for (const { id } of await runsIn(worker, "waiting")) await ask(worker, `/runs/${id}/cancel`, {});
};

/** Answers `done` to every question. */
export const answer: Act = async (worker) => {
  for (const { id } of await runsIn(worker, "unknown_outcome"))
    await ask(worker, `/runs/${id}/answer`, { answer: "done" });
};

/** Lets the source say that the alert is over, once the run waits. */
export const resolve: Act = async (worker) => {
  if ((await runsIn(worker, "waiting")).length > 0) await post(worker, { status: "resolved" });
};

async function runsIn(worker: Pick<Worker, "url">, kind: string): Promise<Items["items"]> {
  const { items } = await ask<Items>(worker, "/runs");
  return items.filter((run) => run.state?.kind === kind);
}
