import { createConsoleChat, loadSlack, type Slack } from "../chat/index.ts";
import type { Chat } from "../core/chat.ts";
import type { Config } from "../core/config.ts";
import type { Desk } from "../core/desk.ts";
import type { Log } from "../core/log.ts";

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

type About = { log: Log; write(line: string): void; colour: boolean };

/** Where incidents are shown: `groups` gives the members of a Slack user group, `open` makes the chat over the desk. */
export type Surface = {
  groups(id: string): Promise<ReadonlySet<string>>;
  open(desk: Desk): { chat: Chat; slack?: Slack };
};

/** Slack when its token is set, else the console: the same life of an incident, as lines. */
export async function prepareChat(config: Config, { log, write, colour }: About): Promise<Surface> {
  const { slack } = config.environment;
  if (!slack) return { groups: unreadable, open: () => ({ chat: createConsoleChat({ write, colour }) }) };
  const { createSlack, createUserGroups } = await loadSlack();
  const common = { ...slack, log, now: Date.now };
  const groups = createUserGroups(common);
  return {
    groups,
    open(desk) {
      const { approvals, escalation } = config;
      const opened = createSlack({
        ...common,
        desk,
        slack: config.slack,
        approvals,
        escalation,
        resolveUserGroup: groups,
      });
      return { chat: opened.chat, slack: opened };
    },
  };
}

/** Nobody of a group may approve where there is no Slack to ask for its members. */
async function unreadable(): Promise<never> {
  throw new Error("Slack is not configured");
}
