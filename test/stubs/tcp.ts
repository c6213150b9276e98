import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** A listener that is no proper server: never answers, answers nonsense, or hangs up. For protocols other than HTTP. */
export async function startTcpStub(
  kind: "hang" | "garbage" | "drop",
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    if (kind === "drop") socket.destroy();
    else if (kind === "garbage") socket.on("data", () => socket.write("?what is this?\r\n\r\n"));
    else socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, close };
}
