import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { has, ROOT, text, yaml } from "./files.ts";

type Service = {
  image: string;
  build?: { context: string; target: string };
  command?: string[];
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  healthcheck?: { test: string[] };
  volumes?: string[];
  ports?: string[];
  secrets?: string[];
  environment?: Record<string, string>;
  stop_grace_period?: string;
  depends_on?: Record<string, unknown>;
};
type Compose = {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, Record<string, string>>;
};

const compose = yaml<Compose>("docker-compose.yml");
const services = Object.entries(compose.services);

describe("docker-compose.yml", () => {
  it("has Redis, stanch web and worker, Prometheus, Alertmanager and the demo gateway", () => {
    assert.deepEqual(Object.keys(compose.services).sort(), [
      "alertmanager",
      "gateway",
      "prometheus",
      "redis",
      "web",
      "worker",
    ]);
    assert.deepEqual(compose.services["web"]?.command, ["serve", "--role", "web"]);
    assert.deepEqual(compose.services["worker"]?.command, ["serve", "--role", "worker"]);
  });

  it("gives stanch the time that its orderly shutdown may take", () => {
    for (const name of ["web", "worker"]) assert.equal(compose.services[name]?.stop_grace_period, "30s");
  });

  it("runs Redis with an AOF that is on disk before the answer, and without eviction", () => {
    const command = (compose.services["redis"]?.command ?? []).join(" ");
    assert.match(command, /--appendonly yes --appendfsync always/);
    assert.equal(yaml<{ durability: string }>("deploy/compose/stanch.yaml").durability, "aof-always");
    assert.match(command, /--maxmemory-policy noeviction/);
  });

  for (const [name, service] of services) {
    describe(name, () => {
      it("runs as a user that is not root, on a read-only root, without capabilities", () => {
        assert.match(service.user ?? "", /^[1-9]\d*:[1-9]\d*$/);
        assert.equal(service.read_only, true);
        assert.deepEqual(service.cap_drop, ["ALL"]);
      });

      it("pins its image, or is built here", () => {
        if (service.build !== undefined)
          assert.match(text("Dockerfile"), new RegExp(` AS ${service.build.target}$`, "m"));
        else assert.match(service.image, /:v?\d+\.\d+\.\d+(-[a-z]+)?$/);
      });

      it("has a health check", () => {
        const own = service.healthcheck?.test[0] === "CMD";
        const built = service.build !== undefined && stage(service.build.target).includes("HEALTHCHECK ");
        assert.ok(own || built);
      });

      it("mounts files that exist, read only, and volumes that are declared", () => {
        for (const volume of service.volumes ?? []) {
          const [source = "", , mode] = volume.split(":");
          if (!source.startsWith("./")) assert.ok(source in compose.volumes, `volume ${source}`);
          else assert.ok(has(source) && mode === "ro", volume);
        }
      });

      it("publishes ports on the loopback interface only", () => {
        for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
      });

      it("takes secrets from files: Compose creates no others in a service with a read-only root", () => {
        for (const secret of service.secrets ?? [])
          assert.deepEqual(Object.keys(compose.secrets[secret] ?? {}), ["file"]);
      });
    });
  }
});

describe("the commands of README.md before docker compose up", () => {
  it("make every secret, different, readable for the containers' users, and kept out of git", () => {
    const [, script = ""] = /```sh\n([^`]*)docker compose up --build\n/.exec(text("README.md")) ?? [];
    const cwd = mkdtempSync(join(tmpdir(), "stanch-secrets-"));
    spawnSync("sh", ["-c", `umask 077\n${script}`], { cwd });
    const files = Object.values(compose.secrets).map(({ file = "" }) => file);
    const made = files.map((file) => ({
      said: readFileSync(join(cwd, file), "utf8"),
      mode: statSync(join(cwd, file)).mode,
    }));
    rmSync(cwd, { recursive: true });
    assert.equal(new Set(made.map(({ said }) => said)).size, files.length);
    for (const { said, mode } of made) {
      assert.match(said, /^[A-Za-z0-9+/]{32}\n$/);
      assert.equal(mode & 0o444, 0o444);
    }
    for (const file of files) assert.match(file, /^\.\/\.secrets\//);
    assert.match(text(".gitignore"), /^\.secrets\/$/m);
  });
});

