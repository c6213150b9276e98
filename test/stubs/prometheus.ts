import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

/** One series of an answer; the value as Prometheus writes it (`"0.5"`, `"NaN"`, `"+Inf"`). */
export type StubSeries = { labels?: Readonly<Record<string, string>>; value: string };
export type StubResult = readonly StubSeries[] | { scalar: string } | { matrix: true } | { error: string };

export type PrometheusStub = StubServer & {
  /** What a query answers; a query that was not set answers an empty vector. */
  results: Map<string, StubResult>;
};

/** Prometheus's `/api/v1/query`, by GET and POST. */
export async function startPrometheusStub(port = 0): Promise<PrometheusStub> {
  const results = new Map<string, StubResult>();
  const stub = await startStub({ handle: (request) => query(results, request), report: () => ({}) }, port);
  return Object.assign(stub, { results });
}

function query(results: ReadonlyMap<string, StubResult>, { method, url, headers, body }: StubRequest): StubReply {
  if (url.pathname !== "/api/v1/query") return { status: 404, body: "404 page not found" };
  if (method !== "GET" && method !== "POST") return { status: 405, body: "" };
  if (method === "POST" && headers["content-type"] !== "application/x-www-form-urlencoded") return bad("no form");
  const text = (method === "GET" ? url.searchParams : new URLSearchParams(body)).get("query");
  if (text === null || text === "")
    return bad('invalid parameter "query": unknown position: parse error: no expression found in input');
  return answer(results.get(text) ?? []);
}

function answer(result: StubResult): StubReply {
  const now = Date.now() / 1000;
  if ("error" in result) return bad(result.error);
  if ("scalar" in result) return success("scalar", [now, result.scalar]);
  if ("matrix" in result) return success("matrix", []);
  return success(
    "vector",
    result.map(({ labels = {}, value }) => ({ metric: labels, value: [now, value] })),
  );
}

function success(resultType: string, result: unknown): StubReply {
  return { status: 200, body: { status: "success", data: { resultType, result } } };
}

function bad(error: string): StubReply {
  return { status: 400, body: { status: "error", errorType: "bad_data", error } };
}

if (import.meta.main) await runAsProcess(startPrometheusStub);
