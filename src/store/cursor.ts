import { AppError } from "../core/errors.ts";

/** Where a page of a sorted index ended. */
export type Cursor = { score: number; member: string };

/** Opaque to clients: the place survives insertions and removals on earlier pages. */
export function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.score, cursor.member])).toString("base64url");
}

/** @throws AppError `invalid_request` when the text is not one of ours. */
export function readCursor(text: string): Cursor {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (Array.isArray(parts) && typeof parts[0] === "number" && typeof parts[1] === "string")
      return { score: parts[0], member: parts[1] };
  } catch (cause) {
    throw notACursor(cause);
  }
  throw notACursor();
}

function notACursor(cause?: unknown): AppError {
  const message = "reading the next page: the cursor is not one that this API returned; start without it";
  return new AppError("invalid_request", message, { cause });
}
