import { createHash } from "node:crypto";
import type { Connections } from "../connection.ts";
import { AppError, type Fault, formatFault } from "../errors.ts";
import { NOT_IMPLEMENTED } from "../not-implemented.ts";
import type { Voters } from "../voters.ts";
import { childNode, type Node, type NotYet, rootNode, type Sink, slip } from "../yaml/node.ts";
import { readYaml } from "../yaml/read-yaml.ts";
import { pathText } from "../yaml/schema-faults.ts";
import type { ActionCatalog, PlaybookEnvironment } from "./catalog.ts";
import type { Finding } from "./installation.ts";
import type { Playbook } from "./playbook.ts";
import { readPlaybook } from "./read-playbook.ts";

/** What a playbook is read against; only the actions and the names of the facts are needed. */
export type ParseOptions = {
  actions: ActionCatalog;
  facts: readonly string[];
  /** `vars` of `stanch.yaml`. */
  vars?: Readonly<Record<string, unknown>>;
  /** Names of the approval groups; without them they are not checked. */
  groups?: readonly string[];
  /** Who may approve; without it that is not checked. */
  voters?: Voters;
  /** Connections of `stanch.yaml`; without them it is not looked for what playbooks lack of them. */
  connections?: Connections;
  /** It is the text of a run under way: what could be started stays readable, however strictly files are read by now. */
  stored?: boolean;
  /** What is refused as not implemented yet. */
  notYet?: NotYet;
};

/**
 * Compiles the text of a playbook: shape, names, expressions, inputs that are written out.
 * @throws AppError `invalid_playbook` with every fault at once, each with file, line, column and path.
 */
export function parsePlaybook(text: string, file: string, options: ParseOptions): Playbook {
  const read = readYaml(text, file);
  if (!read.ok) throw refused(file, read.faults);
  const notYet = options.notYet ?? NOT_IMPLEMENTED;
  const findings: Finding[] = [];
  const slips: Fault[] = [];
  const sink: Sink = { file: read.file, name: file, faults: [], notYet, findings, ...(!options.stored && { slips }) };
  noteReferences(rootNode(sink));
  const playbook = readPlaybook(rootNode(sink), environmentOf(options));
  const faults = [...sink.faults, ...slips];
  if (playbook === undefined || faults.length > 0) throw refused(file, faults);
  const digest = createHash("sha256").update(text).digest("hex");
  return { ...playbook, ...(findings.length > 0 && { findings }), file, text, digest };
}

const REFERENCE = /\$\{(?:env|file):[^}]*\}/;
/** What a step writes into the configuration of another program, which may have such references of its own, as the OpenTelemetry Collector does. */
const WRITTEN = /\.with(?:\.changes\[\d+\])?\.(?:value|expected)$/;

/** A playbook is a text that everybody may read: a reference to a secret in it would be sent as it stands. */
function noteReferences(node: Node): void {
  const { value } = node;
  if (WRITTEN.test(pathText(node.path))) return;
  if (typeof value === "string") {
    const [found] = REFERENCE.exec(value) ?? [];
    if (found !== undefined) slip(node, `${found} is filled in in stanch.yaml only: in a connection, or under vars`);
  } else if (typeof value === "object" && value !== null) {
    const isList = Array.isArray(value);
    for (const [key, inner] of Object.entries(value))
      noteReferences(childNode(node, isList ? Number(key) : key, inner));
  }
}

function environmentOf({ actions, facts, vars, groups, voters, connections }: ParseOptions): PlaybookEnvironment {
  return {
    actions,
    facts,
    vars: vars ?? {},
    ...(groups && { groups }),
    ...(voters && { voters }),
    ...(connections && { connections }),
  };
}

function refused(file: string, found: readonly Fault[]): AppError {
  const faults = found.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const lines = faults.map(formatFault).join("\n");
  return new AppError("invalid_playbook", `the playbook ${file} has faults:\n${lines}`, { faults });
}
