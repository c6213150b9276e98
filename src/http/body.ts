import type { IncomingMessage } from "node:http";
import { AppError } from "../core/errors.ts";
import type { Milliseconds } from "../core/time.ts";

/** How much of a body that is too large is read and dropped, so that the sender gets to read the answer. */
const DRAIN_FACTOR = 4;
const DRAIN_TIME: Milliseconds = 2000;

/** Thrown when the client went away before its body was complete; nobody is there to answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * The raw body, collected by hand. @throws AppError `too_large` above `limit` bytes, `invalid_request` for a compressed one;
 * ClientGone when the connection broke.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    const message = `bodies compressed with ${encoding.slice(0, 20)} are not read; send them plain`;
    return Promise.reject(new AppError("invalid_request", message));
  }
  return Number(request.headers["content-length"] ?? 0) > limit ? refuse(request, limit) : collect(request, limit);
}

async function refuse(request: IncomingMessage, limit: number): Promise<never> {
  await drain(request, limit * DRAIN_FACTOR);
  throw new AppError("too_large", `the body is larger than ${limit} bytes; send smaller groups, or raise max-body`);
}

/** Refused as soon as more than `limit` bytes came. */
function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const gone = () => {
      // Every request closes; an error with its stack is made only for one whose body is not complete.
      if (!request.readableEnded) reject(new ClientGone());
    };
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else resolve(refuse(request, limit));
    });
    request.on("end", () => resolve(joined(chunks)));
    request.on("error", gone);
    request.on("close", gone);
  });
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

/** Reads on and forgets, until the end, `most` bytes or a short time have passed. */
function drain(request: IncomingMessage, most: number): Promise<void> {
  return new Promise((resolve) => {
    let size = 0;
    const timer = setTimeout(resolve, DRAIN_TIME);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.removeAllListeners("data");
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) done();
    });
    request.once("end", done);
    request.once("close", done);
    if (request.readableEnded || request.destroyed) done();
  });
}
