type Json = Readonly<Record<string, unknown>>;

/**
 * What Slack would refuse or misread in a message or view (docs.slack.dev, Block Kit reference): sizes, required parts, unique
 * ids, and text that is not escaped. Returns one sentence per fault. Knows exactly the blocks that stanch sends.
 */
export function slackFaults(content: Json): string[] {
  const faults: string[] = [];
  const say = (where: string, what: string) => faults.push(`${where}: ${what}`);
  const lists = [
    list(content["blocks"]),
    ...list(content["attachments"]).map((attachment) => list(object(attachment)["blocks"])),
  ];
  const isView = content["type"] === "modal" || content["type"] === "home";
  const blocks = lists.flat();
  if (blocks.length > (isView ? 100 : 50)) say("blocks", `${blocks.length} of them`);
  if (JSON.stringify(lists).length > 13_000) say("blocks", `${JSON.stringify(lists).length} characters`);
  if (!isView) checkText(say, "text", String(content["text"] ?? ""), 4000);
  if (!isView && content["text"] === undefined) say("text", "is missing, so notifications are empty");
  if (isView) checkView(say, content);
  for (const [index, block] of blocks.entries()) checkBlock(say, `blocks[${index}]`, object(block));
  const ids = blocks.flatMap((block) => list(object(block)["elements"]).map((element) => object(element)["action_id"]));
  for (const block of blocks) checkUnique(say, object(block));
  if (ids.some((id) => typeof id === "string" && !/^stanch:/.test(id))) say("action_id", "is not of ours");
  return faults;
}

type Say = (where: string, what: string) => void;

function checkView(say: Say, view: Json): void {
  if (view["type"] === "modal") {
    for (const part of ["title", "submit", "close"])
      if (view[part] !== undefined) checkPlain(say, part, view[part], 24);
    if (view["title"] === undefined) say("title", "is missing");
    if (list(view["blocks"]).some((block) => object(block)["type"] === "input") && view["submit"] === undefined)
      say("submit", "is missing");
  }
  if (String(view["private_metadata"] ?? "").length > 3000) say("private_metadata", "too long");
  if (String(view["callback_id"] ?? "").length > 255) say("callback_id", "too long");
}

function checkBlock(say: Say, at: string, block: Json): void {
  const check = BLOCKS[String(block["type"])];
  if (check) check(say, at, block);
  else say(at, `unknown type ${String(block["type"])}`);
}

const BLOCKS: Readonly<Record<string, (say: Say, at: string, block: Json) => void>> = {
  header: (say, at, block) => checkPlain(say, at, block["text"], 150),
  section(say, at, block) {
    if (block["text"] === undefined && block["fields"] === undefined) say(at, "has neither text nor fields");
    if (block["text"] !== undefined) checkMrkdwn(say, at, block["text"], 3000);
    if (block["fields"] !== undefined) checkCount(say, at, block["fields"], 10);
    for (const field of list(block["fields"])) checkMrkdwn(say, at, field, 2000);
  },
  context(say, at, block) {
    checkCount(say, at, block["elements"], 10);
    for (const element of list(block["elements"])) checkMrkdwn(say, at, element, 2000);
  },
  actions(say, at, block) {
    checkCount(say, at, block["elements"], 25);
    for (const element of list(block["elements"])) checkButton(say, at, object(element));
  },
  input: (say, at, block) => checkPlain(say, at, block["label"], 2000),
  divider() {},
};

function checkCount(say: Say, at: string, value: unknown, max: number): void {
  const { length } = list(value);
  if (length === 0 || length > max) say(at, `1 to ${max} of them, not ${length}`);
}

function checkButton(say: Say, at: string, button: Json): void {
  if (button["type"] !== "button") say(at, `is a ${String(button["type"])}`);
  checkPlain(say, at, button["text"], 75);
  const [action, value] = [String(button["action_id"] ?? ""), String(button["value"] ?? "")];
  if (action === "" || action.length > 255) say(at, "action_id of 1 to 255");
  if (value === "" || value.length > 2000) say(at, "value of 1 to 2000");
  if (button["style"] !== undefined && !["primary", "danger"].includes(String(button["style"]))) say(at, "style");
  if (button["confirm"] === undefined) return;
  const confirm = object(button["confirm"]);
  checkPlain(say, at, confirm["title"], 100);
  checkPlain(say, at, confirm["text"], 300);
  checkPlain(say, at, confirm["confirm"], 30);
  checkPlain(say, at, confirm["deny"], 30);
}

function checkUnique(say: Say, block: Json): void {
  const ids = list(block["elements"])
    .map((element) => object(element)["action_id"])
    .filter((id) => id !== undefined);
  if (new Set(ids).size !== ids.length) say("actions", `action_id twice in a row: ${ids.join(", ")}`);
}

function checkPlain(say: Say, at: string, value: unknown, max: number): void {
  const { type, text } = object(value) as { type?: unknown; text?: unknown };
  if (type !== "plain_text" || typeof text !== "string") say(at, "is no plain_text");
  const shown = String(text);
  if (shown.length === 0 || shown.length > max) say(at, `plain text of ${shown.length}, at most ${max}`);
  checkCharacters(say, at, shown);
}

function checkMrkdwn(say: Say, at: string, value: unknown, max: number): void {
  const { type, text, verbatim } = object(value) as { type?: unknown; text?: unknown; verbatim?: unknown };
  if (type !== "mrkdwn" || typeof text !== "string") say(at, "is no mrkdwn");
  if (verbatim !== true) say(at, "is not verbatim: bare links and names would be turned into links");
  if (text === "") say(at, "is empty");
  checkText(say, at, String(text), max);
}

const TOKEN =
  /<(?:@[UW][A-Z0-9]{6,30}|!subteam\^S[A-Z0-9]{6,30}|!date\^\d+\^[^<>|]+\|[^<>|]+|https?:[^<>|\s]+\|[^<>|]+)>/g;

/** Only our own tokens may stand in angle brackets, and each `&` must be one of Slack's three escapes. */
function checkText(say: Say, at: string, text: string, max: number): void {
  if (text.length > max) say(at, `${text.length} characters, at most ${max}`);
  const rest = text.replace(TOKEN, "");
  if (/[<>]/.test(rest)) say(at, `unescaped: ${rest.slice(Math.max(0, rest.search(/[<>]/) - 20)).slice(0, 60)}`);
  if (/&(?!(?:amp|lt|gt);)/.test(rest)) say(at, "a bare &");
  checkCharacters(say, at, text);
}

function checkCharacters(say: Say, at: string, text: string): void {
  if (/(?!\n)\p{Cc}|[\u202A-\u202E\u200B\u2066\u2067]/u.test(text)) say(at, "control or bidi character");
  if (/\p{Cs}/u.test(text)) say(at, "half a character");
  if ((text.match(/\u2068/g) ?? []).length !== (text.match(/\u2069/g) ?? []).length)
    say(at, "an isolate that is not closed");
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
