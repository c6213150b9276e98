import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fill } from "../../scripts/lib/monitoring.ts";
import { findProgram, REDIS, remedy } from "../../scripts/lib/packages.ts";
import { freePort, startProcess, waitFor } from "../../scripts/lib/processes.ts";

describe("fill", () => {
  it("puts values in and refuses a name without one", () => {
    assert.equal(fill("a __B__ __C_D__", { B: "1", C_D: "2" }), "a 1 2");
    assert.throws(() => fill("__MISSING__", {}), /__MISSING__/);
  });
});

describe("programs", () => {
  it("are found by any of their names, or answered with a remedy", () => {
    assert.match(findProgram(REDIS) ?? "", /\/(redis|valkey)-server$/);
    assert.equal(findProgram({ names: ["no-such-program"], package: "none" }), undefined);
    assert.match(remedy([REDIS]), /apt-get install -y redis-server/);
  });
});

describe("processes", () => {
  it("are stopped, and stopping again does nothing", async () => {
    const process = await startProcess("sleep", ["sleep", "60"]);
    assert.equal(process.ended(), undefined);
    await process.stop();
    assert.equal(process.ended(), "SIGTERM");
    await process.stop();
  });

  it("cannot be started when the program does not exist", async () => {
    await assert.rejects(startProcess("nothing", ["/no/such/program"]), /starting nothing/);
  });

  it("that end while they are needed end the waiting, with their last words", async () => {
    const process = await startProcess("shell", ["sh", "-c", "echo farewell; exit 3"]);
    const waiting = waitFor("never", () => false, { within: 10_000, every: 10, needs: [process] });
    await assert.rejects(waiting, /shell has ended\n.*farewell/s);
  });
});

describe("waitFor", () => {
  it("takes a throw for not yet and gives up in time with the last reason", async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks < 3) throw new Error("not yet");
      return looks;
    };
    assert.equal(await waitFor("three", look, { within: 1_000, every: 1 }), 3);
    const failing = waitFor("never", () => Promise.reject(new Error("because")), { within: 20, every: 5 });
    await assert.rejects(failing, (error: Error) => (error.cause as Error).message === "because");
  });

  it("finds a port that can be listened on", async () => {
    assert.ok((await freePort()) > 0);
  });
});
