import { createInterface } from "node:readline/promises";
import type { ApiApproval, Items } from "../lib/api.ts";
import { waitFor } from "../lib/processes.ts";
import type { Terminal } from "./terminal.ts";
import type { World } from "./world.ts";

/**
 * Shows the approval that the playbook waits for and asks on the terminal; without a terminal it says how to approve
 * through the API and waits. @throws Error when it was rejected or nobody decided before it expired.
 */
export async function approve(world: World, terminal: Terminal): Promise<void> {
  terminal.chapter("A person decides");
  const approval = await waitFor(
    "the approval",
    async () => (await world.stanch.get<Items<ApiApproval>>("/approvals?status=pending")).items[0],
    { within: 20_000, needs: [world.stanch.process] },
  );
  terminal.line(`${approval.playbook} asks (${approval.id}):`);
  for (const step of approval.steps) terminal.detail(`${step.describe}; to undo: ${step.undo ?? "impossible"}`);
  const decision = await ask(world, terminal, approval.id);
  if (decision !== undefined) {
    const answer = await world.stanch.post(`/approvals/${approval.id}`, { decision });
    if (answer.status >= 300) throw new Error(`deciding ${approval.id}: ${answer.status} ${answer.text}`);
  }
  await waitFor("the decision", async () => (await statusOf(world, approval.id)) !== "pending", {
    within: 300_000,
    every: 500,
    needs: [world.stanch.process],
  });
  const status = await statusOf(world, approval.id);
  if (status !== "approved") throw new Error(`${approval.id} is ${status}: nothing was changed`);
  terminal.good(`${approval.id} is approved`);
}

async function statusOf(world: World, id: string): Promise<string> {
  return (await world.stanch.get<ApiApproval>(`/approvals/${id}`)).status;
}

async function ask(world: World, terminal: Terminal, id: string): Promise<"approve" | "reject" | undefined> {
  if (process.stdin.isTTY) {
    const prompt = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await prompt.question("          approve? [y/n] ");
    prompt.close();
    return answer.trim().toLowerCase().startsWith("y") ? "approve" : "reject";
  }
  terminal.detail("no terminal to ask on; approve with:");
  terminal.detail(`curl -X POST ${world.stanch.url}/api/v1/approvals/${id} -H 'content-type: application/json' \\`);
  terminal.detail(`  -H "authorization: Bearer $(cat ${world.dir}/api-token)" -d '{"decision":"approve"}'`);
  return undefined;
}
