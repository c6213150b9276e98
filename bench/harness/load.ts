import { connect } from "node:net";
import { onAnswer } from "./answers.ts";
import { stamp, template } from "./payload.ts";

/** One slice of load: `new` makes every alert of every request a new one, `repeat` sends the same body again and again. */
export type LoadOrder = {
  port: number;
  path: string;
  alerts: number;
  mode: "new" | "repeat";
  connections: number;
  seconds: number;
  /** First serial number; slices must not share any. */
  serial: number;
};

export type LoadResult = { requests: number; seconds: number; failures: number };

/*
 * A process of its own, so that making load does not take from the server's time: raw sockets, requests rendered beforehand,
 * one request at a time per connection, as Alertmanager's HTTP client does.
 */
process.on("message", (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});

async function run(order: LoadOrder): Promise<LoadResult> {
  const nextRequest = requests(order);
  const deadline = performance.now() + order.seconds * 1_000;
  const started = performance.now();
  const counts = await Promise.all(
    Array.from({ length: order.connections }, () => drive(order.port, nextRequest, deadline)),
  );
  const seconds = (performance.now() - started) / 1_000;
  const sum = (of: (count: Count) => number): number => counts.reduce((total, count) => total + of(count), 0);
  return { requests: sum(({ requests }) => requests), failures: sum(({ failures }) => failures), seconds };
}

function requests({ path, alerts, mode, serial }: LoadOrder): () => Buffer {
  const made = template(alerts);
  const head = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Alertmanager/0.25.0\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${made.body.length}\r\n\r\n`,
  );
  let next = serial;
  const render = (): Buffer => {
    const body = Buffer.from(made.body);
    stamp(made, body, next);
    next += alerts;
    return Buffer.concat([head, body]);
  };
  if (mode === "new") return render;
  const same = render();
  return () => same;
}

type Count = { requests: number; failures: number };

/** Sends one request after the other until the deadline; answers after it are not counted. */
function drive(port: number, nextRequest: () => Buffer, deadline: number): Promise<Count> {
  return new Promise((resolve, reject) => {
    const count: Count = { requests: 0, failures: 0 };
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const send = (): void => void socket.write(nextRequest());
    socket.once("connect", send);
    socket.once("error", reject);
    onAnswer(socket, (status) => {
      if (performance.now() > deadline) {
        socket.destroy();
        return resolve(count);
      }
      count.requests++;
      if (status < 200 || status > 299) count.failures++;
      send();
    });
  });
}
