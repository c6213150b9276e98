import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { beside, has, text, yaml, yamls } from "./files.ts";

type Container = {
  name: string;
  image: string;
  args?: string[];
  readinessProbe?: object;
  livenessProbe?: object;
  resources?: { limits?: { memory?: string } };
  securityContext?: { allowPrivilegeEscalation?: boolean; readOnlyRootFilesystem?: boolean; capabilities?: object };
  volumeMounts?: { name: string }[];
};
type Pod = {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  securityContext?: { runAsNonRoot?: boolean; runAsUser?: number };
  containers: Container[];
  volumes?: { name: string }[];
};
type Manifest = {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  roleRef?: { name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
  spec?: {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string> };
    template?: { metadata: { labels: Record<string, string> }; spec: Pod };
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
};
type Kustomization = { resources: string[]; configMapGenerator: { name: string; files: string[] }[] };

const INDEX = "deploy/kubernetes/kustomization.yaml";
const kustomization = yaml<Kustomization>(INDEX);
const manifests = kustomization.resources.flatMap((file) => yamls<Manifest>(beside(INDEX, file)));
const workloads = manifests.filter((manifest) => manifest.spec?.template !== undefined);

const changes = ({ verbs }: { verbs: string[] }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb));

describe("Kubernetes manifests", () => {
  it("are all listed, and every listed file exists", () => {
    for (const { files } of kustomization.configMapGenerator)
      for (const file of files) assert.ok(has(beside(INDEX, file)));
    assert.deepEqual(workloads.map((workload) => workload.metadata.name).sort(), [
      "redis",
      "stanch-web",
      "stanch-worker",
    ]);
  });

  for (const workload of workloads) {
    const template = workload.spec?.template;
    describe(workload.metadata.name, () => {
      it("selects its own pods", () => {
        for (const [label, value] of Object.entries(workload.spec?.selector?.matchLabels ?? {})) {
          assert.equal(template?.metadata.labels[label], value);
        }
      });

      it("is not root, cannot write its root and has probes and a memory limit", () => {
        assert.equal(template?.spec.securityContext?.runAsNonRoot, true);
        for (const container of template?.spec.containers ?? []) {
          assert.equal(container.securityContext?.readOnlyRootFilesystem, true);
          assert.equal(container.securityContext?.allowPrivilegeEscalation, false);
          assert.deepEqual(container.securityContext?.capabilities, { drop: ["ALL"] });
          assert.ok(container.readinessProbe && container.livenessProbe && container.resources?.limits?.memory);
        }
      });

      it("mounts volumes that it declares", () => {
        const declared = [
          ...(template?.spec.volumes ?? []).map((volume) => volume.name),
          ...(workload.spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name),
        ];
        for (const container of template?.spec.containers ?? []) {
          for (const mount of container.volumeMounts ?? []) assert.ok(declared.includes(mount.name), mount.name);
        }
      });
    });
  }

  it("let only the workers reach the Kubernetes API", () => {
    const tokens = workloads.filter((workload) => workload.spec?.template?.spec.automountServiceAccountToken !== false);
    assert.deepEqual(
      tokens.map((workload) => workload.metadata.name),
      ["stanch-worker"],
    );
  });

  it("grant get and patch on named Deployments, reading pods and their logs, and nothing else", () => {
    const rules = manifests.filter((manifest) => manifest.kind.endsWith("Role")).flatMap((role) => role.rules ?? []);
    const [changing, reading] = [rules.filter(changes), rules.filter((rule) => !changes(rule))];
    assert.deepEqual(
      reading.map(({ resources, verbs }) => [resources, verbs]),
      [
        [["pods"], ["list"]],
        [["pods/log"], ["get"]],
      ],
    );
    assert.ok(changing.length > 0);
    for (const rule of changing) {
      assert.deepEqual(rule.resources, ["deployments"]);
      assert.deepEqual(rule.verbs, ["get", "patch"]);
      assert.ok((rule.resourceNames ?? []).length > 0, "a rule without names covers every Deployment");
    }
    const binding = manifests.find((manifest) => manifest.kind === "RoleBinding");
    const account = manifests.find((manifest) => manifest.kind === "ServiceAccount");
    assert.deepEqual(
      binding?.subjects?.map((subject) => subject.name),
      [account?.metadata.name],
    );
    assert.ok(
      manifests.some((manifest) => manifest.kind === "Role" && manifest.metadata.name === binding?.roleRef?.name),
    );
  });

  it("keep secret values out of the repository", () => {
    assert.ok(!kustomization.resources.includes("secret.example.yaml"));
    const example = yaml<{ stringData: Record<string, string> }>(beside(INDEX, "secret.example.yaml"));
    for (const [name, value] of Object.entries(example.stringData)) assert.equal(value, "", name);
    for (const [, name = ""] of text(beside(INDEX, "stanch.yaml")).matchAll(/\$\{env:([A-Z_]+)\}/g)) {
      assert.ok(name in example.stringData, `${name} is in secret.example.yaml`);
    }
  });
});
