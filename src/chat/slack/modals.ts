import { isPlainObject } from "../../core/json.ts";
import { stringIn } from "./api.ts";
import { type Block, LIMITS, plainText } from "./blocks.ts";
import type { ReplyTo } from "./reply.ts";
import type { Answer } from "./verb.ts";

/** `callback_id` of the window that asks for the reason. */
export const REJECT_VIEW = "stanch:reject";

type Modal = {
  type: "modal";
  callback_id: string;
  title: ReturnType<typeof plainText>;
  close: ReturnType<typeof plainText>;
  submit?: ReturnType<typeof plainText>;
  private_metadata: string;
  blocks: readonly Block[];
};

/** Asks why; the reason goes on the timeline. */
export function rejectModal(approval: string, replyTo: ReplyTo): Modal {
  return {
    type: "modal",
    callback_id: REJECT_VIEW,
    title: plainText("Reject", LIMITS.viewTitle),
    submit: plainText("Reject", LIMITS.viewTitle),
    close: plainText("Not now", LIMITS.viewTitle),
    private_metadata: JSON.stringify({ approval, replyTo }).slice(0, LIMITS.metadata),
    blocks: [
      {
        type: "input",
        block_id: "reason",
        optional: false,
        label: plainText(`Why is ${approval} rejected?`, 150),
        element: { type: "plain_text_input", action_id: "reason", multiline: true, max_length: 500 },
      },
    ],
  };
}

/** Shows an answer in a window of its own. */
export function answerModal(title: string, answer: Answer): Modal {
  return {
    type: "modal",
    callback_id: "stanch:shown",
    title: plainText(title, LIMITS.viewTitle),
    close: plainText("Close", LIMITS.viewTitle),
    private_metadata: "",
    blocks: answer.blocks.slice(0, LIMITS.viewBlocks),
  };
}

/** What came back from `rejectModal`; undefined when it is not of ours. */
export function rejectionOf(
  view: unknown,
): { approval: string; reason: string; replyTo: Omit<ReplyTo, "user"> } | undefined {
  const kept = parsed(stringIn(view, "private_metadata") ?? "");
  const approval = stringIn(kept, "approval");
  if (approval === undefined) return undefined;
  const [responseUrl, channel] = [stringIn(kept, "replyTo", "responseUrl"), stringIn(kept, "replyTo", "channel")];
  const reason = stringIn(view, "state", "values", "reason", "reason", "value") ?? "";
  return {
    approval,
    reason,
    replyTo: { ...(responseUrl !== undefined && { responseUrl }), ...(channel !== undefined && { channel }) },
  };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
