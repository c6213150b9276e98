import { type Button, LIMITS, plainText } from "./blocks.ts";

/**
 * Every button carries the command that typing it after `/stanch` would be, so that a click and a command take one way.
 * Its `action_id` is `stanch:VERB`, with the id of what it is about when several of a kind can stand in one row.
 */
export const ACTION = /^stanch:/;

type ButtonSpec = { text: string; command: string; id?: string; style?: "primary" | "danger"; confirm?: string };

/** A button; undefined when its command is too long to be carried, which no id of ours is. */
export function button({ text, command, id, style, confirm }: ButtonSpec): Button | undefined {
  const verb = command.split(" ", 1)[0] ?? "";
  if (command.length > LIMITS.value) return undefined;
  return {
    type: "button",
    text: plainText(text, LIMITS.button),
    action_id: `stanch:${verb}${id === undefined ? "" : `:${id}`}`.slice(0, LIMITS.actionId),
    value: command,
    ...(style && { style }),
    ...(confirm !== undefined && { confirm: confirmation(text, confirm) }),
  };
}

function confirmation(title: string, text: string): NonNullable<Button["confirm"]> {
  return {
    title: plainText(title, 100),
    text: plainText(text, 300),
    confirm: plainText(title, 30),
    deny: plainText("Not now", 30),
  };
}
