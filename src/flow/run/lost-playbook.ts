import type { AppError } from "../../core/errors.ts";
import { isPlainObject } from "../../core/json.ts";
import { ON_FAILURE, type Playbook } from "../../core/playbook/playbook.ts";
import type { Run } from "../../core/run/run.ts";
import { constantStep } from "../../core/run/undo-move.ts";
import type { Store } from "../../core/store.ts";
import { readYaml } from "../../core/yaml/read-yaml.ts";

/** Faults that are named; a whole file of them would hide what the run ends with. */
const NAMED = 5;

/**
 * Stands in for a playbook that cannot be read: its one step fails with the reason, and nothing more is changed. What the run has changed
 * goes back where the text says so: its `on-failure` needs no names.
 */
export async function lostPlaybook(store: Pick<Store, "get">, run: Run, error: AppError): Promise<Playbook> {
  const why = whyLost(error);
  const unknown = { text: "", reads: [], render: () => ({ known: false, why }) as const };
  return {
    name: run.created.playbook,
    description: why,
    match: [],
    severity: [],
    priority: 0,
    vars: {},
    target: unknown,
    alsoTargets: [],
    autonomy: {},
    limits: { budget: [] },
    steps: [{ ...constantStep("playbook", "", {}), with: unknown }],
    onFailure: await onFailureOf(store, run),
    on: "manual",
    file: "",
    text: "",
    digest: "",
  };
}

/** The file may be another one by now, or gone; what is missing is in `stanch.yaml`. */
function whyLost({ message, faults }: AppError): string {
  if (faults.length === 0) return message;
  const named = faults.slice(0, NAMED).map(({ path = "it", message: fault }) => `${path}: ${fault}`);
  const rest = faults.length > NAMED ? `; and ${faults.length - NAMED} more` : "";
  return `as this run began it, it cannot be read with the present stanch.yaml: ${named.join("; ")}${rest}`;
}

async function onFailureOf(store: Pick<Store, "get">, { created }: Run): Promise<Playbook["onFailure"]> {
  const doc =
    created.lease === undefined ? await store.get<{ text: string }>("playbook", created.playbookDigest) : undefined;
  const read = doc && readYaml(doc.body.text, "");
  if (!read?.ok || !isPlainObject(read.file.value)) return ["escalate"];
  const { "on-failure": given } = read.file.value;
  return Array.isArray(given) ? ON_FAILURE.filter((one) => given.includes(one)) : ON_FAILURE;
}
