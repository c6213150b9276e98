/** What the flow and the adapters log through; pino fits it. Static message, variables as fields, an error under `err`. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Logs nothing: for tests, `plan` and `stanch test`. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
