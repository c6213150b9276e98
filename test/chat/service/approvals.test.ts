import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, shown } from "../../support/slack-front.ts";
import { fallbackPlaybook, type Service, startService } from "../../support/slack-service.ts";

const ASKS = "autonomy: { P0: approve, P1: approve }";

describe("deciding in Slack, on the running service", () => {
  let service: Service;
  before(async () => {
    const brief = "approval: { group: platform-oncall, required: 1, expires: 2s }";
    const task = "{ id: look, uses: human.task, with: { ask: look at the racks } }";
    service = await startService({
      playbooks: [
        fallbackPlaybook("asks", ASKS),
        fallbackPlaybook("hurries", `${ASKS}\n${brief}`),
        fallbackPlaybook("waits", "autonomy: { P0: auto, P1: auto }").replace("steps:", `steps:\n  - ${task}`),
      ],
    });
  });
  after(() => service?.stop());
  afterEach(() => assert.deepEqual(service.slack.faults, [], "Slack would have refused a message"));

  test("a stranger, two at once, a replay and a late click: one decision, one effect, a clear sentence for each", async () => {
    await service.alert({ alertname: "asks", service: "one", severity: "critical" });
    const asked = await service.approval("asks on one");
    const stranger = await service.press(asked, "Approve", service.ben);
    assert.match(
      stranger.text,
      /^<@\w+> is not in platform-oncall; platform-oncall \(anna, <!subteam\^\w+>\) may decide/,
    );
    assert.equal(stranger.response_type, "ephemeral");
    assert.equal(service.gateway.writes, 0);

    const clicks = await Promise.all([service.press(asked, "Approve"), service.press(asked, "Approve")]);
    const [yes, no] = clicks
      .map(({ text }) => text)
      .sort((a, b) => Number(b.startsWith("approved")) - Number(a.startsWith("approved")));
    assert.match(yes ?? "", /^approved: asks on settings:gateway goes on now$/);
    assert.match(no ?? "", /already approved by anna \(slack\); nothing has been changed by this$/);
    assert.equal(await service.replay(), 401);

    const locked = await service.approval("asks on one", /Approved/);
    assert.match(JSON.stringify(locked.blocks), /approved by \*anna\* from Slack/);
    assert.doesNotMatch(JSON.stringify(locked.blocks), /"type":"button"/);
    assert.match((await service.press(asked, "Approve")).text, /already approved by anna/);
    await eventually(() => (service.gateway.fallback ? true : undefined), 10_000);
    assert.equal(service.gateway.writes, 1);
    assert.equal((await service.marked("stanch_approval")).length, 1);
  });

  test("what was typed undoes it, and every decision is in the thread", async () => {
    await eventually(
      async () => (/mitigation holds/.test((await service.incident("asks")).text) ? true : undefined),
      15_000,
    );
    assert.match((await service.say("ack 1")).text, /acknowledged inc-1/);
    assert.match((await service.say("extend inc-1 30m")).text, /extended lease \S+ by 30m, to <!date/);
    assert.match((await service.press(await service.incident("asks"), "Revert now")).text, /reverts lease/);
    await eventually(() => (service.gateway.fallback ? undefined : true), 10_000);
    const message = await service.incident("asks");
    const { channel } = service;
    const words = {
      type: "message",
      user: service.ben,
      channel,
      ts: "1795000000.000100",
      thread_ts: message.ts,
      text: "DNS",
    };
    await service.event(words);
    await service.event(words);
    const { items } = await eventually(async () => {
      const read = await service.api<{ items: { text: string; by: string }[] }>("/incidents/inc-1/timeline");
      return read.items.some(({ text }) => text.includes("DNS")) ? read : undefined;
    });
    assert.equal(items.filter(({ text }) => text.includes("DNS")).length, 1);
    const thread = await eventually(async () => {
      const text = await service.thread(message);
      return text.includes("undo succeeded") ? text : undefined;
    }, 15_000);
    for (const said of [/approved by anna/, /acknowledged inc-1/, /extended lease/, /reverts lease/])
      assert.equal(thread.match(new RegExp(said, "g"))?.length, 1, `${said}`);
    assert.match((await service.say("close 1")).text, /closed inc-1/);
    assert.match((await service.say("ack inc-99")).text, /^no incident inc-99; there are none open\.$/);
  });

  test("an expired and a withdrawn approval run nothing, say so, and lock", async () => {
    const writes = service.gateway.writes;
    await service.alert({ alertname: "hurries", service: "two" });
    const brief = await service.approval("hurries on two");
    await service.approval("hurries on two", /Expired/);
    assert.match((await service.press(brief, "Approve")).text, /expired; it never runs anything after that; nothing/);

    await service.alert({ alertname: "asks", service: "three" });
    const asked = await service.approval("asks on three", /needed/);
    await service.alert({ alertname: "asks", service: "three" }, "resolved");
    await service.approval("asks on three", /Withdrawn/);
    assert.match((await service.press(asked, "Approve")).text, /withdrawn: nothing waits for it any more; nothing/);
    assert.equal(service.gateway.writes, writes);
    const over = await eventually(async () => {
      const message = await service.incident("three");
      return /🟢 Recovered/.test(message.text) ? message : undefined;
    }, 15_000);
    assert.match(over.text, /it recovered without a successful run/);
  });

  test("while the Web API hangs, clicks and commands are acknowledged and answered from what stanch knows", async () => {
    await service.alert({ alertname: "asks", service: "four" });
    const asked = await service.approval("asks on four");
    service.slack.fault = () => "hang";
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const start = performance.now();
      assert.match((await service.say("status")).text, /open incident/);
      times.push(performance.now() - start);
    }
    assert.match((await service.press(asked, "Approve")).text, /^approved: asks/);
    await eventually(() => (service.gateway.fallback ? true : undefined), 10_000);
    service.slack.fault = () => undefined;
    service.slack.release();
    assert.ok(Math.max(...times) < 1_000, `the slowest took ${Math.max(...times)} ms with its answer`);
    await service.approval("asks on four", /Approved/);
  });

  test("the App Home shows what waits, what is open, what is temporary and that stanch may act", async () => {
    await service.alert({ alertname: "asks", service: "five" });
    await service.approval("asks on five", /needed/);
    const home = async (user: string) => {
      const seen = service.slack.calls.length;
      await service.event({ type: "app_home_opened", user, tab: "home", channel: "D0AB1CD2E" });
      const published = await eventually(() =>
        service.slack.calls.slice(seen).find(({ method }) => method === "views.publish"),
      );
      return JSON.stringify(published.args["view"]);
    };
    assert.match(
      await home(service.anna),
      /stanch may act.*Waiting for you: 1.*set FALLBACK to true.*Open incidents: .*five/,
    );
    assert.match(await home(service.ben), /Waiting for you: 0/);
    assert.match(await home(service.anna), /Temporary.*set FALLBACK to false/);
    assert.match((await service.say("pause 10m drill")).text, /global is paused for 10m/);
    assert.match(await home(service.anna), /stanch is paused everywhere/);
    assert.match((await service.say("resume")).text, /global is resumed/);
    assert.match((await service.say("reject five not now")).text, /no approval five; waiting are: apr-/);
    const { items } = await service.api<{ items: { id: string }[] }>("/approvals?status=pending");
    assert.match(
      (await service.say(`reject ${items[0]?.id} not now`)).text,
      /^rejected: asks on settings:gateway will not run/,
    );
    assert.match(
      JSON.stringify((await service.approval("asks on five", /Rejected/)).blocks),
      /rejected by \*anna\* from Slack .*: not now/,
    );
  });

  test("run shows its plan and runs when confirmed; a task is done by its button", async () => {
    const plan = await service.say("run waits");
    assert.match(shown(plan), /ask a person: look at the racks.*set FALLBACK to true/);
    assert.equal((await service.api<{ items: object[] }>("/runs?state=waiting")).items.length, 0);
    const started = await service.press({ ...plan, ts: "", user: "" }, "Run it");
    assert.match(started.text, /run-/);
    const asking = await eventually(async () => {
      const messages = await service.marked("stanch_incident");
      return messages.find(({ blocks }) => JSON.stringify(blocks).includes("look at the racks"));
    }, 15_000);
    assert.match(shown(await service.say("status")), /People are asked to.*look at the racks/);
    assert.match((await service.press(asking, "Done")).text, /did: look at the racks/);
    const [approval] = await eventually(async () => {
      const { items } = await service.api<{ items: { id: string }[] }>("/approvals?status=pending");
      return items.length > 0 ? items : undefined;
    }, 15_000);
    assert.match(
      (await service.say(`approve ${approval?.id}`)).text,
      /^approved: waits on settings:gateway goes on now/,
    );
    await eventually(() => (service.gateway.fallback ? true : undefined), 10_000);
  });
});
