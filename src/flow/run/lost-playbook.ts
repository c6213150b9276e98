import { parseDuration } from "../../core/duration.ts";
import { AppError } from "../../core/errors.ts";
import { isPlainObject } from "../../core/json.ts";
import { ON_FAILURE, type Playbook } from "../../core/playbook/playbook.ts";
import type { Run } from "../../core/run/run.ts";
import { constantStep } from "../../core/run/undo-move.ts";
import type { Store } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import { readYaml } from "../../core/yaml/read-yaml.ts";

/** Faults that are named; a whole file of them would hide what the run ends with. */
const NAMED = 5;
/** Nothing goes back and nothing follows: people decide. */
const SAFE: Playbook["onFailure"] = ["escalate"];

/**
 * Stands in for a playbook that cannot be read: its one step fails with the reason, and nothing more is changed. What the run has changed
 * goes back where the text says so, and its cooldown begins.
 */
export async function lostPlaybook(store: Pick<Store, "get">, run: Run, error: AppError): Promise<Playbook> {
  const why = whyLost(error);
  const terms = await storedTerms(store, run);
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
    limits: { budget: [], ...terms?.limits },
    steps: [{ ...constantStep("playbook", "", {}), with: unknown }],
    onFailure: terms?.onFailure ?? SAFE,
    on: "manual",
    file: "",
    text: "",
    digest: "",
  };
}

/** The file may be another one by now, or gone; what is missing is in `stanch.yaml`, or in this version. */
function whyLost({ message, faults }: AppError): string {
  if (faults.length === 0) return message;
  const named = faults.slice(0, NAMED).map(({ path = "it", message: fault }) => `${path}: ${fault}`);
  const rest = faults.length > NAMED ? `; and ${faults.length - NAMED} more` : "";
  return `as this run began it, it cannot be read with the present stanch.yaml and version: ${named.join("; ")}${rest}`;
}

/** What a text says that names nothing else. */
type StoredTerms = Pick<Playbook, "onFailure"> & { limits: { cooldown?: Milliseconds } };

/**
 * The terms of the text that a run began with, whatever else of it can be read; undefined where the text is gone.
 * @throws AppError "unavailable" when the store cannot be reached.
 */
export async function storedTerms(store: Pick<Store, "get">, { created }: Run): Promise<StoredTerms | undefined> {
  if (created.lease !== undefined) return undefined;
  const doc = await store.get<{ text: string }>("playbook", created.playbookDigest);
  if (!doc) return undefined;
  const read = readYaml(doc.body.text, "");
  if (!read.ok || !isPlainObject(read.file.value)) return { onFailure: SAFE, limits: {} };
  const { "on-failure": given, limits } = read.file.value;
  const onFailure = Array.isArray(given) ? ON_FAILURE.filter((one) => given.includes(one)) : ON_FAILURE;
  return { onFailure, limits: cooldownOf(limits) };
}

function cooldownOf(limits: unknown): StoredTerms["limits"] {
  const text = isPlainObject(limits) ? limits["cooldown"] : undefined;
  if (typeof text !== "string") return {};
  try {
    return { cooldown: parseDuration(text) };
  } catch (error) {
    if (error instanceof AppError) return {};
    throw error;
  }
}
