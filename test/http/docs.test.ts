import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import { STATUS } from "../../src/http/errors.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createHttp } from "../../src/http/server.ts";
import { httpOptions } from "./support.ts";

const text = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");

/** What Express answers, as `GET /api/v1/runs`. Slack's path comes with its receiver. */
function served(): string[] {
  const { app } = createHttp(httpOptions());
  const routes = app.router.stack.flatMap(({ route }) => (route === undefined ? [] : [route]));
  const methods = (stack: readonly { method: string }[]) => stack.map(({ method }) => method.toUpperCase());
  return [
    ...routes.flatMap((route) => methods(route.stack).map((method) => `${method} ${route.path}`)),
    "POST /slack/events",
  ];
}

describe("docs/api.md", () => {
  it("has a section for every route, and none for what is not there", () => {
    const documented = [...text.matchAll(/^### ((?:GET|POST|PUT|DELETE) \S+)$/gm)].map(([, route]) => route);
    assert.deepEqual(documented.toSorted(), served().toSorted());
  });

  it("gives examples that are JSON", () => {
    const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => json);
    assert.ok(examples.length > 10);
    for (const example of examples) assert.doesNotThrow(() => JSON.parse(example), example);
  });

  it("lists the statuses that errors have", () => {
    const listed = Object.fromEntries(
      [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]),
    );
    // A fault of stanch.yaml stops the start; no call can meet it.
    const { invalid_config: _, ...statuses } = STATUS;
    assert.deepEqual(listed, statuses);
  });

  it("lists the metrics that are exposed", async () => {
    const listed = [...text.matchAll(/^\| `(stanch_\w+)` \|/gm)].map(([, name]) => name);
    const { body } = await createMetrics({ log: silentLog }).expose();
    const exposed = [...body.matchAll(/^# TYPE (stanch_\w+) /gm)].map(([, name]) => name);
    assert.deepEqual(listed.toSorted(), exposed.toSorted());
  });
});
