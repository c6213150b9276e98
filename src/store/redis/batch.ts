import { AppError } from "../../core/errors.ts";

/** One item on its way: what a script gets for it, and who waits for the answer. */
type Waiting<Item, Answer> = {
  item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
};

/** The most of one batch, so that no script keeps Redis from others for long. An item above `bytes` goes alone. */
export type BatchLimits<Item> = { items: number; bytes: number; bytesOf(item: Item): number };

/**
 * Items asked for in one turn of the event loop leave together, at its end or when `whenOver` calls back, and are answered together: a
 * script costs Redis and the client more than what it does for one item. `send` answers in the order of its items, an error where one of them has
 * failed; when it fails itself, it fails for all of them.
 */
export function batched<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>,
  limits: BatchLimits<Item>,
  whenOver: (flush: () => void) => void = setImmediate,
): (item: Item) => Promise<Answer> {
  let open: Waiting<Item, Answer>[] = [];
  let bytes = 0;
  const flush = () => {
    const batch = open;
    open = [];
    bytes = 0;
    if (batch.length > 0) settle(batch, send(batch.map(({ item }) => item)));
  };
  return (item) =>
    new Promise((resolve, reject) => {
      const size = limits.bytesOf(item);
      if (bytes + size > limits.bytes) flush();
      // A flush that finds its batch gone sends what has come since: early, never late.
      if (open.length === 0) whenOver(flush);
      open.push({ item, resolve, reject });
      bytes += size;
      if (open.length >= limits.items) flush();
    });
}

function settle<Item, Answer>(
  batch: readonly Waiting<Item, Answer>[],
  sent: Promise<readonly (Answer | Error)[]>,
): void {
  sent.then(
    (answers) => {
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new AppError("internal", "the store answered fewer items than it was given"));
        else if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    },
    (error: unknown) => {
      for (const { reject } of batch) reject(error);
    },
  );
}
