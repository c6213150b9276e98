import type { Socket } from "node:net";

const HEAD_ENDS = Buffer.from("\r\n\r\n");

/** Tells the status of each HTTP answer on a connection that has one request under way at a time. */
export function onAnswer(socket: Socket, act: (status: number) => void): void {
  let pending: Buffer | undefined;
  socket.on("data", (chunk: Buffer) => {
    pending = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    const headEnd = pending.indexOf(HEAD_ENDS);
    if (headEnd < 0) return;
    const head = pending.toString("latin1", 0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (pending.length < headEnd + HEAD_ENDS.length + length) return;
    pending = undefined;
    act(Number(head.slice(9, 12)));
  });
}
