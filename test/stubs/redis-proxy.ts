import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { type Fault, type FaultOptions, type PlannedFault, takeFault } from "./server.ts";

/** A TCP proxy before a real Redis that breaks chosen commands; a chunk of the client's bytes is matched as text. */
export type RedisProxy = {
  port: number;
  fail(fault: Fault, options?: FaultOptions): void;
  heal(): void;
  close(): Promise<void>;
};

const MEGABYTE = Buffer.alloc(1024 * 1024, "x");

export async function startRedisProxy(redisPort: number): Promise<RedisProxy> {
  const faults: PlannedFault[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(redisPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      const fault = takeFault(faults, chunk.toString("latin1"));
      if (fault) strike(fault, chunk, client, upstream);
      else upstream.write(chunk);
    });
    upstream.on("data", (chunk) => client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    fail: (fault, { on = /ping|eval|info|getrange|strlen/i, times = Number.POSITIVE_INFINITY, struck } = {}) =>
      void faults.push({ fault, on, left: times, struck }),
    heal: () => void faults.splice(0),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function strike(fault: Fault, chunk: Buffer, client: Socket, upstream: Socket): void {
  switch (fault.kind) {
    case "hang":
      return;
    case "drop":
      client.destroy();
      return;
    case "drop-after":
    case "hang-after":
      upstream.removeAllListeners("data");
      upstream.once("data", () => fault.kind === "drop-after" && client.destroy());
      upstream.write(chunk);
      return;
    case "garbage":
      client.write("?what is this?\r\n");
      return;
    case "status":
      client.write(
        fault.status === 429 ? "-TRYAGAIN slow down\r\n" : `-ERR ${JSON.stringify(fault.body ?? "failed")}\r\n`,
      );
      return;
    case "huge":
      client.write("$52428800\r\n");
      for (let sent = 0; sent < 50; sent++) client.write(MEGABYTE);
      return;
    default:
      fault satisfies never;
  }
}