describe("Dockerfile", () => {
  const lines = text("Dockerfile").split("\n");

  it("uses the Node that package-lock.json pins, in every stage", () => {
    const lock = JSON.parse(text("package-lock.json")) as { packages: Record<string, { version: string }> };
    const version = lock.packages["node_modules/node"]?.version;
    const images = lines.filter((line) => line.startsWith("FROM ")).map((line) => line.split(" ")[1]);
    assert.ok(images.length >= 2);
    for (const image of images) assert.equal(image, `node:${version}-bookworm-slim`);
    assert.equal(text(".nvmrc").trim(), version?.split(".")[0]);
  });

  it("ends with the service, which does not run as root", () => {
    assert.match(lines.filter((line) => line.startsWith("FROM ")).at(-1) ?? "", / AS stanch$/);
    assert.match(stage("stanch"), /^USER 1000:1000$/m);
  });

  it("fills the compile cache as the user and with the flags of the service, by a start that ends at once", () => {
    const [, before, flags, said = ""] =
      /^(USER 1000:1000\n[\s\S]*?)^RUN node (.*) src\/main\.ts serve 2>&1 \| grep "(.+)"$/m.exec(stage("stanch")) ?? [];
    assert.ok(before);
    assert.match(stage("stanch"), new RegExp(`^ENTRYPOINT \\["node", "${flags}", "src/main\\.ts"\\]$`, "m"));
    const cwd = mkdtempSync(join(tmpdir(), "stanch-image-"));
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), "serve"], { cwd, env: {} });
    rmSync(cwd, { recursive: true });
    assert.equal(status, 1);
    assert.ok(stderr.toString().includes(said), stderr.toString());
  });

  it("fills it, too, with each library that waits for a configuration", () => {
    const [, flags, listed = ""] =
      /^RUN NODE_COMPILE_CACHE=node_modules\/\.cache\/stanch node (.*) -e '\[([\s\S]*?)\]/m.exec(stage("stanch")) ?? [];
    assert.match(stage("stanch"), new RegExp(`^ENTRYPOINT \\["node", "${flags}", "src/main\\.ts"\\]$`, "m"));
    const [slack = "", ...libraries] = [...listed.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? "");
    assert.ok(has(slack), slack);
    assert.deepEqual(libraries, librariesOnDemand());
  });

  it("copies only what exists and what .dockerignore lets through", () => {
    const ignore = text(".dockerignore");
    for (const line of lines.filter((candidate) => candidate.startsWith("COPY ") && !candidate.includes("--from"))) {
      for (const source of line.split(" ").slice(1, -1)) {
        assert.ok(has(source), source);
        assert.match(ignore, new RegExp(`^!${source.replace("./", "")}$`, "m"));
      }
    }
  });

  it("starts a file that exists", () => {
    for (const [, file = ""] of text("Dockerfile").matchAll(/"((?:src|demo)\/[^"]+\.ts)"/g)) assert.ok(has(file), file);
  });
});

/** The packages that some file of `src` imports only when it needs them. */
function librariesOnDemand(): readonly string[] {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const imports = sources.flatMap((file) => [
    ...text(join("src", file)).matchAll(
      /(?<!typeof )(?:import|createRequire\(import\.meta\.url\))\("(@?[\w-][^"]*)"\)/g,
    ),
  ]);
  return [...new Set(imports.map(([, name]) => name ?? ""))].sort();
}

function stage(name: string): string {
  return (
    text("Dockerfile")
      .split(/^(?=FROM )/m)
      .find((part) => part.split("\n")[0]?.endsWith(` AS ${name}`)) ?? ""
  );
}
