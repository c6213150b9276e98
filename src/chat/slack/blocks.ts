import { plain } from "../words.ts";
import { cut, type Mrkdwn } from "./text.ts";

/** Slack's limits (docs.slack.dev, Block Kit reference); `all` is what chat.postMessage takes of blocks before `msg_blocks_too_long`. */
export const LIMITS = {
  blocks: 50,
  viewBlocks: 100,
  section: 3000,
  field: 2000,
  fields: 10,
  context: 10,
  actions: 25,
  header: 150,
  button: 75,
  value: 2000,
  actionId: 255,
  viewTitle: 24,
  metadata: 3000,
  all: 12_000,
} as const;

type PlainText = { type: "plain_text"; text: string; emoji: boolean };
type MrkdwnText = { type: "mrkdwn"; text: string; verbatim: true };

/** The question before a button takes effect. */
export type Confirm = { title: PlainText; text: PlainText; confirm: PlainText; deny: PlainText };

/** A button as `buttons.ts` makes it. */
export type Button = {
  type: "button";
  text: PlainText;
  action_id: string;
  value: string;
  style?: "primary" | "danger";
  confirm?: Confirm;
};

/** The blocks that stanch uses. */
export type Block =
  | { type: "header"; text: PlainText }
  | { type: "section"; text: MrkdwnText }
  | { type: "section"; fields: readonly MrkdwnText[] }
  | { type: "context"; elements: readonly MrkdwnText[] }
  | { type: "actions"; elements: readonly Button[] }
  | { type: "divider" }
  | {
      type: "input";
      block_id: string;
      optional: boolean;
      label: PlainText;
      element: { type: "plain_text_input"; action_id: string; multiline: boolean; max_length: number };
    };

/** Plain text, cut to `max` (an isolation takes two characters); Slack refuses an empty one, so a dash stands for nothing. */
export function plainText(text: string, max: number): PlainText {
  return { type: "plain_text", text: plain(text, max - 2) || "–", emoji: false };
}

/** A headline of at most 150 characters. */
export function header(text: string): Block {
  return { type: "header", text: plainText(text, LIMITS.header) };
}

/** `verbatim` keeps Slack from making links and mentions of what only looks like them. */
export function section(text: Mrkdwn): Block {
  return { type: "section", text: textOf(text, LIMITS.section) };
}

/** Up to ten short texts in two columns. */
export function fields(texts: readonly Mrkdwn[]): Block {
  return { type: "section", fields: texts.slice(0, LIMITS.fields).map((text) => textOf(text, LIMITS.field)) };
}

/** Small print. */
export function context(...texts: readonly Mrkdwn[]): Block {
  return { type: "context", elements: texts.slice(0, LIMITS.context).map((text) => textOf(text, LIMITS.field)) };
}

/** A line across. */
export function divider(): Block {
  return { type: "divider" };
}

/** One row of buttons; undefined when there is none, since Slack refuses an empty row. */
export function actions(buttons: readonly (Button | undefined)[]): Block | undefined {
  const present = buttons.filter((one) => one !== undefined).slice(0, LIMITS.actions);
  return present.length === 0 ? undefined : { type: "actions", elements: present };
}

/**
 * Leaves out what is not there, and what goes over Slack's number of blocks or characters; a line says so then. The headline and
 * the first paragraph are kept in any case, then rows of buttons, then the rest from the top.
 */
export function fitted(blocks: readonly (Block | undefined)[], budget: number = LIMITS.all): Block[] {
  const present = blocks.filter((block) => block !== undefined);
  const kept = new Set<Block>();
  let left = budget - JSON.stringify(SHORTENED).length;
  for (const block of byWeight(present)) {
    const size = JSON.stringify(block).length + 1;
    if (kept.size >= LIMITS.blocks - 1 || size > left) continue;
    kept.add(block);
    left -= size;
  }
  const result = present.filter((block) => kept.has(block));
  return result.length === present.length ? result : [...result, SHORTENED];
}

/** Characters that blocks take of a message. */
export function sizeOf(blocks: readonly Block[]): number {
  return JSON.stringify(blocks).length;
}

const SHORTENED: Block = context({
  mrkdwn:
    "_… more than there is room for; on the command line `stanch show ID` and `stanch report ID` give all of it, as does the API_",
});

function byWeight(blocks: readonly Block[]): readonly Block[] {
  const first = blocks.find((block) => block.type === "section");
  const weight = (block: Block) => (block.type === "header" || block === first ? 0 : block.type === "actions" ? 1 : 2);
  return [0, 1, 2].flatMap((wanted) => blocks.filter((block) => weight(block) === wanted));
}

function textOf(text: Mrkdwn, max: number): MrkdwnText {
  return { type: "mrkdwn", text: cut(text, max).mrkdwn || "–", verbatim: true };
}
