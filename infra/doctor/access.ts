/**
 * The only two ways in which the doctor calls a cluster: GET, and the creation of an access review, which stores nothing. Whoever may not
 * ask on behalf of an account (cluster administrators may) is tried as that account, which administrators of a namespace may.
 */
import { text } from "node:stream/consumers";
import { AuthorizationV1Api, KubeConfig, type V1ResourceAttributes } from "@kubernetes/client-node";
import { connectCluster, StatusError } from "../../events/source/cluster.ts";
import type { Account, Permission } from "./snapshot.ts";

/** The server's answer to a GET. `at`: the server's clock, in milliseconds, to the second. */
export type Answer =
  | { readonly ok: true; readonly body: unknown; readonly at: number }
  | { readonly ok: false; readonly status: number; readonly message: string };

export interface Access {
  readonly server: string;
  /** @throws when no answer comes. */
  readonly get: (path: string) => Promise<Answer>;
  /** Whether the account may; text: why that cannot be asked. @throws as `get` does. */
  readonly may: (account: Account, permission: Permission, namespace: string | undefined) => Promise<boolean | string>;
}

const DEADLINE_MS = 15_000;
const FORBIDDEN = 403;

const userOf = ({ namespace, name }: Account): string => `system:serviceaccount:${namespace}:${name}`;

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ */
const groupsOf = ({ namespace }: Account): string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
  "system:authenticated",
];

const attributesOf = ({ verb, group, resource }: Permission, namespace: string | undefined): V1ResourceAttributes => {
  const [plural = "", subresource] = resource.split("/");
  return {
    verb,
    group,
    resource: plural,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
  };
};

/** The same caller as before, who acts as somebody else. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
const impersonating = (kubeConfig: KubeConfig, impersonateUser: string): KubeConfig => {
  const other = new KubeConfig();
  const [cluster, user] = [kubeConfig.getCurrentCluster(), kubeConfig.getCurrentUser()];
  other.loadFromOptions({
    clusters: [cluster],
    users: [{ ...user, impersonateUser }],
    contexts: [{ name: "doctor", cluster: cluster?.name, user: user?.name }],
    currentContext: "doctor",
  });
  return other;
};

const statusOf = (problem: unknown): number =>
  typeof problem === "object" && problem !== null && "code" in problem ? Number(problem.code) : 0;

/** Undefined: the caller is not allowed to ask in this way. */
const unlessForbidden = async (asking: Promise<{ status?: { allowed: boolean } }>): Promise<boolean | undefined> => {
  try {
    return (await asking).status?.allowed ?? false;
  } catch (problem) {
    if (statusOf(problem) === FORBIDDEN) return undefined;
    throw problem;
  }
};

const createMay = (kubeConfig: KubeConfig): Access["may"] => {
  const reviews = kubeConfig.makeApiClient(AuthorizationV1Api);
  return async (account, permission, namespace) => {
    const user = userOf(account);
    const resourceAttributes = attributesOf(permission, namespace);
    const onBehalf = await unlessForbidden(
      reviews.createSubjectAccessReview({ body: { spec: { user, groups: groupsOf(account), resourceAttributes } } }),
    );
    if (onBehalf !== undefined) return onBehalf;
    const own = impersonating(kubeConfig, user).makeApiClient(AuthorizationV1Api);
    const asAccount = await unlessForbidden(
      own.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }),
    );
    return asAccount ?? "the caller may neither create SubjectAccessReviews nor impersonate the account";
  };
};

/** @throws an `Error` when the kubeconfig names no cluster. */
export const connect = (kubeConfig: KubeConfig): Access => {
  const cluster = connectCluster(kubeConfig);
  return {
    server: cluster.server,
    get: async (path) => {
      try {
        const response = await cluster.open(path, AbortSignal.timeout(DEADLINE_MS));
        const at = Date.parse(response.headers.date ?? "");
        return { ok: true, body: JSON.parse(await text(response)) as unknown, at };
      } catch (problem) {
        if (problem instanceof StatusError) return { ok: false, status: problem.status, message: problem.message };
        throw problem;
      }
    },
    may: createMay(kubeConfig),
  };
};
