/**
 * Keys of the playbook format (`GRAMMAR.KEY`), values of them (`GRAMMAR.KEY: VALUE`) and actions (`action NAME`) whose behaviour
 * does not exist yet: loading fails with "not implemented yet" (section 14.10). They are read and checked already, so that taking
 * a line out makes one work.
 */
export const NOT_IMPLEMENTED: ReadonlySet<string> = new Set([
  "lease.then: playbook:",
  "step.bounded-by",
  "approval.valid-for",
  "action human.task",
]);
