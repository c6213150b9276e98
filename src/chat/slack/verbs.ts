import type { PlaybookRow } from "../../core/desk.ts";
import { AppError } from "../../core/errors.ts";
import { nearest } from "../../core/near.ts";
import { plain } from "../words.ts";
import { actions, type Block, context, fitted, section } from "./blocks.ts";
import { button } from "./buttons.ts";
import { quoted } from "./command-line.ts";
import { completeId, incidentId } from "./complete.ts";
import { DECIDE_VERBS } from "./decide-verbs.ts";
import { SHOW_VERBS } from "./show-verbs.ts";
import { code, foreign, join, mrkdwn } from "./text.ts";
import { type Answer, decide, say, type Verb, type VerbDeps } from "./verb.ts";

const run: Verb = {
  usage: "run PLAYBOOK [incident=ID] [k=v ...]",
  does: "start a playbook by hand; shows its plan and asks first",
  async answer(deps, { who, args: [typed, ...pairs], confirmed, click }) {
    const rows = await deps.desk.playbooks();
    const candidates = rows.map(({ name, description }) => ({ id: name, label: description }));
    const playbook = completeId(typed ?? "", candidates, { noun: "playbook", those: "loaded" });
    const { incident: of, ...vars } = varsOf(pairs);
    const incident = of === undefined ? undefined : await incidentId(deps.desk, of);
    const wanted = { playbook, vars, ...(incident !== undefined && { incident }) };
    if (confirmed) return decide(deps, who, { verb: "run", ...wanted, ...(click !== undefined && { once: click }) });
    const row = rows.find(({ name }) => name === playbook);
    return confirmRun(deps, row, wanted);
  },
};

type Wanted = { playbook: string; vars: Readonly<Record<string, string>>; incident?: string };

async function confirmRun(deps: VerbDeps, row: PlaybookRow | undefined, wanted: Wanted): Promise<Answer> {
  const { playbook, vars, incident } = wanted;
  const pairs = Object.entries({ ...(incident !== undefined && { incident }), ...vars });
  const words = [playbook, ...pairs.map(([name, value]) => `${name}=${value}`)].map(quoted);
  const text = mrkdwn`Start ${playbook} by hand?`;
  const go = button({ text: "Run it", command: `run ${words.join(" ")} --confirmed`, style: "primary" });
  if (!go) throw new AppError("invalid_request", "these values are too long for Slack; start it with the CLI");
  const given = pairs.map(([name, value]) => mrkdwn`• ${code(`${name}=${value}`, 200)}`);
  return {
    text,
    blocks: fitted([
      section(mrkdwn`*${text}* ${row?.description ?? ""}`),
      given.length === 0 ? undefined : section(join([mrkdwn`*With*`, ...given])),
      ...(await previewBlocks(deps, wanted)),
      context(mrkdwn`Guards, approvals and limits hold as always.`),
      actions([go]),
    ]),
  };
}

async function previewBlocks({ desk }: VerbDeps, { playbook, vars }: Wanted): Promise<Block[]> {
  if (!desk.preview) return [];
  const { runs } = await desk.preview(playbook, vars);
  return runs.slice(0, 3).map((one) => {
    const steps = one.steps.slice(0, 15).map(({ describe, effect }, index) => {
      const kind = effect === undefined ? mrkdwn`` : mrkdwn` (${effect})`;
      return mrkdwn`${index + 1}. ${foreign(describe, 200)}${kind}`;
    });
    return section(join([mrkdwn`On ${code(one.target, 200)}, autonomy ${one.autonomy}:`, ...steps]));
  });
}

function varsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const entries = pairs.map((pair) => {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new AppError("invalid_request", `${plain(pair, 60)} is not name=value`);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

const help: Verb = {
  usage: "help",
  does: "this",
  async answer() {
    const lines = Object.values(VERBS).map((verb) => mrkdwn`${code(`/stanch ${verb.usage}`)} ${verb.does}`);
    const hint = mrkdwn`Ids may be shortened as long as one fits. Answers are for you alone; \`--here\` shows them to everyone.`;
    return { text: mrkdwn`What stanch understands`, blocks: [section(join(lines)), context(hint)] };
  },
};

const archive: Verb = {
  usage: "archive ID",
  does: "archive the own channel of an incident that is over",
  async answer(deps, { args: [typed] }) {
    const view = await deps.desk.incident(await incidentId(deps.desk, typed));
    return say(view ? await deps.archive(view.incident) : "It is gone.");
  },
};

/** Everything that can follow `/stanch`. */
export const VERBS: Readonly<Record<string, Verb>> = { ...SHOW_VERBS, run, ...DECIDE_VERBS, archive, help };

/** The verb by its name; what is none of them is answered with the nearest or with all. */
export function verbOf(name: string): Verb {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb) return verb;
  const near = nearest(name, Object.keys(VERBS));
  const guess = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `known are: ${Object.keys(VERBS).join(", ")}.`;
  return { usage: "", does: "", answer: async () => say(`There is no /stanch ${plain(name, 40)}; ${guess}`) };
}
