import type { Grammar } from "../yaml/node.ts";

const STEP = ["id", "name", "if"];

/** Every map of the playbook format and its keys; `docs/playbook-reference.md` explains each of them. */
export const GRAMMARS = {
  playbook: grammar("playbook", [
    ...["name", "description", "runbook", "owner", "match", "severity", "priority", "vars", "target", "also-targets"],
    ...["autonomy", "approval", "limits", "steps", "verify", "on-failure", "on"],
  ]),
  autonomy: grammar("autonomy", ["P0", "P1", "P2"]),
  approval: grammar("approval", [
    ...["group", "required", "requester-may-approve", "expires", "valid-for", "on-expiry", "veto"],
  ]),
  limits: grammar("limits", ["cooldown", "budget"]),
  window: grammar("budget window", ["runs", "per"]),
  action: grammar("step", [
    ...[...STEP, "uses", "with", "bounded-by", "timeout", "retry", "continue-on-error", "lease", "approval", "group"],
  ]),
  bound: grammar("bounded-by", ["min", "max", "one-of"]),
  retry: grammar("retry", ["attempts", "delay", "backoff"]),
  lease: grammar("lease", ["for", "until", "release-when", "bake", "then"]),
  stepApproval: grammar("approval of a step", ["ask-unless", "required"]),
  switch: grammar("switch step", [...STEP, "switch", "default"]),
  case: grammar("case", ["when", "steps"]),
  parallel: grammar("parallel step", [...STEP, "parallel"]),
  forEach: grammar("for-each step", [...STEP, "for-each", "as", "steps", "wait", "verify"]),
  wait: grammar("wait step", [...STEP, "wait"]),
  verify: grammar("verify", ["checks", "every", "hold", "within"]),
  check: grammar("check", ["uses", "with", "expect", "min-samples"]),
  minSamples: grammar("min-samples", ["query", "connection", "at-least"]),
} as const;

function grammar(name: string, keys: readonly string[]): Grammar {
  return { name, keys };
}
