/**
 * Keys of the playbook format (`GRAMMAR.KEY`) whose behaviour does not exist yet: loading fails with "not implemented yet"
 * (section 14.10). A line goes when its key comes into the grammar. Those of `stanch.yaml` stand in `config/not-implemented.ts`.
 */
export const NOT_IMPLEMENTED: ReadonlySet<string> = new Set();
