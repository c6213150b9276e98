import { join, resolve } from "node:path";

/** The version that runs on the etcd of Debian 12. */
export const APISERVER_VERSION = "1.32.13";

/** Where the built kube-apiserver is kept; `KUBE_APISERVER` names another one. */
export const APISERVER_BINARY =
  process.env["KUBE_APISERVER"] ??
  join(
    resolve(import.meta.dirname, "../.."),
    "node_modules/.cache/kube-apiserver",
    APISERVER_VERSION,
    "kube-apiserver",
  );
