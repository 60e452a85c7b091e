/**
 * Who may speak to the lab's API server: an administrator, and every ServiceAccount of the shipped RBAC with a token of its
 * own, so that tests run under exactly the permissions that users get.
 */
import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import type { Manifest } from "./manifests.ts";

export interface Identity {
  /** `admin`, or the name of the ServiceAccount. */
  readonly name: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly token: string;
}

export const ADMIN = "admin";

const newToken = (): string => randomBytes(24).toString("hex");

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens */
const serviceAccountIdentity = (name: string, namespace: string): Identity => ({
  name,
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  token: newToken(),
});

export const createIdentities = (manifests: readonly Manifest[]): ReadonlyMap<string, Identity> => {
  const accounts = manifests
    .filter(({ kind }) => kind === "ServiceAccount")
    .map(({ metadata }) => serviceAccountIdentity(metadata.name, metadata.namespace ?? "default"));
  const admin = { name: ADMIN, user: ADMIN, groups: ["system:masters"], token: newToken() };
  return new Map([admin, ...accounts].map((identity) => [identity.name, identity]));
};

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
export const tokenFile = (identities: Iterable<Identity>): string =>
  [...identities].map(({ token, user, groups }) => `${token},${user},${user},"${groups.join(",")}"\n`).join("");

export const kubeconfigFor = (identity: Pick<Identity, "name" | "token">, server: string, caPem: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "lab",
        cluster: { server, "certificate-authority-data": Buffer.from(caPem).toString("base64") },
      },
    ],
    users: [{ name: identity.name, user: { token: identity.token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: identity.name } }],
    "current-context": "lab",
  });
