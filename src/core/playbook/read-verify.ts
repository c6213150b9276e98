import { formatDuration } from "../duration.ts";
import { fault, type MapNode, type Node, type Reader, readMap, slip } from "../yaml/node.ts";
import { duration, listOf, number } from "../yaml/readers.ts";
import { onlyReads, outputOf } from "./catalog.ts";
import { expectation, textWith } from "./expressions.ts";
import { GRAMMARS } from "./grammar.ts";
import { checkInstallation } from "./installation.ts";
import { compilerAt, type Place } from "./place.ts";
import { COUNTED_BY, type MinSamples, type Verify, type VerifyCheck } from "./playbook.ts";
import { readCall } from "./read-action-step.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A `verify` block: of a playbook at the place after all its steps, of a `for-each` after those of the round. */
export function verification(place: Place): Reader<Verify> {
  return (node) => {
    const map = readMap(node, GRAMMARS.verify);
    if (!map) return undefined;
    const checks = map.required(
      "checks",
      listOf((check) => readCheck(check, place), 1),
    );
    const every = map.withDefault("every", duration(SECOND, "1s"), 30 * SECOND);
    const hold = map.withDefault("hold", duration(), 2 * MINUTE);
    const within = map.withDefault("within", duration(SECOND, "1s"), 15 * MINUTE);
    if (within < hold) fault(node, "within must be longer than hold, or the checks can never hold long enough");
    else checkTimes(node, { every, hold, within });
    return checks && { checks, every, hold, within };
  };
}

/** The last of the measurements that prove `hold` has to come before `within` is over, and each comes a moment late. */
function checkTimes(node: Node, { every, hold, within }: Omit<Verify, "checks">): void {
  const least = Math.ceil(hold / every) * every;
  if (within > least) return;
  const [length, known] = [formatDuration(hold), formatDuration(least)];
  slip(
    node,
    `measured every ${formatDuration(every)}, a hold of ${length} is known after ${known}; within must be longer`,
  );
}

function readCheck(node: Node, place: Place): VerifyCheck | undefined {
  const map = readMap(node, GRAMMARS.check);
  if (!map) return undefined;
  const called = readCall(map, place, compilerAt(place));
  if (called && !onlyReads(called.action)) fault(node, `${called.uses} does more than read; a check only reads`);
  const expect = map.required("expect", called ? expectation(outputOf(called.action)) : expectation(undefined));
  const minSamples = map.optional("min-samples", (samples) => readMinSamples(samples, place, called?.uses));
  if (called === undefined || expect === undefined) return undefined;
  return { uses: called.uses, with: called.with, expect, ...(minSamples && { minSamples }) };
}

function readMinSamples(node: Node, place: Place, uses: string | undefined): MinSamples | undefined {
  const map = readMap(node, GRAMMARS.minSamples);
  if (!map) return undefined;
  const query = map.required("query", textWith(compilerAt(place)));
  const connection = map.optional("connection", textWith(compilerAt(place)));
  const atLeast = map.required("at-least", number(0));
  if (map.has("connection") || uses !== COUNTED_BY) checkWhereCounted(map, place);
  return query && atLeast !== undefined ? { query, ...(connection && { connection }), atLeast } : undefined;
}

/** The Prometheus that counts the samples is one of this installation. */
function checkWhereCounted(map: MapNode, { env }: Place): void {
  const action = env.actions.get(COUNTED_BY);
  const named = map.optional("connection", ({ value }) => ({ connection: value }));
  const given = { ...map.node, value: named ?? {} };
  if (action) checkInstallation(map, { uses: COUNTED_BY, action, given, at: map.node }, env);
}
