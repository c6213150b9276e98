import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { waitFor } from "../../../scripts/lib/processes.ts";
import type { Admin, Cluster, Json } from "./cluster.ts";
import { loginUsers } from "./logins.ts";
import { NAMESPACE } from "./objects.ts";

const DEPLOY = join(resolve(import.meta.dirname, "../../.."), "deploy");
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const OURS = "stanch";

/** One right of the table in deploy/README.md: `deployments: get, patch, with resourceNames`. */
export type Grant = { resource: string; verbs: readonly string[]; named: boolean };

/** Objects that roles with `resourceNames` name. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  deployments: ["litellm-router", "vllm-engine"],
  "deployments/scale": ["litellm-router"],
  configmaps: ["litellm-config", "gateway-settings"],
};
const GROUPS: Readonly<Record<string, string>> = {
  deployments: "apps",
  "deployments/scale": "apps",
  horizontalpodautoscalers: "autoscaling",
  configmaps: "",
  pods: "",
  "pods/log": "",
};

/** The Kubernetes rights that deploy/README.md documents, by each action and kind of settings that it names. */
export function documentedRights(): ReadonlyMap<string, readonly Grant[]> {
  const rows = readFileSync(join(DEPLOY, "README.md"), "utf8").matchAll(/^\| (`k8s\..*?) +\| (.*?) +\| /gm);
  const rights = [...rows].flatMap(([, actions = "", granted = ""]) =>
    [...actions.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => [name, grantsOf(granted)] as const),
  );
  return new Map(rights);
}

function grantsOf(text: string): readonly Grant[] {
  return text.split("; ").map((one) => {
    const [, resource = "", verbs = "", named] = /^([a-z/]+): ([a-z, ]+?)(, with `resourceNames`)?$/.exec(one) ?? [];
    if (!(resource in GROUPS)) throw new Error(`deploy/README.md documents a right that cannot be read: ${one}`);
    return { resource, verbs: verbs.split(", "), named: named !== undefined };
  });
}

/** The same without one verb on one resource. */
export function without(grants: readonly Grant[], resource: string, verb: string): readonly Grant[] {
  return grants.map((grant) =>
    grant.resource === resource ? { ...grant, verbs: grant.verbs.filter((one) => one !== verb) } : grant,
  );
}

/** Makes namespaces and, for each name, a service account with exactly these rights; writes a kubeconfig with a context for each. */
export async function grantRights(
  { admin, server, cert, client }: Cluster,
  rights: ReadonlyMap<string, readonly Grant[]>,
  file: string,
): Promise<void> {
  for (const name of [OURS, NAMESPACE, "billing"])
    await admin("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const users: { name: string; user: Json }[] = [{ name: "nobody", user: { token: "a-token-that-nobody-gave" } }];
  for (const [name, grants] of rights) {
    await makeRole(admin, name, grants);
    users.push({ name, user: { token: await makeAccount(admin, name) } });
  }
  await applyShipped(admin);
  const token = await makeAccount(admin, "stanch-worker");
  users.push({ name: "worker", user: { token } }, ...loginUsers(token, client));
  const clusters = [{ name: "real", cluster: { server, "certificate-authority-data": cert.toString("base64") } }];
  const contexts = users.map(({ name }) => ({ name, context: { cluster: "real", user: name } }));
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Config", clusters, users, contexts }));
  await waitFor("the roles to be in force", () => isAllowed(admin, "stanch-worker"), { within: 10_000 });
}

/** deploy/kubernetes/target-rbac.yaml as it is shipped. */
async function applyShipped(admin: Admin): Promise<void> {
  const text = readFileSync(join(DEPLOY, "kubernetes/target-rbac.yaml"), "utf8");
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as Json & { kind: string; metadata: { namespace: string } };
    await admin("POST", `${RBAC}/namespaces/${object.metadata.namespace}/${object.kind.toLowerCase()}s`, object);
  }
}

async function makeRole(admin: Admin, name: string, grants: readonly Grant[]): Promise<void> {
  const rules = grants
    .filter(({ verbs }) => verbs.length > 0)
    .map(({ resource, verbs, named }) => ({
      apiGroups: [GROUPS[resource]],
      resources: [resource],
      verbs,
      ...(named && { resourceNames: NAMES[resource] }),
    }));
  const base = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name } };
  await admin("POST", `${RBAC}/namespaces/${NAMESPACE}/roles`, { ...base, kind: "Role", rules });
  await admin("POST", `${RBAC}/namespaces/${NAMESPACE}/rolebindings`, {
    ...base,
    kind: "RoleBinding",
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace: OURS }],
  });
}

/** Makes a service account of ours and returns a token for it. */
async function makeAccount(admin: Admin, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${OURS}/serviceaccounts`;
  await admin("POST", path, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  const wanted = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3_600 } };
  const { status } = await admin<{ status: { token: string } }>("POST", `${path}/${name}/token`, wanted);
  return status.token;
}

/** The roles are seen in the order in which they were made, so that the last one tells for all. */
async function isAllowed(admin: Admin, account: string): Promise<boolean> {
  const resourceAttributes = {
    namespace: NAMESPACE,
    verb: "patch",
    group: "apps",
    resource: "deployments",
    name: "litellm-router",
  };
  const { status } = await admin<{ status: { allowed: boolean } }>(
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: `system:serviceaccount:${OURS}:${account}`, resourceAttributes },
    },
  );
  return status.allowed;
}
