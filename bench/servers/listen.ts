import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Tells the parent the port, and its CPU time and size whenever it asks. */
export function report(port: number): void {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, rss: process.memoryUsage().rss });
  });
  process.send?.({ port });
}

export function listen(server: Server): void {
  server.listen(0, "127.0.0.1", () => report((server.address() as AddressInfo).port));
}
