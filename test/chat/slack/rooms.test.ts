import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { createApi } from "../../../src/chat/slack/api.ts";
import { createChannels } from "../../../src/chat/slack/channels.ts";
import { archiveRoom, roomName } from "../../../src/chat/slack/rooms.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { type SlackDouble, startSlack } from "../../support/slack.ts";
import { entryOf, incidentOf, NOON, viewOf } from "../../support/slack-desk.ts";
import { Crash, createPublisher, type Publisher } from "../../support/slack-publisher.ts";

const incidentChannel = { severities: ["P0"], prefix: "inc", invite: ["platform-oncall"] };
const settings = { channel: "#platform-alerts", routes: [], incidentChannel };

describe("an incident's own channel", () => {
  let slack: SlackDouble;
  let worker: Publisher;
  let id: string;
  let ids = 40;

  before(async () => {
    slack = await startSlack();
  });
  beforeEach(fresh);
  afterEach(() => {
    slack.fault = () => undefined;
    assert.deepEqual(slack.faults, []);
  });
  after(() => slack.stop());

  function fresh(): void {
    slack.fault = () => undefined;
    worker = createPublisher(slack, { incidentChannel });
    id = `inc-${++ids}`;
  }

  type Room = { id: string; name: string; topic: { value: string }; purpose: { value: string }; num_members: number };

  async function rooms(): Promise<Room[]> {
    const { channels } = await slack.forward("conversations.list", { types: "public_channel,private_channel" });
    return (channels as Room[]).filter(({ name }) => name.startsWith(`${id}-`));
  }

  const timeline = (length: number): TimelineEntry[] =>
    Array.from({ length }, (_, seq) => entryOf(`entry ${seq} of ${id}.`));
  const severe = (change = {}) => viewOf({ incident: { id, severity: "P0", ...change } });
  const upTo = (length: number) => Array.from({ length }, (_, seq) => seq);
  const numbers = (messages: { text: string }[]) =>
    messages.flatMap(({ text }) =>
      [...text.matchAll(new RegExp(`entry (\\d+) of ${id}\\.`, "g"))].map(([, seq]) => Number(seq)),
    );

  async function inThread(): Promise<number[]> {
    const { channel = "", message = "" } = worker.stored.state;
    return numbers(await slack.thread(channel, message));
  }
  const inRoom = async () => numbers(await slack.history((await rooms())[0]?.id ?? ""));

  test("is made for the severities that are named, with purpose, topic, responders and the whole timeline", async () => {
    await worker.settle(viewOf({ incident: { id } }), timeline(3));
    assert.deepEqual(await rooms(), []);
    await worker.settle(severe({ acknowledged: { by: "anna", at: NOON, until: NOON + 1 } }), timeline(30));
    const [room, ...others] = await rooms();
    assert.deepEqual(others, []);
    assert.equal(room?.name, `${id}-litellm`);
    assert.equal(room?.purpose.value, `stanch: the channel of ${id}`);
    assert.match(
      room?.topic.value ?? "",
      /^P0 open · lead: anna · <https:\/\/emulate\.slack\.com\/archives\/.*\|message>$/,
    );
    assert.equal(room?.num_members, 2);
    assert.deepEqual([await inThread(), await inRoom()], [upTo(30), upTo(30)]);
    await worker.settle(severe({ taken: { by: "slack:U012ABCDE (slack)", at: NOON } }), timeline(30));
    assert.match((await rooms())[0]?.topic.value ?? "", / · lead: <@U012ABCDE> \(slack\) · /);
    await worker.settle(severe({ status: "resolved", resolvedAt: NOON + 1 }), timeline(32));
    assert.match((await rooms())[0]?.topic.value ?? "", /^P0 resolved/);
    assert.deepEqual([await inThread(), await inRoom()], [upTo(32), upTo(32)]);
  });

  test("if Slack refuses it, the alert channel serves, and it is not asked for again at once", async () => {
    slack.fault = ({ method }) => (method === "conversations.create" ? { error: "restricted_action" } : undefined);
    await worker.settle(severe(), timeline(3));
    await worker.settle(severe(), timeline(5));
    assert.deepEqual(await inThread(), upTo(5));
    assert.equal(
      slack.calls.filter(({ method, args }) => method === "conversations.create" && String(args["name"]).startsWith(id))
        .length,
      1,
    );
  });

  test("if somebody archives it, the thread alone goes on", async () => {
    await worker.settle(severe(), timeline(3));
    await slack.forward("conversations.archive", { channel: (await rooms())[0]?.id });
    await worker.settle(severe(), timeline(6));
    assert.deepEqual(await inThread(), upTo(6));
  });

  test("a channel of that name which is not ours is left alone", async () => {
    const taken = await slack.forward("conversations.create", { name: `${id}-litellm` });
    const channel = (taken["channel"] as { id: string }).id;
    await slack.forward("conversations.setPurpose", { channel, purpose: "lunch" });
    await worker.settle(severe(), timeline(2));
    assert.deepEqual(await inRoom(), []);
    assert.deepEqual(await inThread(), upTo(2));
  });

  async function story(): Promise<void> {
    await worker.settle(viewOf({ incident: { id } }), timeline(2));
    await worker.settle(severe(), timeline(25));
    await worker.settle(severe(), timeline(28));
  }

  async function expectWhole(where: string): Promise<void> {
    slack.fault = () => undefined;
    assert.equal((await rooms()).length, 1, where);
    assert.deepEqual([await inThread(), await inRoom()], [upTo(28), upTo(28)], where);
    // What stays would be read by every round after this one.
    const { channel, message: ts } = worker.stored.state;
    await slack.forward("chat.delete", { channel, ts });
  }

  for (const fault of ["dropped", "lost"] as const) {
    test(`a call that is ${fault} at any moment makes no second channel and leaves nothing double or out`, async () => {
      const before = slack.calls.length;
      await story();
      const calls = slack.calls.length - before;
      for (let broken = 1; broken <= calls; broken += 1) {
        fresh();
        let seen = 0;
        slack.fault = () => (++seen === broken ? fault : undefined);
        await story();
        await expectWhole(`call ${broken} ${fault}`);
      }
    });
  }

  test("neither does a crash at any save", async () => {
    await story();
    const { saves } = worker.hooks;
    for (let broken = 1; broken <= saves; broken += 1) {
      fresh();
      worker.hooks.beforeSave = (count) => {
        if (count === broken) throw new Crash();
      };
      await story();
      await expectWhole(`crash at save ${broken}`);
    }
  });

  test("is archived by command, once the incident is over", async () => {
    await worker.settle(severe(), timeline(1));
    const api = createApi({ botToken: "xoxb-test", apiUrl: slack.apiUrl, log: silentLog });
    const deps = { api, channels: createChannels(api), slack: settings };
    assert.match(await archiveRoom(deps, incidentOf({ id })), /is still open; close it first/);
    const over = incidentOf({ id, status: "resolved" });
    assert.equal(await archiveRoom(deps, over), `#${id}-litellm is archived.`);
    assert.equal(
      (
        (await slack.forward("conversations.info", { channel: worker.stored.state.room?.channel }))["channel"] as {
          is_archived: boolean;
        }
      ).is_archived,
      true,
    );
    const again = { ...deps, channels: createChannels(api) };
    assert.match(await archiveRoom(again, over), /has no channel #.*or it is archived already/);
  });

  test("the name keeps to what Slack allows, whatever the labels are", () => {
    const named = (labels: Record<string, string>, key = "k") => roomName("inc", incidentOf({ labels, key }));
    assert.equal(named({ service: "LiteLLM Router/EU" }), "inc-12-litellm-router-eu");
    assert.equal(named({}, "service=a,cluster=b"), "inc-12-service-a-cluster-b");
    assert.match(named({ service: "שגיאה" }), /^inc-12$/);
    assert.equal(named({ service: "x".repeat(200) }).length, 80);
    assert.equal(roomName("sev", incidentOf({})), "sev-inc-12-litellm");
  });
});
