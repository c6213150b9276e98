import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../support/slack-front.ts";
import { type Service, startService } from "../../support/slack-service.ts";

let service: Service;
before(async () => {
  const levels = `escalation:
  - { after: 0m, when: needs-person, notify: ['slack:@platform-oncall'] }
  - { after: 7s, when: unmitigated, notify: ['slack:@anna'] }
`;
  service = await startService({ playbooks: [], yaml: levels });
});
after(() => service?.stop());

test("a storm of 500 alerts is one message that is edited a few times and ends with what is true", async () => {
  const labels = { alertname: "Storm", service: "storm", severity: "critical" };
  for (let body = 0; body < 10; body += 1) await service.alert({ ...labels, rack: `r${body}` }, "firing", 50);
  await eventually(async () => {
    const message = await service.incident("Storm");
    return JSON.stringify(message).includes("500 of 500 alerts") ? true : undefined;
  }, 20_000);
  assert.equal((await service.marked("stanch_incident")).length, 1);
  const edits = service.slack.calls.filter(({ method }) => method === "chat.update").length;
  assert.ok(edits <= 20, `${edits} edits`);
  const [message] = await service.marked("stanch_incident");
  assert.match(JSON.stringify(message), /What fires.*… and 495 more/);
});

test("escalation mentions the group at once, and the next level only where nobody has acknowledged", async () => {
  await Promise.all([
    service.alert({ alertname: "Seen", service: "seen" }),
    service.alert({ alertname: "Unseen", service: "unseen" }),
  ]);
  const calls = async (name: string) =>
    (await service.marked("stanch_escalation")).filter(({ text }) => text.includes(name));
  const group = await eventually(async () => (await calls("Seen on"))[0], 10_000);
  assert.match(group.text, /^<!subteam\^S045DEFGH> <@\w+> 📣 \*P1 · Seen on seen\*/);
  await service.press(await service.incident("Seen on"), "Acknowledge");
  const again = await eventually(async () => (await calls("Unseen on"))[1], 15_000);
  assert.match(again.text, new RegExp(`^<@${service.anna}> 📣 .*not mitigated`));
  assert.equal((await calls("· Seen on")).length, 1);
  assert.deepEqual(service.slack.faults, []);
});
