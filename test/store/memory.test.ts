import { createMemoryStore } from "../../src/store/memory/index.ts";
import { conformance } from "./conformance.ts";

conformance("the memory twin", async () => {
  let now = Date.now();
  return {
    ...createMemoryStore({ now: () => now }),
    async advance(ms) {
      now += ms;
    },
  };
});
