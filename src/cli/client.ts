import { z } from "zod";
import { AppError } from "../core/errors.ts";
import type { Io } from "./io.ts";

/** The HTTP API of a running stanch. */
export type Client = {
  /** @throws AppError with the server's code and message, or `unavailable` with what to do when none answers. */
  get(path: string): Promise<unknown>;
  text(path: string): Promise<string>;
  send(call: Call): Promise<unknown>;
};

export type Call = { method: "POST" | "DELETE"; path: string; body?: string };

const EXAMPLE_URL = "http://127.0.0.1:8080";

/** What `--url` says of itself in every command that has it. */
export const URL_HELP = "where stanch listens (default: STANCH_URL, else this machine's port PORT, else 8080)";

const TIMEOUT_MS = 30_000;

const Failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** `STANCH_URL` says where, or `PORT` as it does for `serve` on the same machine; `STANCH_API_TOKEN` says who. */
export function createClient(io: Pick<Io, "env">, url: string | undefined): Client {
  const base = baseUrl(url ?? io.env["STANCH_URL"] ?? localUrl(io.env["PORT"]));
  const token = io.env["STANCH_API_TOKEN"];
  const headers: Record<string, string> = { "x-stanch-via": "cli", "content-type": "application/json" };
  if (token !== undefined && token !== "") headers["authorization"] = `Bearer ${token}`;
  const request = async (path: string, init: RequestInit): Promise<string> => {
    const { status, text } = await reach(new URL(path, base), { ...init, headers });
    if (status < 200 || status > 299) throw failureOf(status, text);
    return text;
  };
  return {
    get: async (path) => tryJson(await request(`/api/v1${path}`, { method: "GET" })),
    text: (path) => request(`/api/v1${path}`, { method: "GET" }),
    send: async ({ method, path, body }) =>
      tryJson(await request(`/api/v1${path}`, { method, ...(body !== undefined && { body }) })),
  };
}

const localUrl = (port = "8080"): string => `http://127.0.0.1:${port}`;

function baseUrl(text: string): URL {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new AppError("invalid_request", `${text} is no http or https address; set STANCH_URL like ${EXAMPLE_URL}`);
  }
  return new URL(text);
}

async function reach(url: URL, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    throw new AppError("unavailable", `no answer from stanch at ${url.origin}: ${causeOf(cause)}`, { cause });
  }
}

const CUT = "the connection was cut; try again";

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start it with `stanch serve`, or say with STANCH_URL where it is",
  ENOTFOUND: "the host name is not known; check STANCH_URL",
  ECONNRESET: CUT,
  UND_ERR_SOCKET: CUT,
};

function causeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return `none within ${TIMEOUT_MS / 1_000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return ADVICE[code] ?? (cause instanceof Error ? cause.message : String(error));
}

/** The server's own codes, and what a proxy in front of it may answer. */
function failureOf(status: number, text: string): AppError {
  const failure = Failure.safeParse(tryJson(text));
  if (!failure.success) return new AppError("unavailable", `the server answered ${status}, and not as stanch does`);
  const { code, message } = failure.data.error;
  const hint = code === "unauthorized" ? "; set STANCH_API_TOKEN to a token of `api.tokens`" : "";
  return new AppError(Code.safeParse(code).data ?? "unavailable", `${message}${hint}`);
}

const Code = z.enum(["invalid_request", "not_found", "conflict", "forbidden", "unauthorized"]);

/** The part of an answer that is to be printed. @throws AppError when the server answered something else. */
export function readAnswer<T>(answer: unknown, schema: z.ZodType<T>): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const where = read.error.issues[0]?.path.join(".") ?? "";
  throw new AppError(
    "unavailable",
    `the server's answer cannot be read (${where}); is it the same version as this command?`,
  );
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
