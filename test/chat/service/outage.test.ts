import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../support/slack-front.ts";
import { fallbackPlaybook, type Service, startService } from "../../support/slack-service.ts";

let service: Service;
before(async () => {
  service = await startService({ playbooks: [fallbackPlaybook("acts", "autonomy: { P0: auto, P1: auto }")] });
});
after(() => service?.stop());

type Incident = { status: string };
type Run = { state: { kind: string } };
type Entry = { text: string };

test("Slack is away for the whole incident: it is remedied, and afterwards the thread is complete and in order", async () => {
  service.slack.fault = () => "lost";
  const labels = { alertname: "acts", service: "one", severity: "critical" };
  await service.alert(labels);
  await eventually(async () => {
    const { items } = await service.api<{ items: Run[] }>("/runs");
    return items[0]?.state.kind === "succeeded" ? true : undefined;
  }, 20_000);
  assert.deepEqual([service.gateway.fallback, service.gateway.writes], [true, 1]);
  await service.alert(labels, "resolved");
  await eventually(async () => {
    const { items } = await service.api<{ items: Incident[] }>("/incidents");
    return items[0]?.status === "resolved" ? true : undefined;
  }, 10_000);
  assert.deepEqual(await service.slack.history(service.channel), []);

  service.slack.fault = () => undefined;
  const { items } = await service.api<{ items: Entry[] }>("/incidents/inc-1/timeline");
  const thread = await eventually(async () => {
    const [message] = await service.marked("stanch_incident");
    const text = message === undefined ? "" : await service.thread(message);
    return text.includes(items.at(-1)?.text.slice(0, 30) ?? "") ? text : undefined;
  }, 20_000);
  const lines = thread.split("\n");
  assert.equal(lines.length, items.length, "as many lines as entries, so none is double");
  for (const [index, { text }] of items.entries())
    assert.ok(lines[index]?.includes(text.slice(0, 20).replaceAll("&", "&amp;")), `${text} is line ${index}`);
  const [message, ...more] = await service.marked("stanch_incident");
  assert.equal(more.length, 0);
  assert.match(message?.text ?? "", /🟢 Recovered · P0 .*fixed by acts on settings:gateway/);
  assert.deepEqual(service.slack.faults, []);
});
