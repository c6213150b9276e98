import type { Block } from "./blocks.ts";
import { cut, type Mrkdwn } from "./text.ts";

/**
 * What chat.postMessage and chat.update take. `text` is what a phone shows as the notification; `alone` stands for it where Slack takes none of
 * the blocks.
 */
export type Message = { text: string; blocks: readonly Block[]; attachments?: readonly Attachment[]; alone?: string };

/** Blocks beside a bar of this colour. */
export type Attachment = { color: string; fallback: string; blocks: readonly Block[] };

const MAX_TEXT = 3000;

/** A message with its notification text cut to 3,000 characters. */
export function messageOf(text: Mrkdwn, blocks: readonly Block[], attachments?: readonly Attachment[]): Message {
  return { text: cut(text, MAX_TEXT).mrkdwn, blocks, ...(attachments && { attachments }) };
}
