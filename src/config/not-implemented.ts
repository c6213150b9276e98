/**
 * Keys of the contract whose behaviour does not exist yet: loading fails and says so (design section 14.10). A row goes when its
 * behaviour comes. `*` stands for any one name.
 */
export const NOT_IMPLEMENTED_KEYS: readonly string[] = [
  "connections.postgres",
  "connections.railway",
  "connections.pagerduty",
  "connections.langfuse",
  "connections.bedrock",
  "connections.cloudwatch-logs",
];

/** The row that covers a path, if its behaviour is still to come. */
export function notImplemented(path: readonly PropertyKey[]): string | undefined {
  return NOT_IMPLEMENTED_KEYS.find((row) => {
    const parts = row.split(".");
    return parts.length <= path.length && parts.every((part, index) => part === "*" || part === String(path[index]));
  });
}
