import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { findProgram, remedy } from "../../../scripts/lib/packages.ts";
import { k8sRolloutRestart as restart } from "../../../src/actions/kubernetes/rollout-restart.ts";
import type { Json } from "./cluster.ts";
import { ROUTER, readDeployment, renewDeployment } from "./objects.ts";
import { finish, newContext, type Worldly } from "./world.ts";

const OPENSSL = { names: ["openssl"], package: "openssl" } as const;

/** Ways to log in other than by a token in the kubeconfig, as clouds, pods and administrators do. */
export const LOGINS = ["plugin", "file", "certificate"] as const;

/** Makes a client certificate with every right, which is its own authority. @throws Error that says how to get openssl. */
export function makeClientCertificate(directory: string): { cert: string; key: string } {
  const openssl = findProgram({ ...OPENSSL });
  if (openssl === undefined) throw new Error(remedy([{ ...OPENSSL }]));
  const [cert, key] = [join(directory, "client.crt"), join(directory, "client.key")];
  const subject = ["-subj", "/O=system:masters/CN=certified", "-addext", "extendedKeyUsage=clientAuth"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  execFileSync(openssl, ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  return { cert, key };
}

/** A kubeconfig's user for each way; the two former have this token. */
export function loginUsers(token: string, certificate: { cert: string; key: string }): { name: string; user: Json }[] {
  const directory = mkdtempSync(join(tmpdir(), "stanch-login-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const tokenFile = join(directory, "token");
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const apiVersion = "client.authentication.k8s.io/v1";
  const code = `process.stdout.write(JSON.stringify({ apiVersion: "${apiVersion}", kind: "ExecCredential", status: { token: require("node:fs").readFileSync("${tokenFile}", "utf8") } }))`;
  const data = (path: string) => readFileSync(path).toString("base64");
  const users: Readonly<Record<(typeof LOGINS)[number], Json>> = {
    plugin: { exec: { apiVersion, command: process.execPath, args: ["-e", code], interactiveMode: "Never" } },
    file: { "auth-provider": { name: "tokenFile", config: { tokenFile } } },
    certificate: { "client-certificate-data": data(certificate.cert), "client-key-data": data(certificate.key) },
  };
  return LOGINS.map((name) => ({ name, user: users[name] }));
}

/** Each way may read and write. */
export function loginTests(world: Worldly): void {
  beforeEach(() => renewDeployment(world().admin, ROUTER));
  for (const connection of LOGINS) {
    test(`by ${connection}`, async () => {
      const ctx = newContext(world());
      await finish(world(), restart, { connection, name: ROUTER }, ctx);
      const { metadata } = await readDeployment(world().admin, ROUTER);
      assert.equal(metadata.annotations?.["stanch.dev/step"], ctx.stepKey);
    });
  }
}
