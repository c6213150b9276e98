import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { type SlackDouble, type SlackMessage, startSlack } from "./slack.ts";
import { entryOf, NOON } from "./slack-desk.ts";
import { createPublisher, type Publisher } from "./slack-publisher.ts";

/** One incident in Slack and the worker that publishes it; `fresh` goes on to another one. */
export type Stage = {
  slack: SlackDouble;
  worker: Publisher;
  id: string;
  /** The id of #platform-alerts. */
  alerts: string;
  fresh(): void;
  /** Entries `entry 0 of inc-1.` and so on. */
  timeline(length: number): TimelineEntry[];
  /** Messages of this incident in the channel itself. */
  mine(channel?: string): Promise<SlackMessage[]>;
  /** Its one message. */
  root(channel?: string): Promise<SlackMessage>;
  /** The numbers of the entries as they stand in the thread. */
  told(channel?: string): Promise<number[]>;
  /** Deletes its messages, so that a test of many incidents does not read those of all before it again and again. */
  clear(channel?: string): Promise<void>;
};

/** Numbers 0 to `length` - 1. */
export const upTo = (length: number): number[] => Array.from({ length }, (_, seq) => seq);

/** Slack for the whole file, an incident for each test; afterwards every message must have been one that Slack takes. */
export function useStage(): Stage {
  let ids = 0;
  const stage = {
    fresh() {
      stage.slack.fault = () => undefined;
      stage.worker = createPublisher(stage.slack);
      stage.id = `inc-${++ids}`;
    },
    timeline: (length) => upTo(length).map((seq) => entryOf(`entry ${seq} of ${stage.id}.`, { at: NOON + seq * 1000 })),
    async mine(channel = stage.alerts) {
      const all = await stage.slack.history(channel);
      return all.filter((message) => message.metadata?.event_payload["incidentId"] === stage.id);
    },
    async clear(channel = stage.alerts) {
      const all = await stage.mine(channel);
      await Promise.all(all.map(({ ts }) => stage.slack.forward("chat.delete", { channel, ts })));
    },
    async root(channel = stage.alerts) {
      const roots = (await stage.mine(channel)).filter(({ metadata }) => metadata?.event_type === "stanch_incident");
      assert.equal(roots.length, 1, "one incident message");
      return roots[0] as SlackMessage;
    },
    async told(channel = stage.alerts) {
      const thread = await stage.slack.thread(channel, (await stage.root(channel)).ts);
      return thread.flatMap(({ text }) =>
        [...text.matchAll(/entry (\d+) of inc-\d+\./g)].map(([, seq]) => Number(seq)),
      );
    },
  } as Stage;
  before(async () => {
    stage.slack = await startSlack();
    stage.alerts = stage.slack.channelId("platform-alerts");
  });
  beforeEach(() => stage.fresh());
  afterEach(() => {
    stage.slack.fault = () => undefined;
    assert.deepEqual(stage.slack.faults, [], "Slack would have refused a message");
  });
  after(() => stage.slack.stop());
  return stage;
}
