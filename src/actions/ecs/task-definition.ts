import type { RegisterTaskDefinitionCommandInput, Tag, TaskDefinition } from "@aws-sdk/client-ecs";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection } from "../../core/connection.ts";
import { canonicalJson } from "../../core/json.ts";
import { ecsCall, notEcs } from "./client.ts";
import { droppedFields } from "./dropped-fields.ts";

/** What registering a revision takes, without its tags. */
export type Fields = Omit<RegisterTaskDefinitionCommandInput, "tags">;

/** One revision of a task definition. `dropped` are the fields that the SDK does not know: they would be lost by registering it anew. */
export type Revision = {
  arn: string;
  family: string;
  active: boolean;
  fields: Fields;
  tags: readonly Tag[];
  dropped: readonly string[];
};

type Context = Pick<ActionContext, "signal" | "fence" | "stepKey">;

/** Our marks on a revision: the step that registered it, and the number of the revision that it was made from. */
const STEP_TAG = "stanch.dev/step";
const FORMER_TAG = "stanch.dev/former";

/** Reads a revision by ARN or `family:number`, or the newest active one by its family's name. */
export async function readRevision(
  connection: Connection<"ecs">,
  name: string,
  ctx: Context,
): Promise<{ ok: true; revision: Revision } | ActionFailure> {
  const act = `reading task definition ${name.slice(name.lastIndexOf("/") + 1)}`;
  const read = await ecsCall(connection, ctx, {
    act,
    permission: "ecs:DescribeTaskDefinition",
    mutating: false,
    send: ({ client, library }, options) =>
      client.send(new library.DescribeTaskDefinitionCommand({ taskDefinition: name, include: ["TAGS"] }), options),
  });
  if (!read.ok) return read;
  const revision = revisionOf(
    read.value.taskDefinition,
    read.value.tags,
    droppedFields(read.body, read.value.taskDefinition),
  );
  return revision ? { ok: true, revision } : notEcs(act, "no");
}

/**
 * A revision of these fields: the one that `present` was made from or the family's newest if it is the same, else a new one, marked
 * with the step's key. Registering changes nothing that runs, so that a failure of it was never sent as far as the service goes.
 */
export async function revisionWith(
  connection: Connection<"ecs">,
  { act, present, fields }: { act: string; present: Revision; fields: Fields },
  ctx: Context,
): Promise<{ ok: true; arn: string } | ActionFailure> {
  for (const name of [formerName(present), present.family]) {
    const known = name === undefined ? undefined : await readRevision(connection, name, ctx);
    if (
      known?.ok &&
      known.revision.active &&
      known.revision.dropped.length === 0 &&
      isSame(known.revision.fields, fields)
    )
      return { ok: true, arn: known.revision.arn };
  }
  const registered = await ecsCall(connection, ctx, {
    act: `${act}: registering a revision`,
    permission: `ecs:RegisterTaskDefinition and ecs:TagResource on ${present.family}, and iam:PassRole on its roles`,
    mutating: true,
    send: ({ client, library }, options) =>
      client.send(
        new library.RegisterTaskDefinitionCommand({ ...fields, tags: tagsFrom(present, ctx.stepKey) }),
        options,
      ),
  });
  if (!registered.ok) return { ...registered, sent: "no" };
  const arn = registered.value.taskDefinition?.taskDefinitionArn;
  return arn === undefined ? notEcs(act, "no") : { ok: true, arn };
}

function formerName({ family, tags }: Revision): string | undefined {
  const former = tags.find(({ key }) => key === FORMER_TAG)?.value;
  return former !== undefined && /^\d+$/.test(former) ? `${family}:${former}` : undefined;
}

/** Tags of AWS itself cannot be given, and characters that a tag may not hold are replaced. */
function tagsFrom({ arn, tags }: Revision, stepKey: string): Tag[] {
  const kept = tags.filter(({ key = "" }) => !key.startsWith("aws:") && key !== STEP_TAG && key !== FORMER_TAG);
  const value = stepKey.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "_").slice(0, 256);
  return [...kept, { key: STEP_TAG, value }, { key: FORMER_TAG, value: arn.slice(arn.lastIndexOf(":") + 1) }];
}

function revisionOf(
  raw: TaskDefinition | undefined,
  tags: readonly Tag[] = [],
  dropped: readonly string[],
): Revision | undefined {
  if (!raw?.taskDefinitionArn || !raw.family || !Array.isArray(raw.containerDefinitions)) return undefined;
  const { family, containerDefinitions } = raw;
  const active = raw.status === "ACTIVE";
  return {
    arn: raw.taskDefinitionArn,
    family,
    active,
    tags,
    dropped,
    fields: { ...given(raw), family, containerDefinitions },
  };
}

/** Without what only ECS writes, which registering would refuse. */
function given({
  taskDefinitionArn: _arn,
  revision: _revision,
  status: _status,
  requiresAttributes: _attributes,
  compatibilities: _compatibilities,
  registeredAt: _registeredAt,
  deregisteredAt: _deregisteredAt,
  deleteRequestedAt: _deleteRequestedAt,
  registeredBy: _registeredBy,
  ...fields
}: TaskDefinition): Partial<Fields> {
  return fields;
}

/** Equal but for the order of variables, which ECS does not keep. */
function isSame(a: Fields, b: Fields): boolean {
  return canonicalJson(ordered(a)) === canonicalJson(ordered(b));
}

function ordered(fields: Fields): Fields {
  const containerDefinitions = fields.containerDefinitions?.map((container) => ({
    ...container,
    environment: (container.environment ?? []).toSorted((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1)),
  }));
  return { ...fields, containerDefinitions };
}
