import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { APISERVER_BINARY, APISERVER_VERSION } from "./lib/kube-apiserver.ts";

const PACKAGE = "k8s.io/kubernetes";

type Manifest = { Go: string; Replace: readonly { Old: { Path: string }; New: { Path: string } }[] };

if (existsSync(APISERVER_BINARY)) tell(`there already: ${APISERVER_BINARY}`);
else build();

/**
 * Builds kube-apiserver for `npm run test:optin` from the Go module proxy and keeps it where the test looks for it. Takes some ten
 * minutes of two cores, once. @throws Error when Go is missing or the build fails.
 */
function build(): void {
  const folder = mkdtempSync(join(tmpdir(), "stanch-kube-apiserver-"));
  try {
    writeFileSync(join(folder, "go.mod"), moduleOf(manifestOf(folder)));
    const binary = join(folder, "kube-apiserver");
    tell(`building ${PACKAGE} v${APISERVER_VERSION}; this takes some ten minutes`);
    go(folder, "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", binary, `${PACKAGE}/cmd/kube-apiserver`);
    mkdirSync(dirname(APISERVER_BINARY), { recursive: true });
    writeFileSync(`${APISERVER_BINARY}.new`, readFileSync(binary), { mode: 0o755 });
    renameSync(`${APISERVER_BINARY}.new`, APISERVER_BINARY);
    tell(`built ${APISERVER_BINARY}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What Kubernetes' own go.mod says of the modules it replaces by folders of its repository. */
function manifestOf(folder: string): Manifest {
  const module = JSON.parse(go(folder, "mod", "download", "-json", `${PACKAGE}@v${APISERVER_VERSION}`)) as {
    GoMod: string;
  };
  return JSON.parse(go(folder, "mod", "edit", "-json", module.GoMod)) as Manifest;
}

/** A module that takes these from the proxy instead, where v1.X is published as v0.X: `go install` cannot. */
function moduleOf({ Go, Replace }: Manifest): string {
  const staging = Replace.filter(({ New }) => New.Path.startsWith("./staging/")).map(({ Old }) => Old.Path);
  const version = APISERVER_VERSION.replace(/^1\./, "0.");
  return [
    "module stanch.test/kube-apiserver",
    `go ${Go}`,
    `require ${PACKAGE} v${APISERVER_VERSION}`,
    ...staging.map((path) => `replace ${path} => ${path} v${version}`),
    "",
  ].join("\n");
}

function go(cwd: string, ...args: readonly string[]): string {
  const env = { ...process.env, CGO_ENABLED: "0" };
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const { status, stdout, error } = spawnSync("go", args, { cwd, env, stdio: [...stdio], encoding: "utf8" });
  if (error)
    throw new Error("Go cannot be started; install it from https://go.dev/dl or your distribution", { cause: error });
  if (status !== 0) throw new Error(`go ${args.slice(0, 2).join(" ")} ended with ${status}`);
  return stdout;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
