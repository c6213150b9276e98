import { createConsoleChat, createSlack, createUserGroups, type Slack } from "../chat/index.ts";
import type { Chat } from "../core/chat.ts";
import type { Config } from "../core/config.ts";
import type { Desk } from "../core/desk.ts";
import type { Log } from "../core/log.ts";

/** Members of a Slack user group; without Slack every group is unreadable, so nobody of it may approve. */
export function slackGroups(config: Config, log: Log): (id: string) => Promise<ReadonlySet<string>> {
  const { slack } = config.environment;
  if (!slack) return () => Promise.reject(new Error("Slack is not configured"));
  return createUserGroups({ ...slack, log, now: Date.now });
}

/** A warning where escalation calls people through Slack and Slack is not set up: nobody would hear it. */
export function unheardCalls({
  environment,
  escalation,
}: Pick<Config, "environment" | "escalation">): readonly string[] {
  const called = new Set(escalation.flatMap(({ notify }) => notify).filter((one) => one.startsWith("slack:")));
  if (environment.slack !== undefined || called.size === 0) return [];
  const names = [...called].join(", ");
  return [`escalation calls ${names}, but SLACK_BOT_TOKEN is not set: such calls are only printed on the console`];
}

/** Slack when its token is set, else the console: the same life of an incident, as lines. */
export function openChat(
  config: Config,
  desk: Desk,
  about: { log: Log; groups(id: string): Promise<ReadonlySet<string>>; write(line: string): void; colour: boolean },
): { chat: Chat; slack?: Slack } {
  const { slack } = config.environment;
  if (!slack) return { chat: createConsoleChat({ write: about.write, colour: about.colour }) };
  const opened = createSlack({
    ...slack,
    desk,
    slack: config.slack,
    approvals: config.approvals,
    escalation: config.escalation,
    resolveUserGroup: about.groups,
    log: about.log,
    now: Date.now,
  });
  return { chat: opened.chat, slack: opened };
}
