/** Names of environment variables, as Kubernetes and ECS both take them. */
export const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

const SECRET_NAME = /pass(word|wd)?|secret|token|api[-_]?key|credential|private[-_]?key|dsn/i;

/** Whether a variable of this name may hold a secret: its former value would end up on the journal. */
export function looksSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}
