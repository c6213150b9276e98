import { describe } from "node:test";
import { checks } from "./suite/checks.ts";
import { episodes } from "./suite/episodes.ts";
import { guards } from "./suite/guards.ts";
import { order } from "./suite/order.ts";
import { stream } from "./suite/stream.ts";
import type { MakeSubject } from "./suite/subject.ts";
import { writes } from "./suite/writes.ts";

/** What every store and intake must do; run on the memory twin and on a real Redis. */
export function conformance(name: string, make: MakeSubject): void {
  describe(name, () => {
    checks(make);
    writes(make);
    order(make);
    guards(make);
    episodes(make);
    stream(make);
  });
}
