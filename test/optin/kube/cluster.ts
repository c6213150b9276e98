import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { APISERVER_BINARY } from "../../../scripts/lib/kube-apiserver.ts";
import { findProgram, remedy } from "../../../scripts/lib/packages.ts";
import { freePort, type Running, startProcess, waitFor } from "../../../scripts/lib/processes.ts";
import { makeClientCertificate } from "./logins.ts";

export type Json = Record<string, unknown>;

/** A call with every right; PATCH sends a merge patch. @throws Error with the API server's words for any refusal. */
export type Admin = <T = Json>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: object,
) => Promise<T>;

/** A real kube-apiserver on a real etcd, with RBAC on. There are no controllers, no kubelets and no nodes. */
export type Cluster = {
  server: string;
  /** Certificate and key of the API server itself, which it made for 127.0.0.1. */
  cert: Buffer;
  key: Buffer;
  /** Files of a client certificate that it trusts, with every right. */
  client: { cert: string; key: string };
  admin: Admin;
  /** A merge patch with every right that is stored when this returns: for what must happen between two steps of an action. */
  patchNow(path: string, patch: object): void;
  stop(): Promise<void>;
};

/** Of a user with every right. */
export const ADMIN_TOKEN = "admin-of-the-test-cluster";
const ETCD = { names: ["etcd"], package: "etcd-server" } as const;

/** Starts both on free ports of 127.0.0.1. @throws Error that says how to get what is missing. */
export async function startCluster(): Promise<Cluster> {
  const etcd = findProgram({ ...ETCD });
  if (etcd === undefined) throw new Error(remedy([{ ...ETCD }]));
  if (!existsSync(APISERVER_BINARY))
    throw new Error("there is no kube-apiserver; build it with: node scripts/build-kube-apiserver.ts");
  const directory = mkdtempSync(join(tmpdir(), "stanch-cluster-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const client = makeClientCertificate(directory);
  const [clients, peers, secure] = [await freePort(), await freePort(), await freePort()];
  const store = await startProcess("etcd", [etcd, ...etcdFlags(directory, clients, peers)]);
  const flags = [...apiFlags(directory, clients, secure), `--client-ca-file=${client.cert}`];
  const api = await startProcess("kube-apiserver", [APISERVER_BINARY, ...flags]);
  const running = [api, store];
  process.on("exit", () => {
    for (const { pid, ended } of running) if (ended() === undefined) process.kill(pid, "SIGKILL");
  });
  const stop = async () => {
    for (const one of running) await one.stop("SIGKILL");
  };
  try {
    return { ...(await ready(directory, `https://127.0.0.1:${secure}`, running)), client, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdFlags(directory: string, client: number, peer: number): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    `--data-dir=${join(directory, "etcd")}`,
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  ];
}

function apiFlags(directory: string, etcd: number, port: number): readonly string[] {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(directory, "service-accounts.pem");
  writeFileSync(key, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  const tokens = join(directory, "tokens.csv");
  writeFileSync(tokens, `${ADMIN_TOKEN},admin,1,"system:masters"\n`, { mode: 0o600 });
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${directory}`,
    "--authorization-mode=RBAC",
    `--token-auth-file=${tokens}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--endpoint-reconciler-type=none",
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

async function ready(
  directory: string,
  server: string,
  needs: readonly Running[],
): Promise<Omit<Cluster, "client" | "stop">> {
  const file = (name: string) => readFileSync(join(directory, name));
  const cert = await waitFor("the API server's certificate", () => file("apiserver.crt"), { within: 60_000, needs });
  const admin = adminOf(server, cert);
  await waitFor("the API server", () => admin("GET", "/readyz").then(() => true), {
    within: 120_000,
    every: 250,
    needs,
  });
  return {
    server,
    cert,
    key: file("apiserver.key"),
    admin,
    patchNow: patcherOf(server, join(directory, "apiserver.crt")),
  };
}

function patcherOf(server: string, ca: string): Cluster["patchNow"] {
  const code =
    "const { url, ...init } = JSON.parse(process.argv[1]); const { ok } = await fetch(url, init); process.exit(ok ? 0 : 1)";
  const env = { NODE_EXTRA_CA_CERTS: ca };
  return (path, patch) => {
    const call = { url: `${server}${path}`, method: "PATCH", headers: headersOf("PATCH"), body: JSON.stringify(patch) };
    execFileSync(process.execPath, ["--input-type=module", "-e", code, JSON.stringify(call)], { env });
  };
}

function headersOf(method: string) {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  return { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": type };
}

function adminOf(server: string, ca: Buffer): Admin {
  const dispatcher = new Agent({ connect: { ca } });
  return async <T>(method: Parameters<Admin>[0], path: string, body?: object) => {
    const answer = await request(`${server}${path}`, {
      dispatcher,
      method,
      headers: headersOf(method),
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return (text.startsWith("{") ? JSON.parse(text) : {}) as T;
  };
}
